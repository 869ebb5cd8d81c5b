"""The numbers of the overview: what they count, and that they are empty where there is nothing to measure."""

from datetime import timedelta
from typing import Any

import httpx

from tests.support.tenant_plane import Plane, asked, data, fired, generic_alert, graph_errors, opened

EMPTY = """{ overview { openBySeverity { severity count } notAcknowledged lastOpenedAt quietSince firingAlerts alerts24h
    duplicates24h incidents24h daily { day } previous { incidents mttaMedianSeconds } current { incidents
    mttrMedianSeconds } noisyServices { service } sources { source } } }"""


async def overview(client: httpx.AsyncClient, fields: str) -> dict[str, Any]:
    found: dict[str, Any] = (await asked(client, f"{{ overview {{ {fields} }} }}"))["overview"]
    return found


async def test_a_tenant_without_anything(viewer: httpx.AsyncClient) -> None:
    assert (await asked(viewer, EMPTY))["overview"] == {
        "openBySeverity": [{"severity": name, "count": 0} for name in ("CRITICAL", "HIGH", "MEDIUM", "LOW", "INFO")],
        "notAcknowledged": 0,
        "lastOpenedAt": None,
        "quietSince": None,
        "firingAlerts": 0,
        "alerts24h": 0,
        "duplicates24h": 0,
        "incidents24h": 0,
        "daily": [],
        "previous": {"incidents": 0, "mttaMedianSeconds": None},
        "current": {"incidents": 0, "mttrMedianSeconds": None},
        "noisyServices": [],
        "sources": [],
    }


async def test_what_is_open(admin: httpx.AsyncClient) -> None:
    for severity in ("critical", "high", "high", "low"):
        await opened(admin, severity=severity)
    await admin.post("/api/incidents/INC-2/acknowledge", json={})
    resolved = data(await admin.post("/api/incidents/INC-3/resolve", json={}))
    found = await overview(
        admin, "openBySeverity { severity count } notAcknowledged lastOpenedAt quietSince incidents24h"
    )
    assert {row["severity"]: row["count"] for row in found["openBySeverity"]} == {
        "CRITICAL": 1,
        "HIGH": 1,
        "MEDIUM": 0,
        "LOW": 1,
        "INFO": 0,
    }
    assert (found["notAcknowledged"], found["quietSince"], found["incidents24h"]) == (2, None, 4)
    assert found["lastOpenedAt"] == data(await admin.get("/api/incidents/INC-4"))["created_at"]
    await admin.post("/api/incidents/INC-2/resolve", json={})
    last = data(await admin.post("/api/incidents/INC-1/resolve", json={}))
    assert last["resolved_at"] > resolved["resolved_at"]
    assert (await overview(admin, "quietSince"))["quietSince"] == last["resolved_at"]


async def test_how_long_it_took(plane: Plane, admin: httpx.AsyncClient) -> None:
    for minutes in (10, 20, 60):
        incident = await opened(admin)
        plane.clock.forward(minutes=minutes)
        await admin.post(f"/api/incidents/{incident['id']}/acknowledge", json={})
        plane.clock.forward(minutes=minutes)
        await admin.post(f"/api/incidents/{incident['id']}/resolve", json={})
    await opened(admin)
    found = (await overview(admin, "current { incidents acknowledged resolved mttaMedianSeconds mttrMedianSeconds }"))[
        "current"
    ]
    assert (found["incidents"], found["acknowledged"], found["resolved"]) == (4, 3, 3)
    assert round(found["mttaMedianSeconds"] / 60) == 20
    assert round(found["mttrMedianSeconds"] / 60) == 40
    plane.clock.forward(days=31)
    periods = await overview(admin, "current { incidents mttaMedianSeconds } previous { incidents mttrMedianSeconds }")
    assert periods["current"] == {"incidents": 0, "mttaMedianSeconds": None}
    assert periods["previous"]["incidents"] == 4
    assert round(periods["previous"]["mttrMedianSeconds"] / 60) == 40


async def test_day_by_day(plane: Plane, admin: httpx.AsyncClient) -> None:
    days = []
    for number in (1, 2):
        for _ in range(number):
            incident = await opened(admin)
            await admin.post(f"/api/incidents/{incident['id']}/acknowledge", json={})
        days.append((plane.clock().date().isoformat(), number))
        plane.clock.forward(days=2)
    fields = "daily { day incidents mttaMedianSeconds mttaP90Seconds mttrMedianSeconds mttrP90Seconds }"
    daily = (await overview(admin, fields))["daily"]
    assert [(row["day"], row["incidents"]) for row in daily] == days
    assert all(0 <= row["mttaMedianSeconds"] <= row["mttaP90Seconds"] < 5 for row in daily)
    assert {row["mttrMedianSeconds"] for row in daily} == {None}
    assert (await overview(admin, "daily(days: 3) { incidents }"))["daily"] == [{"incidents": 2}]


async def test_alerts_of_a_day_and_who_sent_them(plane: Plane, admin: httpx.AsyncClient) -> None:
    for _ in range(3):
        await fired(admin)
    await fired(admin, title="High memory", service="search")
    await admin.post("/api/webhook", json=generic_alert(status="resolved"))
    await admin.post("/api/webhook", json={"title": "Down"}, headers={"x-source": "nagios"})
    await admin.post("/api/webhook", content=b"[]", headers={"x-source": "grafana"})
    found = await overview(
        admin,
        "firingAlerts alerts24h duplicates24h sources { source events24h deadLetters24h }"
        " noisyServices { service alerts incidents autoResolvedWithin5Minutes }",
    )
    assert (found["firingAlerts"], found["alerts24h"], found["duplicates24h"]) == (2, 6, 2)
    assert found["sources"] == [
        {"source": "grafana", "events24h": 0, "deadLetters24h": 1},
        {"source": "nagios", "events24h": 1, "deadLetters24h": 0},
        {"source": "webhook", "events24h": 5, "deadLetters24h": 0},
    ]
    assert found["noisyServices"] == [
        {"service": "payments-api", "alerts": 3, "incidents": 1, "autoResolvedWithin5Minutes": 1},
        {"service": "search", "alerts": 1, "incidents": 1, "autoResolvedWithin5Minutes": 0},
    ]
    plane.clock.forward(hours=25)
    later = await overview(admin, "firingAlerts alerts24h duplicates24h sources { source }")
    assert later == {"firingAlerts": 2, "alerts24h": 0, "duplicates24h": 0, "sources": []}
    plane.clock.ahead = timedelta(days=8)
    assert (await overview(admin, "noisyServices { service }"))["noisyServices"] == []


async def test_bounds_of_what_may_be_asked_for(admin: httpx.AsyncClient) -> None:
    for field in ("daily(days: 0) { day }", "daily(days: 91) { day }", "noisyServices(first: 0) { service }"):
        (error,) = await graph_errors(admin, f"{{ overview {{ {field} }} }}")
        assert error["extensions"]["code"] == "VALIDATION_ERROR"
