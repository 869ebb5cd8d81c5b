"""A super-admin who acts inside a tenant, told to the tenant's plane before the first token is issued.

``PUT /internal/tenants/{tenant_id}/impersonations/{id}`` with the whole wanted state; safe to repeat. The plane shows
it to the tenant, writes it to the tenant's audit log, and refuses tokens of impersonations that it does not know or
that have ended.
"""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict


class Impersonation(BaseModel):
    """``by`` is the super-admin's e-mail address; ``ended_at`` is set when it was ended before ``ends_at``."""

    model_config = ConfigDict(extra="forbid")

    id: UUID
    by: str
    reason: str
    read_only: bool
    starts_at: datetime
    ends_at: datetime
    ended_at: datetime | None = None
