"""What a service function receives: an open transaction that knows who acts, for whom, and what time it is.

Doors open and commit transactions; services only use them. ``require`` is the first statement of every public service
function, ``public`` marks the few that anyone may call. ``now`` is read once per transaction, so that one verb has
one time.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import ClassVar, Literal, Protocol
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from shared.errors import Forbidden

Clock = Callable[[], datetime]
ActorKind = Literal["user", "api_key", "source", "system", "anonymous"]


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Tenant:
    """``id`` is the slug people see; ``schema`` is also the name of the Postgres role that may touch it."""

    id: str
    schema: str
    name: str = ""
    standing: str = "active"
    """``shared.contracts.tenants.Standing``."""
    delete_after: datetime | None = None
    """When it is to be deleted; None when it is not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """A verified caller. ``name`` is what timelines and logs show: an e-mail address, a key's name, ``system``."""

    id: str
    kind: ActorKind
    name: str
    role: str
    permissions: frozenset[str]
    tenant: Tenant | None = None
    profile: str | None = None
    requests_per_minute: int | None = None
    """Instead of the role's limit."""
    requests_per_second: int | None = None
    """Besides the limit by the minute."""
    expires_at: datetime | None = None
    impersonated_by: str | None = None
    """The super-admin who acts under this name, for the audit log."""
    session_id: UUID | None = None
    """Of the control plane; an impersonation has its own id here."""

    def require(self, permission: str) -> None:
        if permission not in self.permissions:
            raise Forbidden(f"This needs the permission {permission}, which the role {self.role} does not have.")


ANONYMOUS = Actor(id="anonymous", kind="anonymous", name="anonymous", role="anonymous", permissions=frozenset())


class Event(BaseModel):
    """A fact, stored in the same commit as the rows it tells about; ``kind`` names it in the queue and on the wire."""

    kind: ClassVar[str]
    audited: ClassVar[bool] = False
    refused: ClassVar[bool] = False
    """What was asked for did not happen."""

    @property
    def target(self) -> str:
        return ""

    @property
    def audited_tenant(self) -> str | None:
        """In the control plane: the tenant whose audit log shows it; None for what only super-admins may see."""
        return None


class AuditedEvent(Event):
    """It also goes to the audit log, with its whole body as details, which therefore never holds a secret.

    ``about`` makes ``target``, what was acted on, from the event's own fields: ``user:{0.user_id}``.
    """

    audited: ClassVar[bool] = True
    about: ClassVar[str]

    @property
    def target(self) -> str:
        return self.about.format(self)


class TenantAuditedEvent(AuditedEvent):
    """In the control plane: the tenant's own admins see it, too."""

    about: ClassVar[str] = "tenant:{0.tenant_id}"

    tenant_id: str

    @property
    def audited_tenant(self) -> str | None:
        return self.tenant_id


@dataclass(frozen=True, slots=True)
class ReadTx:
    session: AsyncSession
    actor: Actor
    now: datetime

    def require(self, permission: str) -> None:
        self.actor.require(permission)

    def public(self) -> None:
        """Anyone may call this verb; the function itself checks what it is given (a password, a token)."""


@dataclass(frozen=True, slots=True)
class WriteTx(ReadTx):
    events: list[Event] = field(default_factory=list)

    def record(self, event: Event) -> None:
        self.events.append(event)


class Database(Protocol):
    """The only openers of transactions. ``write`` commits on leaving; an exception rolls everything back."""

    def read(self, actor: Actor) -> AbstractAsyncContextManager[ReadTx]: ...
    def write(self, actor: Actor) -> AbstractAsyncContextManager[WriteTx]: ...


@dataclass(frozen=True, slots=True)
class RecordedEvent:
    """An event as it stands in the tenant's ``events`` table."""

    id: UUID
    kind: str
    body: Mapping[str, object]
