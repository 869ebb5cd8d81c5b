"""Changing an incident: fields, one step of the state machine, ETags, and the verbs that walk."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest

from shared.tx import Tenant
from tenant_plane.incidents.rules import NEXT, Status, steps_to
from tests.support.tenant_plane import (
    Plane,
    data,
    fields_of,
    incident_of,
    later,
    moves,
    opened,
    refused,
    timeline_of,
)

PATH = "/api/incidents/INC-1"


async def brought_to(client: httpx.AsyncClient, status: Status) -> dict[str, Any]:
    """A new incident that was walked to a status, step by step."""
    incident = await opened(client)
    for step in steps_to(Status.TRIGGERED, status) or []:
        incident = data(await client.patch(f"/api/incidents/{incident['id']}", json={"status": step}))
    return incident


@pytest.mark.parametrize("status", Status)
async def test_a_patch_takes_one_step_and_only_a_legal_one(
    plane: Plane, tenant: Tenant, admin: httpx.AsyncClient, status: Status
) -> None:
    incident = await brought_to(admin, status)
    assert (incident["status"], incident["next_statuses"]) == (status, list(NEXT[status]))
    illegal = [wanted for wanted in Status if wanted not in (status, *NEXT[status])]
    async with plane.unchanged(tenant):
        for wanted in illegal:
            error = refused(await admin.patch(PATH, json={"status": wanted}), 400, "INVALID_TRANSITION")
            possible = ", ".join(NEXT[status]) or "nothing"
            assert error["detail"] == f"An incident that is {status} cannot become {wanted}; possible: {possible}."
        assert data(await admin.patch(PATH, json={"status": status})) == incident
    for wanted in NEXT[status][:1]:
        assert data(await admin.patch(PATH, json={"status": wanted}))["status"] == wanted


async def test_a_refused_step_takes_no_field_with_it(plane: Plane, tenant: Tenant, admin: httpx.AsyncClient) -> None:
    await opened(admin)
    async with plane.unchanged(tenant):
        response = await admin.patch(PATH, json={"title": "x", "severity": "low", "status": "resolved"})
        refused(response, 400, "INVALID_TRANSITION")
        assert (await admin.patch(f"{PATH}?profile=k8s", json={"status": "closed"})).status_code == 409


async def test_what_each_step_writes_down(plane: Plane, tenant: Tenant, admin: httpx.AsyncClient) -> None:
    me = f"admin@{tenant.id}.example"
    await opened(admin)
    walk = ("open", "acknowledged", "investigating", "resolved", "reopened", "investigating", "resolved", "closed")
    seen = []
    for step in walk:
        plane.clock.forward(minutes=1)
        incident = data(await admin.patch(PATH, json={"status": step}))
        seen.append([incident[name] is not None for name in ("acknowledged_at", "resolved_at", "closed_at")])
        assert incident["updated_at"] > incident["created_at"]
    assert seen == [
        [False, False, False],
        [True, False, False],
        [True, False, False],
        [True, True, False],
        [True, False, False],
        [True, False, False],
        [True, True, False],
        [True, True, True],
    ]
    assert (incident["resolved_by"], incident["version"]) == (me, 9)
    entries = [e for e in await timeline_of(admin, "INC-1") if e["event_type"] == "status_changed"]
    assert [e["payload"] for e in entries] == [
        {"from": before, "to": after} for before, after in zip(("triggered", *walk), walk, strict=False)
    ]
    assert {(e["actor"], e["actor_kind"]) for e in entries} == {(me, "user")}


async def test_what_is_absent_stays_and_what_is_null_goes(admin: httpx.AsyncClient) -> None:
    before = await opened(admin, service="checkout", environment="production", assignee="ana@acme.example")
    after = data(await admin.patch(PATH, json={"service": None, "assignee": None}))
    assert (after["service"], after["assignee"], after["environment"]) == (None, None, "production")
    unchanged = set(before) - {"service", "assignee", "version", "updated_at"}
    assert {name: after[name] for name in unchanged} == {name: before[name] for name in unchanged}
    changed = [e["payload"] for e in await timeline_of(admin, "INC-1") if e["event_type"] == "field_changed"]
    assert changed == [
        {"field": "service", "from": "checkout", "to": None},
        {"field": "assignee", "from": "ana@acme.example", "to": None},
    ]


async def test_every_field_that_people_edit(admin: httpx.AsyncClient) -> None:
    await opened(admin)
    edit = {
        "title": "Pay is slow",
        "description": "Since noon",
        "severity": "low",
        "service": "pay",
        "environment": "staging",
        "assignee": "bo@acme.example",
        "ci_ids": ["ci-9"],
        "resolution_notes": "restarted",
        "resolved_by": "bo",
    }
    response = await admin.patch(PATH, json=edit)
    after = data(response)
    assert {name: after[name] for name in edit} == edit
    assert (after["priority"], after["version"], response.headers["etag"]) == ("P4", 2, '"2"')
    assert await incident_of(admin, "INC-1") == after
    changed = [e["payload"]["field"] for e in await timeline_of(admin, "INC-1") if e["event_type"] == "field_changed"]
    assert sorted(changed) == sorted(edit)


@pytest.mark.parametrize(
    "body", [{}, {"title": "Checkout is down"}, {"severity": "P2"}, {"ci_ids": [], "service": None}]
)
async def test_a_change_that_changes_nothing_leaves_no_trace(
    plane: Plane, tenant: Tenant, admin: httpx.AsyncClient, body: dict[str, Any]
) -> None:
    before = await opened(admin)
    async with plane.unchanged(tenant):
        assert data(await admin.patch(PATH, json=body)) == before


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"title": None}, ["body.title"]),
        ({"title": ""}, ["body.title"]),
        ({"description": None}, ["body.description"]),
        ({"severity": None}, ["body.severity"]),
        ({"severity": "urgent"}, ["body.severity"]),
        ({"status": None}, ["body.status"]),
        ({"status": "sleeping"}, ["body.status"]),
        ({"ci_ids": None}, ["body.ci_ids"]),
        ({"service": ""}, ["body.service"]),
        ({"version": 7}, ["body.version"]),
        ({"id": "x", "reference": "INC-2"}, ["body.id", "body.reference"]),
        ({"resolution_notes": "x" * 20_001}, ["body.resolution_notes"]),
        ([], ["body"]),
    ],
)
async def test_a_change_that_is_not_one(
    plane: Plane, tenant: Tenant, admin: httpx.AsyncClient, body: Any, fields: list[str]
) -> None:
    await opened(admin)
    async with plane.unchanged(tenant):
        assert fields_of(refused(await admin.patch(PATH, json=body), 422, "VALIDATION_ERROR")) == fields


@pytest.mark.parametrize("etag", ['"1"', "1", 'W/"1"', "*", ' "1" '])
async def test_who_edits_the_newest_version_may(admin: httpx.AsyncClient, etag: str) -> None:
    await opened(admin)
    response = await admin.patch(PATH, json={"title": "x"}, headers={"if-match": etag})
    assert (data(response)["version"], response.headers["etag"]) == (2, '"2"')


async def test_who_edits_an_older_version_hears_who_was_faster(
    plane: Plane, tenant: Tenant, admin: httpx.AsyncClient
) -> None:
    await opened(admin)
    async with plane.client(tenant, "operator") as operator:
        changed = data(await operator.patch(PATH, json={"title": "Pay is slow"}, headers={"if-match": '"1"'}))
    async with plane.unchanged(tenant):
        response = await admin.patch(PATH, json={"title": "Mine"}, headers={"if-match": '"1"'})
        error = refused(response, 412, "PRECONDITION_FAILED")
    assert error["detail"] == (
        f"INC-00000001 was changed by operator@{tenant.id}.example at {changed['updated_at']} (field changed);"
        " read it again."
    )
    async with plane.unchanged(tenant):
        refused(
            await admin.patch(PATH, json={"title": "Mine"}, headers={"if-match": '"3"'}), 412, "PRECONDITION_FAILED"
        )


@pytest.mark.parametrize("etag", ["", "abc", '"abc"', '"1", "2"', "-1", '"9999999999999999999"'])
async def test_an_if_match_that_is_none(plane: Plane, tenant: Tenant, admin: httpx.AsyncClient, etag: str) -> None:
    await opened(admin)
    async with plane.unchanged(tenant):
        refused(await admin.patch(PATH, json={"title": "x"}, headers={"if-match": etag}), 400, "BAD_REQUEST")


async def test_of_two_editors_at_once_one_wins(plane: Plane, tenant: Tenant, admin: httpx.AsyncClient) -> None:
    await opened(admin)
    patches = [admin.patch(PATH, json={"title": f"Title {n}"}, headers={"if-match": '"1"'}) for n in range(10)]
    statuses = sorted(response.status_code for response in await asyncio.gather(*patches))
    assert statuses == [200, *[412] * 9]
    assert (await incident_of(admin, "INC-1"))["version"] == 2


@pytest.mark.parametrize(
    ("status", "after", "steps"),
    [
        (Status.TRIGGERED, "acknowledged", [("triggered", "open"), ("open", "acknowledged")]),
        (Status.OPEN, "acknowledged", [("open", "acknowledged")]),
        (Status.ACKNOWLEDGED, "acknowledged", []),
        (Status.INVESTIGATING, "investigating", []),
        (Status.REOPENED, "investigating", [("reopened", "investigating")]),
    ],
)
async def test_acknowledging_walks(
    tenant: Tenant, admin: httpx.AsyncClient, status: Status, after: str, steps: list[tuple[str, str]]
) -> None:
    await brought_to(admin, status)
    before = len(moves(await timeline_of(admin, "INC-1")))
    incident = data(await admin.post(f"{PATH}/acknowledge", json={}))
    assert incident["status"] == after
    assert moves(await timeline_of(admin, "INC-1"))[before:] == steps
    assert incident["assignee"] == (f"admin@{tenant.id}.example" if steps else None)
    again = data(await admin.post(f"{PATH}/acknowledge"))
    assert again == incident


async def test_acknowledging_leaves_the_assignee_alone(admin: httpx.AsyncClient) -> None:
    await opened(admin, assignee="ana@acme.example")
    assert data(await admin.post(f"{PATH}/acknowledge", json={}))["assignee"] == "ana@acme.example"


@pytest.mark.parametrize("status", [s for s in Status if s not in (Status.RESOLVED, Status.CLOSED)])
async def test_resolving_walks_and_records_every_step(tenant: Tenant, admin: httpx.AsyncClient, status: Status) -> None:
    await brought_to(admin, status)
    before = len(moves(await timeline_of(admin, "INC-1")))
    incident = data(await admin.post(f"{PATH}/resolve", json={"resolution": "restarted"}))
    assert (incident["status"], incident["resolution_notes"]) == ("resolved", "restarted")
    assert incident["resolved_by"] == f"admin@{tenant.id}.example"
    assert incident["resolved_at"] is not None
    walked = moves(await timeline_of(admin, "INC-1"))[before:]
    assert [after for _, after in walked] == steps_to(status, Status.RESOLVED)


@pytest.mark.parametrize("status", [Status.RESOLVED, Status.CLOSED])
async def test_what_is_over_stays_over(plane: Plane, tenant: Tenant, admin: httpx.AsyncClient, status: Status) -> None:
    await brought_to(admin, status)
    ended = data(await admin.get(PATH))
    who_and_when = f"{ended['resolved_by']} resolved it at {ended['resolved_at']}"
    async with plane.unchanged(tenant):
        for verb, body in (("acknowledge", {}), ("resolve", {"resolution": "x"}), ("snooze", {"duration": "1h"})):
            error = refused(await admin.post(f"{PATH}/{verb}", json=body), 409, "CONFLICT")
            assert error["detail"] == f"INC-00000001 is already {status}: {who_and_when}."


@pytest.mark.parametrize(
    ("verb", "body", "fields"),
    [
        ("acknowledge", {"note": "x"}, ["body.note"]),
        ("resolve", {"resolution": 5}, ["body.resolution"]),
        ("resolve", {"resolved_by": "x"}, ["body.resolved_by"]),
        ("snooze", {}, ["body"]),
        ("snooze", {"duration": "1h", "until": "2030-01-01T00:00:00Z"}, ["body"]),
        ("snooze", {"duration": "soon"}, ["body.duration"]),
        ("snooze", {"duration": "0s"}, ["body.duration"]),
        ("snooze", {"duration": "31d"}, ["body.duration"]),
        ("snooze", {"duration": "99999d"}, ["body.duration"]),
        ("snooze", {"duration": "99999d" * 6}, ["body.duration"]),
        ("snooze", {"duration": "99999d" * 20_000}, ["body.duration"]),
        ("snooze", {"duration": 60}, ["body.duration"]),
        ("snooze", {"until": "2020-01-01T00:00:00Z"}, ["body.until"]),
        ("snooze", {"until": "9999-12-31T23:59:59Z"}, ["body.until"]),
        ("snooze", {"until": "0001-01-01T00:00:00+14:00"}, ["body.until"]),
        ("snooze", {"until": "tomorrow"}, ["body.until"]),
        ("notes", {}, ["body.text"]),
        ("notes", {"text": ""}, ["body.text"]),
        ("notes", {"text": "x" * 20_001}, ["body.text"]),
        ("notes", {"text": "a\x00"}, ["body.text"]),
        ("notes", {"text": "x", "occurred_at": "9000-01-01T00:00:00Z"}, ["body.occurred_at"]),
    ],
)
async def test_a_verb_with_a_wrong_body(
    plane: Plane, tenant: Tenant, admin: httpx.AsyncClient, verb: str, body: dict[str, Any], fields: list[str]
) -> None:
    await opened(admin)
    async with plane.unchanged(tenant):
        error = refused(await admin.post(f"{PATH}/{verb}", json=body), 422, "VALIDATION_ERROR")
    assert fields_of(error) == fields


async def test_a_snooze_ends_by_itself(plane: Plane, tenant: Tenant, admin: httpx.AsyncClient) -> None:
    await opened(admin)
    await opened(admin)
    snoozed = data(await admin.post(f"{PATH}/snooze", json={"duration": "1h30m"}))
    data(await admin.post("/api/incidents/INC-2/snooze", json={"duration": "3h"}))
    assert snoozed["snoozed_until"] is not None
    await plane.tick("end_snoozes")
    assert await incident_of(admin, "INC-1") == snoozed
    plane.clock.forward(minutes=91)
    await plane.tick("end_snoozes")
    after = await incident_of(admin, "INC-1")
    assert (after["snoozed_until"], after["status"], after["version"]) == (None, "triggered", 3)
    entries = [e for e in await timeline_of(admin, "INC-1") if e["event_type"].startswith("snooze")]
    assert [(e["event_type"], e["actor_kind"]) for e in entries] == [("snoozed", "user"), ("snooze_ended", "system")]
    assert (await incident_of(admin, "INC-2"))["snoozed_until"] is not None
    async with plane.unchanged(tenant):
        await plane.tick("end_snoozes")


async def test_a_snooze_until_a_time_of_any_zone(admin: httpx.AsyncClient) -> None:
    await opened(admin)
    until = later(hours=2).replace("+00:00", "")
    utc = data(await admin.post(f"{PATH}/snooze", json={"until": until + "Z"}))["snoozed_until"]
    assert utc == until[:23] + "Z"
    assert data(await admin.post(f"{PATH}/snooze", json={"until": until}))["snoozed_until"] == utc
    away = data(await admin.post(f"{PATH}/snooze", json={"until": until + "-05:00"}))["snoozed_until"]
    assert away > utc


async def test_resolving_ends_a_snooze(admin: httpx.AsyncClient) -> None:
    await opened(admin)
    await admin.post(f"{PATH}/snooze", json={"duration": "1h"})
    assert data(await admin.post(f"{PATH}/resolve", json={}))["snoozed_until"] is None


async def test_an_operator_may_do_what_an_admin_may(plane: Plane, tenant: Tenant) -> None:
    async with plane.client(tenant, "operator") as operator:
        await opened(operator)
        assert data(await operator.patch(PATH, json={"severity": "low"}))["severity"] == "low"
        assert data(await operator.post(f"{PATH}/acknowledge", json={}))["status"] == "acknowledged"
        assert data(await operator.post(f"{PATH}/resolve", json={}))["status"] == "resolved"


async def test_a_day_of_thirty_is_the_longest_snooze(plane: Plane, admin: httpx.AsyncClient) -> None:
    await opened(admin)
    until = data(await admin.post(f"{PATH}/snooze", json={"duration": "30d"}))["snoozed_until"]
    assert until.startswith((plane.clock() + timedelta(days=30)).strftime("%Y-%m-%d"))
