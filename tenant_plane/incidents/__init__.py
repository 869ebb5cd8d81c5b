"""Incidents: what is broken, how bad, who responds, and what happened when. Groups alerts, and says why."""
