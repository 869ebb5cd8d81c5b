"""Alerts: what monitoring says, one row per fingerprint, with every event that told it. Knows no sender and no
incident.
"""
