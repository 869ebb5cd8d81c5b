"""Pure decisions: how large a deployment is, what its status says, what has drifted, who is in which wave."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, TypeVar

T = TypeVar("T")
VOLATILE = frozenset({"managedFields", "resourceVersion", "generation", "creationTimestamp", "uid", "selfLink"})
"""What an API server writes into ``metadata`` by itself."""
TENTHS = 10


class DeploymentState(StrEnum):
    """``applying``: its objects are being written; ``waiting``: they stand and are not ready; ``failed``: the cluster
    refused, or gave up; ``removing``: its namespace goes.
    """

    APPLYING = "applying"
    WAITING = "waiting"
    READY = "ready"
    FAILED = "failed"
    REMOVING = "removing"


class RolloutState(StrEnum):
    RUNNING = "running"
    STOPPED = "stopped"
    DONE = "done"
    CANCELLED = "cancelled"


class TurnState(StrEnum):
    """One tenant in a rollout."""

    WAITING = "waiting"
    ROLLING = "rolling"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Size:
    """Of one tenant's deployment. ``cpu_millis`` and ``memory_mib`` are what each pod asks for and is promised."""

    name: str
    api_least: int
    api_most: int
    cpu_millis: int
    memory_mib: int

    @property
    def pods(self) -> int:
        """Most that exist at once: every API pod, the worker, and one surplus of each while a version is replaced."""
        return self.api_most + 1 + 2


SIZES: Mapping[str, Size] = {
    size.name: size
    for size in (
        Size("small", api_least=1, api_most=2, cpu_millis=100, memory_mib=256),
        Size("medium", api_least=2, api_most=4, cpu_millis=250, memory_mib=384),
        Size("large", api_least=2, api_most=10, cpu_millis=500, memory_mib=512),
    )
}
SMALL_EVENTS, MEDIUM_EVENTS = 1_000_000, 20_000_000


def size_for(events_per_month: int | None) -> Size:
    """By what the plan lets in; no limit is large."""
    if events_per_month is None or events_per_month > MEDIUM_EVENTS:
        return SIZES["large"]
    return SIZES["small" if events_per_month <= SMALL_EVENTS else "medium"]


@dataclass(frozen=True, slots=True)
class Readiness:
    """``serving``: requests are answered, by whatever version. ``complete``: by the wanted version only."""

    serving: bool
    complete: bool
    has_failed: bool
    detail: str


def readiness(deployment: Mapping[str, Any]) -> Readiness:
    """What a Deployment's status says, as ``kubectl rollout status`` reads it.

    An older ``observedGeneration`` says nothing about what is wanted now.
    """
    meta, spec, status = deployment["metadata"], deployment["spec"], deployment.get("status", {})
    wanted, updated = spec.get("replicas", 1), status.get("updatedReplicas", 0)
    available, total = status.get("availableReplicas", 0), status.get("replicas", 0)
    conditions = {condition["type"]: condition for condition in status.get("conditions", [])}
    progressing = conditions.get("Progressing", {})
    seen = status.get("observedGeneration", 0) >= meta.get("generation", 1)
    has_failed = seen and progressing.get("reason") == "ProgressDeadlineExceeded"
    complete = seen and not has_failed and updated >= wanted and total == updated and available >= wanted
    detail = f"{meta['name']}: {updated} of {wanted} updated, {available} available"
    if not seen:
        detail = f"{meta['name']}: the cluster has not looked at it yet"
    elif has_failed:
        detail = f"{detail}; {progressing.get('message', 'it does not become ready')}"
    return Readiness(available > 0, complete, has_failed, detail)


def differences(live: Mapping[str, Any], applied: Mapping[str, Any]) -> list[str]:
    """Paths in which an object would change if it were applied; ``applied`` is the answer of a dry run.

    Fields of other owners are equal on both sides, since a server-side apply leaves them alone.
    """
    return sorted(set(_differences(_stable(live), _stable(applied), "")))


def _stable(manifest: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in manifest.items() if name != "status"}
    kept["metadata"] = {name: value for name, value in manifest["metadata"].items() if name not in VOLATILE}
    return kept


def _differences(left: Any, right: Any, path: str) -> Iterator[str]:
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        for key in {*left, *right}:
            yield from _differences(left.get(key), right.get(key), f"{path}.{key}" if path else str(key))
    elif isinstance(left, list) and isinstance(right, list) and len(left) == len(right):
        for index, (one, other) in enumerate(zip(left, right, strict=True)):
            yield from _differences(one, other, f"{path}[{index}]")
    elif left != right:
        yield path


def waves(members: Sequence[T]) -> list[list[T]]:
    """One canary, then the others in at most ten equal parts."""
    if not members:
        return []
    canary, others = members[0], members[1:]
    part = -(-len(others) // TENTHS) or 1
    return [[canary], *(list(others[start : start + part]) for start in range(0, len(others), part))]


def is_overdue(started_at: datetime, now: datetime, deadline: timedelta) -> bool:
    return now - started_at > deadline


def may_be_removed(first_seen_at: datetime, now: datetime, grace: timedelta) -> bool:
    """Whether an orphan has been one for long enough."""
    return now - first_seen_at >= grace
