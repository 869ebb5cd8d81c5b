"""People of one tenant, and those who are invited to it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import MISSING, BaseModel, ConfigDict, Field, model_validator

from control_plane.identity.rules import Role
from control_plane.identity.schemas.sessions import Token
from shared.contracts.tenants import TenantId
from shared.fields import Email, Text, Timestamp
from shared.pages import PageQuery


@dataclass(frozen=True, slots=True)
class MemberRead:
    """Somebody in one tenant; ``is_active`` is about this tenant alone."""

    user_id: UUID
    email: str
    name: str
    role: Role
    is_active: bool
    has_password: bool
    created_at: datetime


class TenantNamed(BaseModel):
    """``tenant_id``: only a super-admin needs it; others speak of their own tenant."""

    model_config = ConfigDict(extra="forbid")

    tenant_id: TenantId | None = None


class PersonQuery(PageQuery):
    """``q``: a part of the name or the e-mail address."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    tenant_id: TenantId | None = None
    q: Annotated[Text, Field(max_length=200)] | None = None
    role: Role | None = None
    state: Literal["active", "deactivated"] | None = None


class PersonRead(BaseModel):
    """A member as their admin sees them. ``is_active`` and ``last_used_at`` are about this tenant alone.

    ``has_password`` is false for whoever comes by single sign-on only. ``locked_until``: too many wrong passwords.
    """

    id: UUID
    email: str
    name: str
    role: Role
    is_active: bool
    has_password: bool
    has_second_factor: bool
    locked_until: Timestamp | None
    last_used_at: Timestamp | None
    created_at: Timestamp


class PersonPatch(BaseModel):
    model_config = ConfigDict(extra="forbid")

    role: Role | MISSING = MISSING
    is_active: bool | MISSING = MISSING


class PersonRemoved(BaseModel):
    id: UUID
    removed: bool


class InvitationQuery(PageQuery):
    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    tenant_id: TenantId | None = None


class InvitationCreate(BaseModel):
    """``email`` or ``emails``, all with the same role."""

    model_config = ConfigDict(extra="forbid")

    email: Email | None = None
    emails: Annotated[list[Email], Field(min_length=1, max_length=100)] | None = None
    role: Role

    @model_validator(mode="after")
    def _one_of(self) -> Self:
        if (self.email is None) == (self.emails is None):
            raise ValueError("give either email or emails")
        return self

    @property
    def addresses(self) -> list[str]:
        """Each once."""
        return list(dict.fromkeys(self.emails or [str(self.email)]))


class InvitationRead(BaseModel):
    id: UUID
    email: str
    role: Role
    invited_by: str
    created_at: Timestamp
    expires_at: Timestamp
    is_expired: bool


class Outcome(StrEnum):
    INVITED = "invited"
    ALREADY_INVITED = "already_invited"
    ALREADY_MEMBER = "already_member"


@dataclass(frozen=True, slots=True)
class Invited:
    """``token`` is known here and in the mail, and nowhere else; None where nobody new was invited."""

    email: str
    outcome: Outcome
    tenant_name: str
    invitation: InvitationRead | None = None
    token: str | None = None


class InvitedRead(BaseModel):
    """``link`` is shown, once, only on an installation that sends no mail; hand it over yourself. One that could not be
    sent elsewhere (``is_mailed`` is false) can be sent again.
    """

    email: str
    outcome: Outcome
    invitation: InvitationRead | None
    is_mailed: bool
    link: str | None


class InvitedAll(BaseModel):
    """``is_mail_configured``: false on an installation that sends no mail at all."""

    items: list[InvitedRead]
    is_mail_configured: bool


class InvitationRevoked(BaseModel):
    id: UUID
    revoked: bool


class InvitationToken(BaseModel):
    model_config = ConfigDict(extra="forbid")

    token: Token


class InvitationPreview(BaseModel):
    """``has_account``: sign in to accept; otherwise register."""

    tenant_id: str
    tenant_name: str
    email: str
    role: Role
    invited_by: str
    expires_at: Timestamp
    has_account: bool


class InvitationAccepted(BaseModel):
    """Move there with POST /api/auth/refresh and this ``tenant_id``."""

    tenant_id: str
    tenant_name: str
    role: Role


class PermissionInWords(BaseModel):
    name: str
    words: str


class RoleRead(BaseModel):
    role: Role
    level: int
    permissions: list[PermissionInWords]


class RolesRead(BaseModel):
    """The lowest role first."""

    roles: list[RoleRead]
