import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import MISSING, AfterValidator, BaseModel, ConfigDict, Field, SecretStr, StringConstraints

from control_plane.identity.rules import Role
from control_plane.sso.rules import Refusal
from shared.fields import Email, ShortText, Text, Timestamp
from shared.tx import TenantAuditedEvent

DOMAIN = re.compile(r"^(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])$")


def _domain(value: str) -> str:
    if not DOMAIN.match(value):
        raise ValueError("must be a domain like acme.example")
    return value


def _unique(values: list[str]) -> list[str]:
    return list(dict.fromkeys(values))


Domain = Annotated[
    str,
    StringConstraints(strip_whitespace=True, to_lower=True),
    AfterValidator(_domain),
    Field(examples=["acme.example"]),
]
Domains = Annotated[list[Domain], Field(max_length=50), AfterValidator(_unique)]
Url = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^https?://[!-~]+$"), Field(max_length=500)]


class SsoConnectionPut(BaseModel):
    """``client_secret``: left out, the stored one stays; null, a public client with PKCE alone.

    ``default_role`` null: no access without a mapped group. Without a ``role_mapping``, members keep their role.
    ``is_email_trusted``: take the provider's word for an address when it sends no email_verified (Microsoft Entra).
    ``is_enforced``: members of ``email_domains`` can't use a password in this tenant, except ``break_glass_user_ids``.
    """

    model_config = ConfigDict(extra="forbid")

    issuer: Url = Field(examples=["https://login.acme.example"])
    client_id: ShortText
    client_secret: Annotated[SecretStr, Field(min_length=1, max_length=1000)] | None | MISSING = MISSING
    display_name: ShortText = Field(examples=["Acme login"])
    email_domains: Annotated[Domains, Field(min_length=1)]
    group_claim: ShortText = "groups"
    role_mapping: Annotated[dict[ShortText, Role], Field(max_length=200)] = {}
    default_role: Role | None = None
    create_users: bool = False
    is_email_trusted: bool = False
    is_enforced: bool = False
    break_glass_user_ids: Annotated[list[UUID], Field(max_length=20)] = []


class SsoConnectionRead(BaseModel):
    """The client secret never leaves again."""

    id: UUID
    tenant_id: str
    issuer: str
    client_id: str
    has_client_secret: bool
    display_name: str
    email_domains: list[str]
    confirmed_domains: list[str]
    group_claim: str
    role_mapping: dict[str, Role]
    default_role: Role | None
    create_users: bool
    is_email_trusted: bool
    is_enforced: bool
    break_glass_user_ids: list[UUID]
    version: int
    created_at: Timestamp
    updated_at: Timestamp


class SsoRead(BaseModel):
    """``redirect_uri`` is what the provider must be told. ``connection`` is null, and ``version`` 0, while the tenant
    is not connected.
    """

    redirect_uri: str
    version: int
    connection: SsoConnectionRead | None


class ConfirmDomains(BaseModel):
    model_config = ConfigDict(extra="forbid")

    domains: Domains


class SsoCheck(BaseModel):
    """``failed_step``: discovery, issuer, keys; ``failure`` says in words what exactly went wrong there."""

    is_working: bool
    failed_step: str | None = None
    failure: str | None = None
    issuer: str | None = None
    authorization_endpoint: str | None = None
    token_endpoint: str | None = None
    jwks_uri: str | None = None
    keys: int | None = None
    has_pkce: bool | None = None


class Discover(BaseModel):
    email: Email


class FoundConnection(BaseModel):
    display_name: str
    start_url: str


class FoundConnections(BaseModel):
    """Says nothing about whether anybody has this address: it is looked up by its domain alone."""

    connections: list[FoundConnection]


class StartQuery(BaseModel):
    """One of ``tenant_id`` and ``connection``; ``next``: the path to open afterwards."""

    tenant_id: Annotated[Text, Field(max_length=100)] | None = None
    connection: UUID | None = None
    next: str | None = None


class CallbackQuery(BaseModel):
    """What a provider sends back; ``iss`` by RFC 9207."""

    state: str = ""
    code: str | None = None
    error: str | None = None
    error_description: str | None = None
    iss: str | None = None


class ExchangeCode(BaseModel):
    model_config = ConfigDict(extra="forbid")

    code: Annotated[SecretStr, Field(min_length=1, max_length=200)]


class Claimed(BaseModel):
    """What an ID token says, once more in the form that our own tables take."""

    subject: Annotated[Text, Field(min_length=1, max_length=255)]
    email: Email
    name: ShortText


@dataclass(frozen=True, slots=True)
class ProviderConnection:
    """What it takes to speak to the provider."""

    id: UUID
    tenant_id: str
    issuer: str
    client_id: str
    client_secret: str | None
    group_claim: str


@dataclass(frozen=True, slots=True)
class Attempt:
    connection_id: UUID
    nonce: str
    code_verifier: str
    next_path: str


class _ConnectionEvent(TenantAuditedEvent):
    about: ClassVar[str] = "sso_connection:{0.connection_id}"

    connection_id: UUID


class ConnectionPicture(BaseModel):
    """A connection as the audit log shows it before and after."""

    model_config = ConfigDict(from_attributes=True)

    issuer: str
    client_id: str
    display_name: str
    email_domains: list[str]
    confirmed_domains: list[str]
    group_claim: str
    role_mapping: dict[str, str]
    default_role: str | None
    create_users: bool
    is_email_trusted: bool
    is_enforced: bool
    break_glass_user_ids: list[UUID]


class SecretChange(StrEnum):
    """What became of the client secret, which itself is in no event."""

    KEPT = "kept"
    CHANGED = "changed"
    NONE = "none"


class SsoConnected(_ConnectionEvent):
    kind: ClassVar[str] = "sso.connected"

    before: ConnectionPicture | None
    after: ConnectionPicture
    client_secret: SecretChange


class SsoDisconnected(_ConnectionEvent):
    kind: ClassVar[str] = "sso.disconnected"

    before: ConnectionPicture


class SsoLinked(_ConnectionEvent):
    kind: ClassVar[str] = "sso.linked"
    about: ClassVar[str] = "user:{0.user_id}"

    user_id: UUID
    subject: str


class SsoAdmitted(_ConnectionEvent):
    kind: ClassVar[str] = "sso.admitted"

    user_id: UUID
    role: Role


class SsoRefused(_ConnectionEvent):
    kind: ClassVar[str] = "sso.refused"
    refused: ClassVar[bool] = True

    refusal: Refusal
    detail: str
