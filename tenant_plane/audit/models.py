"""The table of the audit log; the schema itself is migrations/tenant/0002_audit.sql."""

from shared.audit.table import AuditColumns
from tenant_plane.core.base import Base


class AuditRow(AuditColumns, Base):
    """Append-only: the tenant's role may insert and select, nothing else."""
