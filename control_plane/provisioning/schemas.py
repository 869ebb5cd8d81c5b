from dataclasses import dataclass
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, StringConstraints

from control_plane.provisioning.rules import DeploymentState, RolloutState, Size, TurnState
from control_plane.tenants.rules import Where
from shared.contracts.fleet import TenantRate
from shared.contracts.tenants import TenantId
from shared.fields import Timestamp
from shared.tx import AuditedEvent

Version = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$")]
"""The tag of an image."""


class DeploymentRead(BaseModel):
    """A tenant's plane of its own: as it should be, and as it was last seen."""

    model_config = ConfigDict(from_attributes=True)

    tenant_id: str
    namespace: str
    size: str
    is_serving: bool
    wanted_version: str
    actual_version: str | None
    state: DeploymentState
    ready: bool
    last_error: str | None


@dataclass(frozen=True, slots=True)
class DeploymentWanted:
    tenant_id: str
    namespace: str
    size: Size
    is_serving: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one look at the cluster found.

    ``version`` and ``is_serving``: as they were wanted then; ``is_applied``: all objects are as wanted; ``is_ready``:
    requests are answered, maybe by the version before; ``drift``: what was repaired.
    """

    version: str
    is_serving: bool
    state: DeploymentState
    is_applied: bool
    is_ready: bool
    detail: str | None = None
    drift: tuple[str, ...] = ()


class CellRead(BaseModel):
    """One deployment of the tenant plane. Numbers are as of ``answered_at``, null if it never answered.

    ``held``: what senders posted and is kept unprocessed; ``database_ms``: one round trip. ``requests_last_minute``:
    answered in the whole minute before that, ``errors_last_minute`` of them with 5xx; ``busiest``: whose people and
    keys asked most then.
    """

    model_config = ConfigDict(from_attributes=True)

    name: str
    placement: Where
    url: str
    version: str | None
    tenants: int | None
    queue_waiting: int | None
    oldest_waiting_seconds: float | None
    held: int | None
    database_ms: float | None
    requests_last_minute: int | None
    errors_last_minute: int | None
    busiest: list[TenantRate]
    ready: bool
    last_error: str | None
    looked_at: Timestamp
    answered_at: Timestamp | None


class OrphanRead(BaseModel):
    """A namespace in the cluster with our labels that no tenant needs; it is removed after a grace period."""

    model_config = ConfigDict(from_attributes=True)

    namespace: str
    tenant_id: str
    first_seen_at: Timestamp
    last_seen_at: Timestamp


class RolloutStart(BaseModel):
    """``canary``: who comes first; by default the first tenant by id."""

    model_config = ConfigDict(extra="forbid")

    version: Version
    canary: TenantId | None = None


class TurnCounts(BaseModel):
    waiting: int = 0
    rolling: int = 0
    done: int = 0
    failed: int = 0


class RolloutRead(BaseModel):
    """``wave`` counts from 1; ``reason`` says why it was stopped."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    version: str
    state: RolloutState
    wave: int
    waves: int
    reason: str | None
    started_by: str
    wave_started_at: Timestamp
    created_at: Timestamp
    updated_at: Timestamp
    finished_at: Timestamp | None
    tenants: TurnCounts = TurnCounts()


class TurnRead(BaseModel):
    """One tenant in a rollout."""

    model_config = ConfigDict(from_attributes=True)

    tenant_id: str
    wave: int
    state: TurnState
    previous_version: str
    error: str | None
    started_at: Timestamp | None
    finished_at: Timestamp | None


@dataclass(frozen=True, slots=True)
class Orphan:
    """A namespace with our labels that no tenant needs. ``is_due``: its grace period is over."""

    namespace: str
    tenant_id: str
    is_due: bool


class RolloutEvent(AuditedEvent):
    about: ClassVar[str] = "rollout:{0.rollout_id}"

    rollout_id: UUID
    version: str


class RolloutStarted(RolloutEvent):
    kind: ClassVar[str] = "rollout.started"

    tenants: int
    canary: str


class RolloutStopped(RolloutEvent):
    kind: ClassVar[str] = "rollout.stopped"

    reason: str


class RolloutResumed(RolloutEvent):
    kind: ClassVar[str] = "rollout.resumed"


class RolloutCancelled(RolloutEvent):
    kind: ClassVar[str] = "rollout.cancelled"


class RolloutFinished(RolloutEvent):
    kind: ClassVar[str] = "rollout.finished"


class DriftRepaired(AuditedEvent):
    kind: ClassVar[str] = "deployment.drift_repaired"
    about: ClassVar[str] = "tenant:{0.tenant_id}"

    tenant_id: str
    namespace: str
    fields: list[str]


class OrphanEvent(AuditedEvent):
    about: ClassVar[str] = "namespace:{0.namespace}"

    namespace: str
    tenant_id: str


class OrphanFound(OrphanEvent):
    kind: ClassVar[str] = "orphan.found"


class OrphanRemoved(OrphanEvent):
    kind: ClassVar[str] = "orphan.removed"
