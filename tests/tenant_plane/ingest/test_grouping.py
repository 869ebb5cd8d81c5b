"""From alerts to incidents: what is the same alert, what belongs together, and when it is over."""

from typing import Any

import httpx
import pytest

from shared.tx import Tenant
from tests.support.tenant_plane import (
    Plane,
    data,
    fired,
    generic_alert,
    incident_of,
    moves,
    timeline_of,
)


def resolved(**fields: Any) -> dict[str, Any]:
    return generic_alert(status="resolved", **fields)


async def alert_of(client: httpx.AsyncClient, answer: dict[str, Any]) -> dict[str, Any]:
    alert: dict[str, Any] = data(await client.get(f"/api/alerts/{answer['alerts'][0]['alert_id']}"))
    return alert


async def test_the_same_alert_again_is_counted_and_not_repeated(admin: httpx.AsyncClient) -> None:
    answers = [await fired(admin) for _ in range(5)]
    assert [answer["alerts"][0]["change"] for answer in answers] == ["fired", *["repeated"] * 4]
    assert [answer["deduplicated"] for answer in answers] == [False, *[True] * 4]
    assert len({answer["incident_id"] for answer in answers}) == 1
    alert = await alert_of(admin, answers[0])
    assert (alert["occurrences"], alert["status"]) == (5, "firing")
    assert (alert["link_rule"], alert["incident_reference"]) == ("same_service_within_window", "INC-00000001")
    assert alert["link_reason"] == (
        "First alert: no open incident that alerts had opened had the same service payments-api (no environment named)"
        " in the last 10 min"
    )
    events = data(await admin.get(f"/api/alerts/{alert['id']}/events"))
    assert (events["total"], {event["action"] for event in events["items"]}) == (5, {"trigger"})
    assert [entry["event_type"] for entry in await timeline_of(admin, "INC-1")] == ["incident_created", "alert_linked"]


async def test_what_an_alert_says_last_is_what_it_says(plane: Plane, admin: httpx.AsyncClient, tenant: Tenant) -> None:
    first = await fired(admin, fingerprint="x", title="Disk 80 %", description="a", labels={"disk": "sda"})
    plane.clock.forward(minutes=1)
    await fired(admin, fingerprint="x", title="Disk 90 %", description="b", labels={"disk": "sda", "mount": "/"})
    alert = await alert_of(admin, first)
    assert (alert["name"], alert["description"]) == ("Disk 90 %", "b")
    assert {name: alert["labels"][name] for name in ("disk", "mount")} == {"disk": "sda", "mount": "/"}
    assert alert["last_seen_at"] > alert["first_seen_at"]
    incident = await incident_of(admin, "INC-1")
    assert incident["title"] == "Disk 80 %"


@pytest.mark.parametrize(
    ("minutes", "references"),
    [
        (0, ["INC-00000001", "INC-00000001"]),
        (9, ["INC-00000001", "INC-00000001"]),
        (11, ["INC-00000001", "INC-00000002"]),
    ],
)
async def test_the_same_service_within_the_window_is_one_incident(
    plane: Plane, admin: httpx.AsyncClient, minutes: int, references: list[str]
) -> None:
    first = await fired(admin)
    plane.clock.forward(minutes=minutes)
    second = await fired(admin, title="High memory")
    assert [first["incident_reference"], second["incident_reference"]] == references


async def test_the_window_slides_with_every_alert(plane: Plane, admin: httpx.AsyncClient) -> None:
    await fired(admin)
    plane.clock.forward(minutes=9)
    await fired(admin)
    plane.clock.forward(minutes=9)
    late = await fired(admin, title="High memory")
    assert (late["incident_reference"], late["dedup_strategy"]) == ("INC-00000001", "same_service_within_window")
    linked = data(await admin.get("/api/incidents/INC-1/alerts"))["items"]
    assert [(link["name"], link["rule"], link["confidence"]) for link in linked] == [
        ("High CPU", "same_service_within_window", 0.9),
        ("High memory", "same_service_within_window", 0.9),
    ]
    assert linked[1]["reason"].startswith("Same service payments-api (no environment named), 9 min ")
    assert linked[1]["reason"].endswith(" after the last alert of INC-00000001 (window 10 min)")


