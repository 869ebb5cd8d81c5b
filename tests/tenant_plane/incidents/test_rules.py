"""The state machine, references and grouping, without a database."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tenant_plane.alerts.rules import Action, Severity
from tenant_plane.alerts.schemas import AlertEvent
from tenant_plane.incidents.rules import (
    ATTENTION,
    NEXT,
    RULES,
    STATES,
    State,
    Status,
    first_reason,
    may_move,
    parse_reference,
    reason_for,
    reference_of,
    rule_for,
    spell,
    steps_to,
)
from tenant_plane.incidents.schemas import IncidentSnooze

TRIGGERED, OPEN, ACKED, INVESTIGATING, RESOLVED, CLOSED, REOPENED = (
    Status.TRIGGERED,
    Status.OPEN,
    Status.ACKNOWLEDGED,
    Status.INVESTIGATING,
    Status.RESOLVED,
    Status.CLOSED,
    Status.REOPENED,
)
WAYS: dict[Status, dict[Status, list[Status] | None]] = {
    TRIGGERED: {
        TRIGGERED: [],
        OPEN: [OPEN],
        ACKED: [OPEN, ACKED],
        INVESTIGATING: [OPEN, ACKED, INVESTIGATING],
        RESOLVED: [OPEN, ACKED, INVESTIGATING, RESOLVED],
        CLOSED: [OPEN, ACKED, INVESTIGATING, RESOLVED, CLOSED],
        REOPENED: [OPEN, ACKED, INVESTIGATING, RESOLVED, REOPENED],
    },
    OPEN: {
        TRIGGERED: None,
        OPEN: [],
        ACKED: [ACKED],
        INVESTIGATING: [ACKED, INVESTIGATING],
        RESOLVED: [ACKED, INVESTIGATING, RESOLVED],
        CLOSED: [ACKED, INVESTIGATING, RESOLVED, CLOSED],
        REOPENED: [ACKED, INVESTIGATING, RESOLVED, REOPENED],
    },
    ACKED: {
        TRIGGERED: None,
        OPEN: None,
        ACKED: [],
        INVESTIGATING: [INVESTIGATING],
        RESOLVED: [INVESTIGATING, RESOLVED],
        CLOSED: [INVESTIGATING, RESOLVED, CLOSED],
        REOPENED: [INVESTIGATING, RESOLVED, REOPENED],
    },
    INVESTIGATING: {
        TRIGGERED: None,
        OPEN: None,
        ACKED: None,
        INVESTIGATING: [],
        RESOLVED: [RESOLVED],
        CLOSED: [RESOLVED, CLOSED],
        REOPENED: [RESOLVED, REOPENED],
    },
    RESOLVED: {
        TRIGGERED: None,
        OPEN: None,
        ACKED: None,
        INVESTIGATING: [REOPENED, INVESTIGATING],
        RESOLVED: [],
        CLOSED: [CLOSED],
        REOPENED: [REOPENED],
    },
    CLOSED: {TRIGGERED: None, OPEN: None, ACKED: None, INVESTIGATING: None, RESOLVED: None, CLOSED: [], REOPENED: None},
    REOPENED: {
        TRIGGERED: None,
        OPEN: None,
        ACKED: None,
        INVESTIGATING: [INVESTIGATING],
        RESOLVED: [INVESTIGATING, RESOLVED],
        CLOSED: [INVESTIGATING, RESOLVED, CLOSED],
        REOPENED: [],
    },
}
PAIRS = [(current, wanted) for current in Status for wanted in Status]
LEGAL = {
    (TRIGGERED, OPEN),
    (OPEN, ACKED),
    (ACKED, INVESTIGATING),
    (INVESTIGATING, RESOLVED),
    (RESOLVED, CLOSED),
    (RESOLVED, REOPENED),
    (REOPENED, INVESTIGATING),
}
RECEIVED = datetime(2026, 4, 1, 18, tzinfo=UTC)


@pytest.mark.parametrize(("current", "wanted"), PAIRS)
def test_which_single_steps_are_legal(current: Status, wanted: Status) -> None:
    assert may_move(current, wanted) is ((current, wanted) in LEGAL)


@pytest.mark.parametrize(("current", "wanted"), PAIRS)
def test_the_way_from_one_status_to_another(current: Status, wanted: Status) -> None:
    assert steps_to(current, wanted) == WAYS[current][wanted]


@given(st.sampled_from(Status), st.sampled_from(Status))
def test_a_way_has_only_legal_steps(current: Status, wanted: Status) -> None:
    way = [current, *(steps_to(current, wanted) or [])]
    assert all(may_move(one, two) for one, two in pairwise(way))
    assert len(set(way)) == len(way)


def test_states_are_groups_of_statuses() -> None:
    assert STATES[State.OPEN] | STATES[State.ACKNOWLEDGED] == STATES[State.ACTIVE]
    assert STATES[State.ACTIVE] | STATES[State.RESOLVED] == frozenset(Status)
    assert not STATES[State.ACTIVE] & STATES[State.RESOLVED]
    assert {status: ATTENTION[status] for status in Status} == {
        TRIGGERED: 1,
        OPEN: 1,
        REOPENED: 1,
        ACKED: 2,
        INVESTIGATING: 2,
        RESOLVED: 3,
        CLOSED: 4,
    }
    assert set(NEXT) == set(Status)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("INC-00000001", 1),
        ("inc-7", 7),
        ("INC-123456789", 123456789),
        ("INC-999999999999999999", 999999999999999999),
        ("INC-1000000000000000000", None),
        ("INC-", None),
        ("INC-12a", None),
        ("CHG-00000001", None),
        (" INC-1", None),
        ("", None),
        ("1", None),
        ("%", None),
        ("01a212e8-8323-71c8-bcda-f95b377e5059", UUID("01a212e8-8323-71c8-bcda-f95b377e5059")),
        ("01A212E8-8323-71C8-BCDA-F95B377E5059", UUID("01a212e8-8323-71c8-bcda-f95b377e5059")),
    ],
)
def test_references_are_read(text: str, key: UUID | int | None) -> None:
    assert parse_reference(text) == key


@given(st.integers(min_value=1, max_value=10**18 - 1))
def test_references_survive_the_way_out_and_in(number: int) -> None:
    assert parse_reference(reference_of(number)) == number
    assert len(reference_of(number)) >= len("INC-00000001")


def alert_event(**fields: Any) -> AlertEvent:
    known: dict[str, Any] = {
        "action": Action.TRIGGER,
        "source": "grafana",
        "dedup_fields": (),
        "sender_key": None,
        "name": "HighCPU",
        "description": "",
        "severity": Severity.HIGH,
        "service": None,
        "environment": None,
        "labels": {},
        "annotations": {},
        "url": None,
        "occurred_at": RECEIVED,
        "ended_at": None,
        "raw": {},
        "warnings": (),
    }
    return AlertEvent(**(known | fields))


@pytest.mark.parametrize(
    ("fields", "rule", "confidence", "key", "first", "next_"),
    [
        (
            {"service": "api", "environment": "prod", "sender_key": "g"},
            "same_service_within_window",
            0.9,
            "service:api|prod",
            "First alert: no open incident that alerts had opened had the same service api in prod in the last 10 min",
            "Same service api in prod, 1 min 5 s after the last alert of INC-00000007 (window 10 min)",
        ),
        (
            {"service": "api"},
            "same_service_within_window",
            0.9,
            "service:api|",
            "First alert: no open incident that alerts had opened had the same service api (no environment named)"
            " in the last 10 min",
            "Same service api (no environment named), 1 min 5 s after the last alert of INC-00000007 (window 10 min)",
        ),
        (
            {"sender_key": "group 1"},
            "same_sender_group",
            0.8,
            "sender:grafana|group 1",
            "First alert: no open incident that alerts had opened had the same group “group 1” at grafana"
            " in the last 10 min",
            "Same group “group 1” at grafana, 1 min 5 s after the last alert of INC-00000007 (window 10 min)",
        ),
        (
            {},
            "same_alert_name",
            0.6,
            "name:grafana|HighCPU",
            "First alert: no open incident that alerts had opened had the same alert “HighCPU” in the last 10 min",
            "Same alert “HighCPU”, 1 min 5 s after the last alert of INC-00000007 (window 10 min)",
        ),
    ],
)
def test_which_rule_groups_an_alert_and_in_what_words(
    fields: dict[str, Any], rule: str, confidence: float, key: str, first: str, next_: str
) -> None:
    event = alert_event(**fields)
    found, found_key = rule_for(event)
    assert (found.name, found.confidence, found_key) == (rule, confidence, key)
    assert found.window == timedelta(minutes=10)
    assert first_reason(found, event) == first
    assert reason_for(found, event, gap=timedelta(seconds=65), reference="INC-00000007") == next_


def test_rules_are_tried_from_the_surest_to_the_vaguest() -> None:
    assert [rule.confidence for rule in RULES] == sorted((rule.confidence for rule in RULES), reverse=True)
    assert len({rule.name for rule in RULES}) == len(RULES)


@given(
    service=st.none() | st.text(min_size=1, max_size=8),
    environment=st.none() | st.text(min_size=1, max_size=8),
    sender_key=st.none() | st.text(min_size=1, max_size=8),
    name=st.text(min_size=1, max_size=8),
)
def test_every_alert_has_a_rule(
    service: str | None, environment: str | None, sender_key: str | None, name: str
) -> None:
    event = alert_event(service=service, environment=environment, sender_key=sender_key, name=name)
    assert rule_for(event) == rule_for(alert_event(**{**vars_of(event), "severity": Severity.INFO}))


def vars_of(event: AlertEvent) -> dict[str, Any]:
    return {name: getattr(event, name) for name in AlertEvent.__dataclass_fields__}


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (timedelta(seconds=-5), "less than 1 s"),
        (timedelta(milliseconds=999), "less than 1 s"),
        (timedelta(seconds=1), "1 s"),
        (timedelta(seconds=59.9), "59 s"),
        (timedelta(seconds=60), "1 min 0 s"),
        (timedelta(minutes=9, seconds=59), "9 min 59 s"),
        (timedelta(hours=2), "120 min 0 s"),
    ],
)
def test_how_a_span_is_spelled(span: timedelta, words: str) -> None:
    assert spell(span) == words


@pytest.mark.parametrize(
    ("duration", "span"),
    [
        ("30m", timedelta(minutes=30)),
        ("1h", timedelta(hours=1)),
        ("1h30m", timedelta(minutes=90)),
        ("2d", timedelta(days=2)),
        ("1d2h3m4s", timedelta(days=1, hours=2, minutes=3, seconds=4)),
        ("90s", timedelta(seconds=90)),
        ("99999s", timedelta(seconds=99_999)),
    ],
)
def test_durations_are_read(duration: str, span: timedelta) -> None:
    assert IncidentSnooze.model_validate({"duration": duration}).duration == span


@pytest.mark.parametrize(
    "duration", ["", "h", "1", "1x", "1.5h", "-1h", "1 h", "100000s", "1h30", "PT1H", "\uff11h", "m30", "1H"]
)
def test_other_durations_are_refused(duration: str) -> None:
    with pytest.raises(ValidationError, match="must look like 30m, 1h or 1h30m"):
        IncidentSnooze.model_validate({"duration": duration})
