"""What only super-admins handle: signing keys and impersonations."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from shared.fields import ShortText, Timestamp
from shared.pages import PageQuery


class SigningKeyRead(BaseModel):
    """``waiting``: published, signs from ``active_from`` on. ``retiring``: signs no more, its tokens count until
    ``retire_at``.
    """

    kid: str
    state: Literal["waiting", "signing", "retiring"]
    created_at: Timestamp
    active_from: Timestamp
    retire_at: Timestamp | None


class SigningKeysRead(BaseModel):
    keys: list[SigningKeyRead]


class KeyRotation(BaseModel):
    """``immediately``: all older keys end now, for one that may have leaked. Every access token stops working at once:
    people refresh theirs without noticing, but calls within the next ten seconds may be refused, and impersonations
    and exports that are under way end.
    """

    model_config = ConfigDict(extra="forbid")

    immediately: bool = False


class ImpersonationStart(BaseModel):
    """``write``: act as an admin. Otherwise: see what a viewer sees, and the audit log and the list of keys."""

    model_config = ConfigDict(extra="forbid")

    reason: ShortText
    minutes: Annotated[int, Field(ge=1, le=60)]
    write: bool = False


class ImpersonationRead(BaseModel):
    """``ended_at`` is set when it was ended before ``ends_at``. ``is_told``: the tenant's plane knows how it stands."""

    id: UUID
    tenant_id: str
    by: str
    reason: str
    read_only: bool
    starts_at: Timestamp
    ends_at: Timestamp
    ended_at: Timestamp | None
    ended_by: str | None
    is_running: bool
    is_told: bool


class ImpersonationStarted(ImpersonationRead):
    """``token`` ends with the impersonation and can't be refreshed."""

    token: str
    expires_in: int


class ImpersonationQuery(PageQuery):
    __doc__ = PageQuery.__doc__