@pytest.mark.parametrize(
    "other",
    [
        {"service": "search-api"},
        {"environment": "staging"},
        {"service": None},
    ],
)
async def test_another_service_or_environment_is_another_incident(
    admin: httpx.AsyncClient, other: dict[str, Any]
) -> None:
    first = await fired(admin, environment="production")
    second = await fired(admin, **{"environment": "production", "title": "High memory", **other})
    assert (first["incident_reference"], second["incident_reference"]) == ("INC-00000001", "INC-00000002")
    assert second["group_id"] is None


async def test_without_a_service_the_senders_own_group_or_the_name_decides(admin: httpx.AsyncClient) -> None:
    body = {"groupKey": "g1", "alerts": [{"labels": {"alertname": "Down", "pod": pod}} for pod in "ab"]}
    grouped = data(await admin.post("/api/webhook", json=body, headers={"x-source": "alertmanager"}))
    assert [outcome["rule"] for outcome in grouped["alerts"]] == ["same_sender_group"] * 2
    named = [{"title": "Disk full", "host": host} for host in "ab"]
    answer = data(await admin.post("/api/webhook", json=named))
    assert [outcome["rule"] for outcome in answer["alerts"]] == ["same_alert_name"] * 2
    assert {outcome["incident_reference"] for outcome in answer["alerts"]} == {"INC-00000002"}


async def test_an_incident_ends_with_the_last_of_its_alerts(admin: httpx.AsyncClient) -> None:
    await fired(admin)
    await fired(admin, title="High memory")
    await admin.post("/api/webhook", json=resolved())
    incident = await incident_of(admin, "INC-1")
    assert (incident["status"], incident["alert_count"], incident["firing_count"]) == ("triggered", 2, 1)
    await admin.post("/api/webhook", json=resolved(title="High memory"))
    incident = await incident_of(admin, "INC-1")
    assert (incident["status"], incident["alert_count"], incident["firing_count"]) == ("resolved", 2, 0)
    assert incident["resolved_at"] is not None
    assert incident["acknowledged_at"] is None  # nobody did
    entries = await timeline_of(admin, "INC-1")
    assert [(entry["event_type"], entry["actor"], entry["actor_kind"]) for entry in entries] == [
        ("incident_created", "opsplane", "system"),
        ("alert_linked", "source:webhook", "source"),
        ("alert_linked", "source:webhook", "source"),
        ("alert_resolved", "source:webhook", "source"),
        ("alert_resolved", "source:webhook", "source"),
        *[("status_changed", "source:webhook", "source")] * 4,
    ]
    assert {entry["payload"].get("reason") for entry in entries[5:]} == {"all alerts resolved at their source"}


async def test_a_source_also_ends_what_somebody_acknowledged(admin: httpx.AsyncClient) -> None:
    await fired(admin)
    await admin.post("/api/incidents/INC-1/acknowledge", json={})
    await admin.post("/api/webhook", json=resolved())
    incident = await incident_of(admin, "INC-1")
    assert (incident["status"], incident["resolved_by"]) == ("resolved", "source:webhook")
    assert incident["acknowledged_at"] is not None
    assert moves(await timeline_of(admin, "INC-1")) == [
        ("triggered", "open"),
        ("open", "acknowledged"),
        ("acknowledged", "investigating"),
        ("investigating", "resolved"),
    ]


async def test_a_source_also_ends_what_somebody_edited_and_snoozed(admin: httpx.AsyncClient) -> None:
    await fired(admin)
    edit = {"title": "Payments are slow", "severity": "low", "service": "payments", "assignee": "ana@acme.example"}
    await admin.patch("/api/incidents/INC-1", json=edit)
    await admin.post("/api/incidents/INC-1/snooze", json={"duration": "1h"})
    await admin.post("/api/webhook", json=resolved())
    incident = await incident_of(admin, "INC-1")
    assert {name: incident[name] for name in edit} == edit
    assert (incident["status"], incident["firing_count"], incident["snoozed_until"]) == ("resolved", 0, None)


async def test_firing_again_after_a_resolve_opens_a_new_incident(admin: httpx.AsyncClient) -> None:
    first = await fired(admin)
    await admin.post("/api/webhook", json=resolved())
    second = await fired(admin)
    assert (first["incident_reference"], second["incident_reference"]) == ("INC-00000001", "INC-00000002")
    assert second["alerts"][0]["alert_id"] == first["alerts"][0]["alert_id"]
    alert = await alert_of(admin, second)
    assert (alert["status"], alert["occurrences"], alert["ends_at"]) == ("firing", 2, None)
    assert (alert["incident_reference"], alert["incident_id"]) == ("INC-00000002", second["incident_id"])
    assert (await incident_of(admin, "INC-1"))["status"] == "resolved"


