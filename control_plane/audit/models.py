"""The table of the audit log; the schema itself is migrations/0002_audit.sql."""

from sqlalchemy.orm import Mapped

from control_plane.core.tables import Base
from shared.audit.table import AuditColumns


class AuditRow(AuditColumns, Base):
    """Append-only: the login role may insert and select, nothing else."""

    tenant_id: Mapped[str | None]
