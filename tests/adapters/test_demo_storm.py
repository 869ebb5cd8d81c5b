"""The demo's storm: repeatable, readable by the adapters, and shaped as the story says."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from tenant_plane.alerts.rules import Severity
from tenant_plane.demo.storm import STORY_SECONDS, StormRequest, storm
from tenant_plane.ingest.adapters import Action, AlertEvent, adapter_for

STARTED_AT = datetime(2026, 4, 10, 18, 0, tzinfo=UTC)
OPEN_AT_THE_END = {"orders-db", "order-events", "storefront", "build-runners", "edge-gateway"}

Told = list[tuple[StormRequest, list[AlertEvent]]]


@pytest.fixture(scope="module")
def told() -> Told:
    return [(request, read(request)) for request in storm(STARTED_AT)]


def read(request: StormRequest) -> list[AlertEvent]:
    _, adapter = adapter_for(request.source)
    return adapter(request.body, STARTED_AT + timedelta(seconds=request.offset_seconds))


def events(told: Told) -> Iterator[tuple[float, tuple[str, tuple[str, ...]], AlertEvent]]:
    for request, found in told:
        for event in found:
            yield request.offset_seconds, (request.source, event.dedup_fields), event


def test_same_seed_same_storm() -> None:
    assert storm(STARTED_AT, seed=3) == storm(STARTED_AT, seed=3)
    assert storm(STARTED_AT, seed=3) != storm(STARTED_AT, seed=4)


def test_requests_come_in_order_within_the_story(told: Told) -> None:
    offsets = [request.offset_seconds for request, _ in told]
    assert offsets == sorted(offsets)
    assert offsets[0] >= 0 and offsets[-1] <= STORY_SECONDS + 10


def test_every_request_is_read_without_a_warning(told: Told) -> None:
    assert all(1 <= len(found) <= 40 for _, found in told)
    assert [event.warnings for _, _, event in events(told) if event.warnings] == []


def test_most_of_it_is_repetition(told: Told) -> None:
    keys = Counter(key for _, key, _ in events(told))
    assert keys.total() >= 1200
    assert len(keys) * 8 < keys.total()


def test_services(told: Told) -> None:
    services = {event.service for _, _, event in events(told) if event.action is Action.TRIGGER}
    assert None not in services
    assert 10 <= len(services) <= 14


def test_a_service_is_never_silent_for_long_while_it_is_ill(told: Told) -> None:
    heard: dict[str | None, list[float]] = defaultdict(list)
    for at, _, event in events(told):
        heard[event.service].append(at)
    assert max(later - earlier for times in heard.values() for earlier, later in pairwise(times)) <= 240


def test_what_is_open_at_the_end(told: Told) -> None:
    last = {key: event for _, key, event in events(told)}
    fired = {key for _, key, event in events(told) if event.action is Action.TRIGGER}
    still_open = [event for event in last.values() if event.action is not Action.RESOLVE]
    assert fired == last.keys()
    assert {event.service for event in still_open} == OPEN_AT_THE_END
    assert Severity.CRITICAL in {event.severity for event in still_open}
    assert len(still_open) * 10 < len(last)


def test_every_alert_fires_before_it_resolves(told: Told) -> None:
    first: dict[tuple[str, tuple[str, ...]], Action] = {}
    for _, key, event in events(told):
        first.setdefault(key, event.action)
    assert set(first.values()) == {Action.TRIGGER}


def test_times_are_story_times(told: Told) -> None:
    for at, _, event in events(told):
        assert STARTED_AT <= event.occurred_at <= STARTED_AT + timedelta(seconds=at)