async def test_firing_again_while_the_incident_is_open_stays_in_it(plane: Plane, admin: httpx.AsyncClient) -> None:
    await fired(admin)
    await fired(admin, title="High memory")
    await admin.post("/api/webhook", json=resolved())
    plane.clock.forward(hours=1)
    again = await fired(admin)
    assert again["incident_reference"] == "INC-00000001"
    incident = await incident_of(admin, "INC-1")
    assert (incident["alert_count"], incident["firing_count"]) == (2, 2)


async def test_a_person_ends_the_incident_and_its_alerts_with_it(admin: httpx.AsyncClient) -> None:
    first = await fired(admin)
    await fired(admin, title="High memory")
    data(await admin.post("/api/incidents/INC-1/resolve", json={"resolution": "scaled up"}))
    incident = await incident_of(admin, "INC-1")
    assert (incident["status"], incident["alert_count"], incident["firing_count"]) == ("resolved", 2, 0)
    assert (await alert_of(admin, first))["status"] == "resolved"
    late = data(await admin.post("/api/webhook", json=resolved()))
    assert (late["alerts"][0]["change"], late["incident_reference"]) == ("kept", "INC-00000001")
    again = await fired(admin)
    assert (again["incident_reference"], again["alerts"][0]["change"]) == ("INC-00000002", "fired")
    assert (await incident_of(admin, "INC-1"))["firing_count"] == 0


async def test_a_resolve_nobody_waited_for_is_kept_without_an_incident(admin: httpx.AsyncClient) -> None:
    answer = data(await admin.post("/api/webhook", json=resolved()))
    assert (answer["incident_id"], answer["alerts"][0]["change"]) == (None, "kept")
    alert = await alert_of(admin, answer)
    assert (alert["status"], alert["occurrences"], alert["incident_id"]) == ("resolved", 1, None)
    assert data(await admin.get("/api/incidents"))["total"] == 0


async def test_severity_is_only_raised_and_only_by_news(admin: httpx.AsyncClient) -> None:
    await fired(admin, severity="medium")
    await fired(admin, severity="critical")
    assert (await incident_of(admin, "INC-1"))["severity"] == "critical"
    await fired(admin, severity="info")
    assert (await incident_of(admin, "INC-1"))["severity"] == "critical"
    await admin.patch("/api/incidents/INC-1", json={"severity": "low"})
    await fired(admin, severity="info")
    assert (await incident_of(admin, "INC-1"))["severity"] == "low"
    await fired(admin, title="High memory", severity="high")
    assert (await incident_of(admin, "INC-1"))["severity"] == "high"
    changed = [e["payload"] for e in await timeline_of(admin, "INC-1") if e["event_type"] == "field_changed"]
    assert changed == [
        {"field": "severity", "from": "medium", "to": "critical"},
        {"field": "severity", "from": "critical", "to": "low"},
        {"field": "severity", "from": "low", "to": "high"},
    ]


async def test_a_downgrade_by_a_person_survives_repeats(admin: httpx.AsyncClient) -> None:
    await fired(admin, severity="critical")
    await admin.patch("/api/incidents/INC-1", json={"severity": "low"})
    await fired(admin, severity="critical")
    assert (await incident_of(admin, "INC-1"))["severity"] == "low"


async def test_fire_resolve_fire_inside_one_body(admin: httpx.AsyncClient) -> None:
    answer = data(await admin.post("/api/webhook", json=[generic_alert(), resolved(), generic_alert()]))
    assert [outcome["change"] for outcome in answer["alerts"]] == ["fired", "resolved", "fired"]
    assert len({outcome["alert_id"] for outcome in answer["alerts"]}) == 1
    assert {outcome["incident_reference"] for outcome in answer["alerts"]} == {"INC-00000001"}
    incident = await incident_of(admin, "INC-1")
    assert (incident["status"], incident["alert_count"], incident["firing_count"]) == ("triggered", 1, 1)
    alert = await alert_of(admin, answer)
    assert (alert["status"], alert["occurrences"], alert["ends_at"]) == ("firing", 2, None)
    assert [entry["event_type"] for entry in await timeline_of(admin, "INC-1")] == [
        "incident_created",
        "alert_linked",
        "alert_resolved",
    ]


