"""The same as in the control plane, without its column for the tenant."""

from shared.audit.entries import AuditEntry, AuditExported, AuditFilter, AuditQuery, Result

__all__ = ["AuditEntry", "AuditExported", "AuditFilter", "AuditQuery", "Result"]
