"""Quotas: what a tenant may use, what it has used, and limits raised for a time."""