async def test_fire_and_resolve_inside_one_body_leaves_the_whole_story(admin: httpx.AsyncClient) -> None:
    answer = data(await admin.post("/api/webhook", json=[generic_alert(), resolved()]))
    assert [outcome["change"] for outcome in answer["alerts"]] == ["fired", "resolved"]
    incident = await incident_of(admin, "INC-1")
    assert (incident["status"], incident["firing_count"], incident["resolved_by"]) == ("resolved", 0, "source:webhook")
    assert [entry["event_type"] for entry in await timeline_of(admin, "INC-1")] == [
        "incident_created",
        "alert_linked",
        "alert_resolved",
        *["status_changed"] * 4,
    ]


async def test_an_alert_that_comes_back_to_a_reopened_incident_is_one_alert_of_it(admin: httpx.AsyncClient) -> None:
    await fired(admin)
    await admin.post("/api/incidents/INC-1/resolve", json={})
    await fired(admin)
    await admin.patch("/api/incidents/INC-1", json={"status": "reopened"})
    await admin.post("/api/incidents/INC-2/resolve", json={})
    again = await fired(admin)
    assert again["incident_reference"] == "INC-00000001"
    incident = await incident_of(admin, "INC-1")
    linked = data(await admin.get("/api/incidents/INC-1/alerts"))
    assert (incident["alert_count"], incident["firing_count"], linked["total"]) == (1, 1, 1)


async def test_an_alert_that_gets_worse_does_not_lower_a_worse_incident(admin: httpx.AsyncClient) -> None:
    await fired(admin, severity="critical")
    await fired(admin, title="High memory", severity="low")
    await fired(admin, title="High memory", severity="high")
    assert (await incident_of(admin, "INC-1"))["severity"] == "critical"
    assert [e["event_type"] for e in await timeline_of(admin, "INC-1")] == [
        "incident_created",
        "alert_linked",
        "alert_linked",
    ]


async def test_an_alert_that_fires_again_while_its_incident_is_open_says_so(
    plane: Plane, admin: httpx.AsyncClient
) -> None:
    """Not the service rule: the alert may name another service by now, and no window is asked."""
    await fired(admin, title="High CPU")
    await fired(admin, title="High memory")
    await admin.post("/api/webhook", json=generic_alert(title="High CPU", status="resolved"))
    plane.clock.forward(minutes=11)
    again = await fired(admin, title="High CPU")
    assert again["alerts"][0]["rule"] == "same_alert_again"
    alert = data(await admin.get(f"/api/alerts/{again['alerts'][0]['alert_id']}"))
    assert (alert["link_rule"], alert["link_reason"]) == (
        "same_alert_again",
        "The same alert fired again while INC-00000001 was open",
    )


async def test_what_says_nothing_of_trouble_is_kept_but_opens_nothing(admin: httpx.AsyncClient) -> None:
    """A deploy event and a report of a resolution, as pipelines post them."""
    for body in (
        {"service": "payments-api", "image": "payments-api:v2.3.1", "actor": "ci-bot"},
        {"service_id": "payments-api", "resolution": "Scaled out.", "resolved_by": "ana", "tags": ["db-pool"]},
    ):
        response = await admin.post("/api/webhook", json=body)
        assert response.status_code == 202
        assert response.json()["data"]["error"] == "no title, text, severity or state: this is not an alert"
    assert data(await admin.get("/api/incidents"))["total"] == 0
    assert data(await admin.get("/api/webhook/dead-letter"))["total"] == 2


async def test_a_storm_refuses_nobodys_edit(admin: httpx.AsyncClient) -> None:
    """Repeats and further alerts are no new version of what people edit; a raised severity is."""
    await fired(admin, severity="medium")
    seen = (await admin.get("/api/incidents/INC-1")).headers["etag"]
    await fired(admin, severity="medium")
    await fired(admin, title="High memory", severity="medium")
    edited = await admin.patch("/api/incidents/INC-1", json={"title": "Checkout"}, headers={"if-match": seen})
    assert (edited.status_code, data(edited)["alert_count"]) == (200, 2)
    await fired(admin, severity="critical")
    stale = await admin.patch("/api/incidents/INC-1", json={"title": "x"}, headers={"if-match": edited.headers["etag"]})
    assert stale.status_code == 412
