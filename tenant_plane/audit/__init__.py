"""Audit: who did what in this tenant; append-only and hash-chained."""
