"""What an audit log is asked for, and what it tells."""

from enum import StrEnum
from typing import Annotated, Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field

from shared.fields import Text, Timestamp
from shared.pages import PageQuery
from shared.tx import AuditedEvent

MOST_COUNTED = 1000
Word = Annotated[Text, Field(min_length=1, max_length=300)]


class Result(StrEnum):
    DONE = "done"
    REFUSED = "refused"


class AuditFilter(BaseModel):
    model_config = ConfigDict(extra="forbid")

    actor: Word | None = None
    """The id or the whole name: an e-mail address, a key's name."""
    action: Word | None = None
    """The beginning: ``incident.`` finds all that was done to incidents."""
    target: Word | None = None
    """Whole: ``incident:INC-00000001``, ``user:<id>``, ``api_key:<id>``."""
    result: Result | None = None
    since: Timestamp | None = None
    until: Timestamp | None = None
    """Not included."""
    q: Annotated[Text, Field(max_length=200)] | None = None
    """Beginnings of words that must all stand in the entry: its actor, action, target, address, trace id, details."""


class AuditQuery(AuditFilter, PageQuery):
    """Newest first. ``total`` is exact without a filter; with one it is exact up to 1,000, and 1,001 says "more"."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)


class AuditEntry(BaseModel):
    """Who did what to which target. ``details`` is the event's body, with ``from`` and ``to`` of what was changed.

    ``hash`` covers the entry and the hash before it. ``impersonated_by`` is the super-admin behind the actor.
    """

    seq: int
    at: Timestamp
    actor_id: str
    actor_kind: str
    actor_name: str
    impersonated_by: str | None
    action: str
    target: str
    result: Result
    details: dict[str, Any]
    address: str | None
    trace_id: str
    hash: str

    @classmethod
    def of(cls, row: Any) -> Self:
        """``row`` has the table's columns."""
        told = {name: getattr(row, name) for name in cls.model_fields}
        return cls.model_validate({**told, "hash": row.hash.hex()})


class AuditExported(AuditedEvent):
    """Somebody takes a copy of the log, restricted by ``filter``; recorded before the first line leaves."""

    kind: ClassVar[str] = "audit.exported"
    about: ClassVar[str] = "audit_log"

    filter: dict[str, Any]
    tenant_id: str | None = None

    @property
    def audited_tenant(self) -> str | None:
        return self.tenant_id
