"""Audit: who did what in the control plane; append-only and hash-chained."""
