"""The incident state machine, and how incidents are referred to."""

import re
from collections import deque
from enum import StrEnum
from uuid import UUID


class Status(StrEnum):
    TRIGGERED = "triggered"
    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    INVESTIGATING = "investigating"
    RESOLVED = "resolved"
    CLOSED = "closed"
    REOPENED = "reopened"


class State(StrEnum):
    """Statuses in the coarse words of dashboards and of older tools."""

    ACTIVE = "active"
    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


NEXT: dict[Status, tuple[Status, ...]] = {
    Status.TRIGGERED: (Status.OPEN,),
    Status.OPEN: (Status.ACKNOWLEDGED,),
    Status.ACKNOWLEDGED: (Status.INVESTIGATING,),
    Status.INVESTIGATING: (Status.RESOLVED,),
    Status.RESOLVED: (Status.CLOSED, Status.REOPENED),
    Status.REOPENED: (Status.INVESTIGATING,),
    Status.CLOSED: (),
}
ENDED = frozenset({Status.RESOLVED, Status.CLOSED})
UNSEEN = frozenset({Status.TRIGGERED, Status.OPEN, Status.REOPENED})
STATES: dict[State, frozenset[Status]] = {
    State.ACTIVE: frozenset(Status) - ENDED,
    State.OPEN: UNSEEN,
    State.ACKNOWLEDGED: frozenset({Status.ACKNOWLEDGED, Status.INVESTIGATING}),
    State.RESOLVED: ENDED,
}
ATTENTION = {
    status: 1 if status in UNSEEN else 2 if status not in ENDED else 3 if status is Status.RESOLVED else 4
    for status in Status
}
"""How much a list wants to show it; the table computes the same in a generated column."""


def may_move(current: Status, wanted: Status) -> bool:
    return wanted in NEXT[current]


def steps_to(current: Status, wanted: Status) -> list[Status] | None:
    """The moves that lead from one status to another, each of them legal; None when there is no way.

    A verb ("resolve") or a source's resolve is more than one step; each step is recorded.
    """
    ways: deque[list[Status]] = deque([[current]])
    while ways:
        way = ways.popleft()
        if way[-1] is wanted:
            return way[1:]
        ways.extend([*way, step] for step in NEXT[way[-1]] if step not in way)
    return None


REFERENCE = re.compile(r"^INC-(\d{1,18})$", re.IGNORECASE)


def reference_of(number: int) -> str:
    return f"INC-{number:08d}"


def parse_reference(text: str) -> UUID | int | None:
    """An id, or the number in ``INC-00000001``; None for anything else."""
    if found := REFERENCE.match(text):
        return int(found[1])
    try:
        return UUID(text)
    except ValueError:
        return None
