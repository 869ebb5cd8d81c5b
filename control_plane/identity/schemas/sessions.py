"""Signing in and out, and what a session is."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from control_plane.identity.rules import Method, Role
from shared.contracts.tenants import TenantId
from shared.fields import Email, Timestamp
from shared.pages import PageQuery

Password = Annotated[SecretStr, Field(min_length=1, max_length=1024)]
Token = Annotated[SecretStr, Field(min_length=1, max_length=200)]
OneTimeCode = Annotated[SecretStr, Field(min_length=6, max_length=30)]
"""Six digits of the authenticator app, or a recovery code."""


class SignIn(BaseModel):
    """Without ``tenant_id``: the tenant used last; for a super-admin none at all.

    ``invitation`` is accepted by whoever signs in with the address that was invited, who then works in its tenant.
    """

    model_config = ConfigDict(extra="forbid")

    email: Email
    password: Password
    tenant_id: TenantId | None = None
    otp: OneTimeCode | None = None
    invitation: Token | None = None


class Refresh(BaseModel):
    """``tenant_id`` moves the session to another tenant of the same user."""

    model_config = ConfigDict(extra="forbid")

    refresh_token: Token
    tenant_id: TenantId | None = None


class SignOut(BaseModel):
    model_config = ConfigDict(extra="forbid")

    refresh_token: Token


class SignedOut(BaseModel):
    logged_out: bool


class SeatRead(BaseModel):
    tenant_id: str
    name: str
    role: Role


class ActingAs(BaseModel):
    """The session is an impersonation: a super-admin in somebody's tenant."""

    impersonation_id: UUID
    by: str
    reason: str
    read_only: bool
    ends_at: Timestamp


class Profile(BaseModel):
    """``role``, ``tenant_id`` and ``tenant_name`` are those of the session; ``tenants``: all that it could move to.

    ``method``: how the session was opened; by single sign-on it is for its tenant alone and can't change the account.
    ``must_enrol``: a super-admin who can do nothing but set up a second factor, and sign in again with it.
    """

    id: UUID
    email: str
    name: str
    role: str
    tenant_id: str | None
    tenant_name: str | None
    tenants: list[SeatRead]
    time_zone: str | None = None
    method: Method = Method.PASSWORD
    has_second_factor: bool = False
    must_enrol: bool = False
    acting_as: ActingAs | None = None


class SignedIn(BaseModel):
    """``expires_in``: seconds until ``token`` ends; ``refresh_token`` can be used once."""

    token: str
    refresh_token: str
    expires_in: int
    user: Profile


@dataclass(frozen=True, slots=True)
class Credentials:
    user_id: UUID
    email: str
    password_hash: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """``email`` as it was typed, in lower case, and the network address it came from."""

    email: str
    address: str | None


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A session as it stands after signing in or refreshing; the refresh token is known here and nowhere else."""

    id: UUID
    refresh_token: str
    user: Profile
    issued_at: datetime
    method: Method = Method.PASSWORD
    has_second_factor: bool = False


class SessionQuery(PageQuery):
    __doc__ = PageQuery.__doc__


class SessionRead(BaseModel):
    """``address``: where it was opened from. ``is_current``: the session that asks."""

    id: UUID
    tenant_id: str | None
    method: Method
    address: str | None
    has_second_factor: bool
    created_at: Timestamp
    last_used_at: Timestamp
    is_current: bool


class SessionEnd(BaseModel):
    id: UUID
    ended: bool
