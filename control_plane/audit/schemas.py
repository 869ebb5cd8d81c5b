"""The columns that only this plane has."""

from shared.audit import entries
from shared.audit.entries import AuditExported
from shared.contracts.tenants import TenantId

__all__ = ["AuditExported", "ControlAuditEntry", "ControlAuditFilter", "ControlAuditQuery"]


class ControlAuditFilter(entries.AuditFilter):
    tenant_id: TenantId | None = None
    """Entries that this tenant's administrators may read; for them no others exist."""


class ControlAuditQuery(ControlAuditFilter, entries.AuditQuery):
    __doc__ = entries.AuditQuery.__doc__


class ControlAuditEntry(entries.AuditEntry):
    """``tenant_id``: whose administrators may read it; null for what only super-admins may."""

    tenant_id: str | None
