"""Pure decisions, as tables."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from control_plane.provisioning.rules import (
    SIZES,
    differences,
    is_overdue,
    may_be_removed,
    readiness,
    size_for,
    waves,
)

NOW = datetime(2026, 4, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("members", "sizes"),
    [
        (0, []),
        (1, [1]),
        (2, [1, 1]),
        (11, [1] * 11),
        (12, [1, 2, 2, 2, 2, 2, 1]),
        (101, [1] + [10] * 10),
        (10_000, [1] + [1000] * 9 + [999]),
    ],
)
def test_waves_are_one_canary_then_tenths(members: int, sizes: list[int]) -> None:
    made = waves(range(members))
    assert [len(wave) for wave in made] == sizes
    assert [member for wave in made for member in wave] == list(range(members))


@pytest.mark.parametrize(
    ("events", "size"),
    [(0, "small"), (1_000_000, "small"), (1_000_001, "medium"), (20_000_000, "medium"), (20_000_001, "large")],
)
def test_sizes_follow_the_events_of_a_month(events: int, size: str) -> None:
    assert size_for(events) is SIZES[size]
    assert size_for(None) is SIZES["large"]


def deployment(status: dict[str, Any]) -> dict[str, Any]:
    return {"metadata": {"name": "api", "generation": 2}, "spec": {"replicas": 2}, "status": status}


ALL = {"replicas": 2, "updatedReplicas": 2, "availableReplicas": 2}
GAVE_UP = [{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": "timed out"}]


@pytest.mark.parametrize(
    ("status", "serving", "complete", "failed"),
    [
        ({}, False, False, False),
        ({"observedGeneration": 2, **ALL}, True, True, False),
        ({"observedGeneration": 1, **ALL}, True, False, False),
        ({"observedGeneration": 2, **ALL, "updatedReplicas": 1}, True, False, False),
        ({"observedGeneration": 2, **ALL, "replicas": 3}, True, False, False),
        ({"observedGeneration": 2, **ALL, "availableReplicas": 1}, True, False, False),
        ({"observedGeneration": 2, **ALL, "availableReplicas": 0}, False, False, False),
        ({"observedGeneration": 2, **ALL, "updatedReplicas": 1, "conditions": GAVE_UP}, True, False, True),
        ({"observedGeneration": 1, **ALL, "conditions": GAVE_UP}, True, False, False),
    ],
)
def test_readiness_is_read_from_the_status(status: dict[str, Any], serving: bool, complete: bool, failed: bool) -> None:
    seen = readiness(deployment(status))
    assert (seen.serving, seen.complete, seen.has_failed) == (serving, complete, failed)
    assert seen.detail.startswith("api: ")


def test_differences_name_paths_and_skip_what_the_server_writes() -> None:
    live = {
        "kind": "A",
        "metadata": {"uid": "1", "labels": {"a": "1"}},
        "spec": {"l": [1, 2], "x": 1},
        "status": {"a": 1},
    }
    told = {"kind": "A", "metadata": {"uid": "2", "labels": {"a": "2"}}, "spec": {"l": [1, 3], "y": 1}}
    assert differences(live, told) == ["metadata.labels.a", "spec.l[1]", "spec.x", "spec.y"]
    assert differences(live, {**live, "status": {}}) == []
    assert differences({**live, "spec": {"l": [1]}}, {**live, "spec": {"l": [1, 2]}}) == ["spec.l"]


def test_deadlines() -> None:
    hour = timedelta(hours=1)
    assert [is_overdue(NOW, NOW + passed, hour) for passed in (timedelta(), hour, hour * 2)] == [False, False, True]
    assert [may_be_removed(NOW, NOW + passed, hour) for passed in (timedelta(), hour, hour * 2)] == [False, True, True]
