"""The columns that the audit log has in either plane."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger
from sqlalchemy.orm import Mapped, mapped_column


class AuditColumns:
    __tablename__ = "audit_log"

    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    at: Mapped[datetime]
    actor_id: Mapped[str]
    actor_kind: Mapped[str]
    actor_name: Mapped[str]
    impersonated_by: Mapped[str | None]
    action: Mapped[str]
    target: Mapped[str]
    result: Mapped[str]
    details: Mapped[dict[str, Any]]
    address: Mapped[str | None]
    trace_id: Mapped[str]
    previous_hash: Mapped[bytes]
    hash: Mapped[bytes]
