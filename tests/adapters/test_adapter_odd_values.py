"""Tables of what senders really send wrong: the alert is made all the same, and says what was odd."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tenant_plane.alerts.rules import Severity, severity_from
from tenant_plane.ingest.adapters import ADAPTERS, Action, AlertEvent, UnreadablePayload
from tenant_plane.ingest.adapters.reading import DEPTH, time_of
from tests.adapters.support import NOW, read, read_one


def alert(**values: Any) -> dict[str, Any]:
    return {"status": "firing", "labels": {"alertname": "Odd"}, **values}


@pytest.mark.parametrize(
    ("labels", "kept"),
    [
        ({"n": 5, "f": 0.5, "w": 5.0, "b": True}, {"n": "5", "f": "0.5", "w": "5", "b": "true"}),
        ({"none": None}, {}),
        ({"list": ["a", 1]}, {"list": '["a",1]'}),
        ({"nul": "a\0b"}, {"nul": "ab"}),
        ({"half": "a\ud800b"}, {"half": "a\ufffdb"}),
        ("team:shop, env=prod, urgent", {"team": "shop", "env": "prod", "urgent": "true"}),
        (["team:shop", {"name": "env", "value": "prod"}, 7], {"team": "shop", "env": "prod"}),
        (17, {}),
        ({"long": "x" * 2000}, {"long": "x" * 999 + "…"}),
    ],
)
def test_odd_labels(labels: Any, kept: dict[str, str]) -> None:
    event = read_one("alertmanager", {"alerts": [alert(labels=labels, annotations={"summary": "S"})]})
    assert event.labels == kept


def test_too_many_labels() -> None:
    labels = {f"label_{number:03}": "x" for number in range(100)}
    event = read_one("alertmanager", {"alerts": [alert(labels={"alertname": "Many", **labels})]})
    assert len(event.labels) == 64
    assert event.warnings == ("101 labels: only the first 64 by name were kept",)


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        ("2026-04-10T11:00:00.1234567Z", datetime(2026, 4, 10, 11, 0, 0, 123456, UTC)),
        ("2026-04-10T13:00:00.123456789+02:00", datetime(2026, 4, 10, 11, 0, 0, 123456, UTC)),
        ("2026-04-10T11:00:00.500+0000", datetime(2026, 4, 10, 11, 0, 0, 500000, UTC)),
        ("2026-04-10 11:00:00 UTC", datetime(2026, 4, 10, 11, tzinfo=UTC)),
        (1775818800, datetime(2026, 4, 10, 11, tzinfo=UTC)),
        (1775818800.5, datetime(2026, 4, 10, 11, 0, 0, 500000, UTC)),
        (1775818800000, datetime(2026, 4, 10, 11, tzinfo=UTC)),
        ("1775818800000", datetime(2026, 4, 10, 11, tzinfo=UTC)),
        (1775818800000000000, datetime(2026, 4, 10, 11, tzinfo=UTC)),
        (None, None),
        ("", None),
    ],
)
def test_times_that_are_read(value: Any, moment: datetime | None) -> None:
    warnings: list[str] = []
    assert time_of(value, "t", NOW, warnings) == moment
    assert warnings == []


@pytest.mark.parametrize(
    "value",
    ["soon", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59-12:00", 0, -1, 10**40, True, [], {}, "2026-13-01", "12:30",
     "2026-04-12T12:05:01Z", float("nan"), "20260410", "2026-W15"],
)  # fmt: skip
def test_times_that_are_refused(value: Any) -> None:
    event = read_one("alertmanager", {"alerts": [alert(startsAt=value)]})
    assert event.occurred_at == NOW
    assert "startsAt was not a usable time" in event.warnings


def test_time_without_a_zone_is_utc_and_says_so() -> None:
    event = read_one("alertmanager", {"alerts": [alert(startsAt="2026-04-10T11:00:00")]})
    assert event.occurred_at == datetime(2026, 4, 10, 11, tzinfo=UTC)
    assert event.warnings == ("startsAt had no time zone and was read as UTC",)


def test_end_before_start_is_set_to_the_start() -> None:
    event = read_one(
        "alertmanager",
        {"alerts": [alert(status="resolved", startsAt="2026-04-10T11:00:00Z", endsAt="2026-04-10T10:59:00Z")]},
    )
    assert event.ended_at == event.occurred_at


@pytest.mark.parametrize(
    "url", ["/graph?g0.expr=up", "javascript:alert(1)", "http://", "https:///x", "http://a b", 5, "x" * 9000]
)
def test_links_that_are_refused(url: Any) -> None:
    event = read_one("alertmanager", {"alerts": [alert(generatorURL=url)]})
    assert event.url is None
    assert len(event.warnings) == 1


@pytest.mark.parametrize(
    ("source", "payload", "name"),
    [
        ("alertmanager", {"alerts": [{}]}, "Alert from alertmanager"),
        ("alertmanager", {"alerts": [alert(labels={}, annotations={"summary": "  "})]}, "Alert from alertmanager"),
        ("alertmanager", {"alerts": [alert(labels=None, annotations={"summary": "Slow"})]}, "Slow"),
        ("grafana", {"ruleId": 4, "title": None}, "Alert from grafana"),
        ("grafana", {"ruleId": 4, "title": "[Alerting] Load"}, "Load"),
        ("pagerduty", {"event_action": "trigger"}, "Alert from pagerduty"),
        ("pagerduty", {"event_action": "trigger", "payload": "text"}, "Alert from pagerduty"),
        ("pagerduty", {"event_action": "resolve", "dedup_key": 17}, "PagerDuty alert 17"),
        ("pagerduty", {"event": {"event_type": "incident.triggered", "data": {"id": 1}}}, "Alert from pagerduty"),
        ("webhook", {"severity": "critical"}, "Alert from webhook"),
        ("webhook", {"message": "disk full"}, "disk full"),
        ("webhook", {"Title": "Many\n lines", "host": "a"}, "Many lines"),
        ("webhook", {"title": "x" * 400}, "x" * 299 + "…"),
        ("opsgenie", {"action": "Create", "alert": {"message": "CPU", "alias": "cpu"}}, "CPU"),
    ],
)
def test_names(source: str, payload: Any, name: str) -> None:
    event = read_one(source, payload)
    assert event.name == name
    assert event.dedup_fields


@pytest.mark.parametrize("value", [10**100, float("inf"), float("nan"), "a\0", "\udfff", [[[[1]]]]])
def test_raw_can_always_be_stored(value: Any) -> None:
    event = read_one("webhook", {"title": "T", "extra": value})
    json.dumps(event.raw, allow_nan=False).encode()


def test_bottomless_nesting_is_cut() -> None:
    value: Any = 1
    for _ in range(DEPTH + 50):
        value = [value]
    event = read_one("webhook", {"title": "T", "extra": value})
    assert event.warnings == (f"nested deeper than {DEPTH} levels: the rest was left out",)


def test_long_description_is_cut() -> None:
    event = read_one("webhook", {"title": "T", "description": "d" * 20_000})
    assert len(event.description) == 10_000
    assert event.warnings == ("the description was cut to 10000 characters",)


def test_long_keys_stay_distinct() -> None:
    first, second = (read_one("webhook", {"title": "T", "fingerprint": "k" * 500 + end}) for end in "ab")
    assert first.dedup_fields != second.dedup_fields


@pytest.mark.parametrize(
    ("status", "action"),
    [
        ("resolved", Action.RESOLVE), ("OK", Action.RESOLVE), ("Closed", Action.RESOLVE),
        ("RECOVERY", Action.RESOLVE), ("normal", Action.RESOLVE), ("ack", Action.ACKNOWLEDGE),
        ("Acknowledged", Action.ACKNOWLEDGE), ("problem", Action.TRIGGER), ("whatever", Action.TRIGGER),
        (3, Action.TRIGGER), (None, Action.TRIGGER),
    ],
)  # fmt: skip
def test_generic_status_words(status: Any, action: Action) -> None:
    assert read_one("webhook", {"title": "T", "status": status}).action is action


@pytest.mark.parametrize(
    ("word", "severity"),
    [("P1", "critical"), ("sev-2", "high"), ("Warning", "medium"), ("NOTICE", "low"), ("ok", "info"), ("purple", None)],
)
def test_severity_words(word: str, severity: str | None) -> None:
    assert severity_from(word) == severity


def test_unknown_severity_is_medium_and_says_so() -> None:
    event = read_one("webhook", {"title": "T", "severity": "purple"})
    assert event.severity is Severity.MEDIUM
    assert event.warnings == ("severity 'purple' is not known and was read as medium",)


def test_bad_elements_of_a_list_cost_a_warning() -> None:
    events = read("alertmanager", {"alerts": ["text", alert(), 5, alert(labels={"alertname": "Other"})]})
    assert [event.name for event in events] == ["Odd", "Other"]
    assert [event.warnings for event in events] == [("2 of 4 list elements were no objects and were left out",), ()]


def test_alerts_left_out_by_the_sender_are_told() -> None:
    event = read_one("alertmanager", {"truncatedAlerts": 7, "alerts": [alert()]})
    assert event.warnings == ("the sender left 7 alerts of this group out (max_alerts)",)


@pytest.mark.parametrize(
    "labels", [{"service": "x-kube-state-metrics", "job": "kube-state-metrics"}, {"job": "node-exporter"}]
)
def test_an_exporter_is_not_the_service(labels: dict[str, str]) -> None:
    assert read_one("alertmanager", {"alerts": [alert(labels={"alertname": "A", **labels})]}).service is None


@pytest.mark.parametrize("source", sorted(ADAPTERS))
@pytest.mark.parametrize("payload", [None, True, 5, "text", [], {}, [1, 2], {"alerts": []}, {"alerts": ["a"]}])
def test_what_can_be_no_alert_is_refused(source: str, payload: Any) -> None:
    with pytest.raises(UnreadablePayload):
        read(source, payload)


@pytest.mark.parametrize(
    "payload",
    [
        {"event_action": "resolve"},
        {"event_type": "acknowledge"},
        {"event": {"data": 5}},
        {"event": {"data": {}}},
        {"x": 1},
    ],
)
def test_pagerduty_message_that_names_nothing_is_refused(payload: Any) -> None:
    with pytest.raises(UnreadablePayload):
        read("pagerduty", payload)


KNOWN_KEYS = """
alerts status state labels annotations fingerprint startsAt endsAt generatorURL groupKey commonLabels summary
ruleId ruleName title tags evalMatches message event event_type event_action payload dedup_key data id type
severity custom_details details links contexts href service name source url timestamp priority urgency
description alertname truncatedAlerts alert incident
"""
KEYS = st.sampled_from(KNOWN_KEYS.split())
ANY_TEXT = st.text(st.characters(codec=None), max_size=20)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=10**18, max_value=10**400)
    | st.floats()
    | ANY_TEXT
    | st.sampled_from(["firing", "resolved", "ok", "trigger", "incident.triggered", "critical", "2026-04-10T12:00:00"])
)
ANY_JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS | ANY_TEXT, inner, max_size=8),
    max_leaves=30,
)
BODIES = ANY_JSON | st.fixed_dictionaries({"alerts": st.lists(st.dictionaries(KEYS, ANY_JSON, max_size=8), max_size=3)})


def texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for pair in value.items() for item in pair for text in texts(item)]
    if isinstance(value, list | tuple):
        return [text for item in value for text in texts(item)]
    return []


def check(event: AlertEvent) -> None:
    parts = [
        event.source, event.dedup_fields, event.sender_key, event.name, event.description, event.service,
        event.environment, event.labels, event.annotations, event.url, event.raw, event.warnings,
    ]  # fmt: skip
    for text in texts(parts):
        assert "\0" not in text
        text.encode()
    json.dumps(event.raw, allow_nan=False)
    assert 1 <= len(event.name) <= 300
    assert event.dedup_fields and len(event.dedup_fields) % 2 == 0
    assert len(event.description) <= 10_000
    assert len(event.labels) <= 64 and all(len(value) <= 1000 for value in event.labels.values())
    assert event.occurred_at.utcoffset() == timedelta(0)
    assert (event.ended_at is not None) == (event.action is Action.RESOLVE)
    assert event.ended_at is None or event.ended_at >= event.occurred_at


@pytest.mark.parametrize("source", [*sorted(ADAPTERS), "datadog"])
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(payload=BODIES)
def test_any_json_is_read_or_refused(source: str, payload: Any) -> None:
    try:
        events = read(source, payload)
    except UnreadablePayload as refusal:
        assert str(refusal)
        return
    assert events
    for event in events:
        check(event)
