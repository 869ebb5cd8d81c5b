from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from control_plane.identity.rules import Role
from shared.contracts.tenants import TenantId
from shared.fields import Email, ShortText
from shared.tx import Event

Password = Annotated[SecretStr, Field(min_length=1, max_length=1024)]
RefreshTokenText = Annotated[SecretStr, Field(min_length=1, max_length=200)]


class SignIn(BaseModel):
    """Without ``tenant_id``: the tenant used last; for a super-admin none at all."""

    model_config = ConfigDict(extra="forbid")

    email: Email
    password: Password
    tenant_id: TenantId | None = None


class Refresh(BaseModel):
    """``tenant_id`` moves the session to another tenant of the same user."""

    model_config = ConfigDict(extra="forbid")

    refresh_token: RefreshTokenText
    tenant_id: TenantId | None = None


class SignOut(BaseModel):
    model_config = ConfigDict(extra="forbid")

    refresh_token: RefreshTokenText


class SignedOut(BaseModel):
    logged_out: bool


class SeatRead(BaseModel):
    tenant_id: str
    name: str
    role: Role


class Profile(BaseModel):
    """``role``, ``tenant_id`` and ``tenant_name`` are those of the session; ``tenants``: all that it could move to."""

    id: UUID
    email: str
    name: str
    role: str
    tenant_id: str | None
    tenant_name: str | None
    tenants: list[SeatRead]


class SignedIn(BaseModel):
    """``expires_in``: seconds until ``token`` ends; ``refresh_token`` can be used once."""

    token: str
    refresh_token: str
    expires_in: int
    user: Profile


@dataclass(frozen=True, slots=True)
class Credentials:
    user_id: UUID
    password_hash: str


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A session as it stands after signing in or refreshing; the refresh token is known here and nowhere else."""

    id: UUID
    refresh_token: str
    user: Profile
    issued_at: datetime


class UserCreate(BaseModel):
    model_config = ConfigDict(extra="forbid")

    email: Email
    name: ShortText
    password_hash: str
    is_super_admin: bool = False


class UserRead(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: UUID
    email: str
    name: str
    is_super_admin: bool


class DemoAccount(BaseModel):
    email: str
    password: str
    tenant_id: str | None
    role: str
    label: str


class DemoAccounts(BaseModel):
    accounts: list[DemoAccount]


class UserCreated(Event):
    kind: ClassVar[str] = "user.created"

    user_id: UUID
    is_super_admin: bool


class MemberAdded(Event):
    kind: ClassVar[str] = "member.added"

    user_id: UUID
    tenant_id: str
    role: Role


class SessionStarted(Event):
    kind: ClassVar[str] = "session.started"

    session_id: UUID
    user_id: UUID
    tenant_id: str | None


class SessionRevoked(Event):
    kind: ClassVar[str] = "session.revoked"

    session_id: UUID
    user_id: UUID
    reason: str
