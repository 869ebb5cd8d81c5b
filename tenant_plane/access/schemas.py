"""API keys in and out. The whole key is shown once, when it is made."""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from shared.fields import ShortText, Timestamp
from shared.tx import AuditedEvent


class Scope(StrEnum):
    """``ingestion`` may only send alerts: an integration. The others are the roles of people."""

    INGESTION = "ingestion"
    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"


class Profile(StrEnum):
    ATLAS = "atlas"
    K8S = "k8s"
    BARE = "bare"


class ApiKeyCreate(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: ShortText
    scope: Scope
    profile: Profile | None = None
    rate_limit_rps: Annotated[int, Field(ge=1, le=100_000)] | None = None
    """Requests in each second, instead of the scope's limit a minute. Ingest routes never refuse, whatever the rate."""
    expires_at: Timestamp | None = None


class ApiKeyRead(BaseModel):
    """``last_used_at`` and ``last_used_address`` are written down within seconds, at most once a minute."""

    key_id: str
    name: str
    scope: Scope
    profile: Profile | None
    rate_limit_rps: int | None
    prefix: str
    created_by: str
    created_at: Timestamp
    expires_at: Timestamp | None
    revoked_at: Timestamp | None
    last_used_at: Timestamp | None
    last_used_address: str | None


class ApiKeyCreated(ApiKeyRead):
    api_key: str


class ApiKeyRevoked(BaseModel):
    key_id: str
    revoked_at: Timestamp


class PermissionsRead(BaseModel):
    """What the caller may do: ``level`` is 1 viewer, 2 operator, 3 admin."""

    tenant_id: str
    user_id: str
    role: str
    level: int
    permissions: list[str]


class KeyCreated(AuditedEvent):
    kind: ClassVar[str] = "api_key.created"
    about: ClassVar[str] = "api_key:{0.key_id}"

    key_id: str
    name: str
    scope: Scope
    rate_limit_rps: int | None
    expires_at: Timestamp | None


class KeyRevoked(AuditedEvent):
    kind: ClassVar[str] = "api_key.revoked"
    about: ClassVar[str] = "api_key:{0.key_id}"

    key_id: str
    name: str
