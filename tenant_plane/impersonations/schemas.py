from typing import ClassVar
from uuid import UUID

from pydantic import BaseModel

from shared.fields import Timestamp
from shared.pages import PageQuery
from shared.tx import AuditedEvent


class ImpersonationQuery(PageQuery):
    __doc__ = PageQuery.__doc__


class ImpersonationRead(BaseModel):
    """``by``: a super-admin's e-mail address. ``ended_at`` is set when it was ended before ``ends_at``."""

    id: UUID
    by: str
    reason: str
    read_only: bool
    starts_at: Timestamp
    ends_at: Timestamp
    ended_at: Timestamp | None
    is_running: bool


class _ImpersonationEvent(AuditedEvent):
    about: ClassVar[str] = "impersonation:{0.impersonation_id}"

    impersonation_id: UUID
    by: str


class ImpersonationBegun(_ImpersonationEvent):
    kind: ClassVar[str] = "impersonation.started"

    reason: str
    read_only: bool
    ends_at: Timestamp


class ImpersonationEnded(_ImpersonationEvent):
    kind: ClassVar[str] = "impersonation.ended"
