"""The console's doors: rollouts and cells, for super-admins."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from control_plane.identity.rules import Role
from shared.contracts.fleet import FleetHealth, TenantRate
from tests.control_plane.provisioning.support import SHARED_URL, Fleet

HEALTHY = FleetHealth(
    queue_waiting=3,
    oldest_waiting_seconds=0.5,
    held=7,
    tenants=12,
    database_ms=1.5,
    requests_last_minute=900,
    errors_last_minute=9,
    busiest=[TenantRate(tenant_id="acme", requests=700)],
)
ROLLOUTS = "/api/tenants/rollouts"


async def started(fleet: Fleet, headers: dict[str, str]) -> dict[str, object]:
    await fleet.placed("acme", "globex")
    answer = await fleet.control.client.post(ROLLOUTS, json={"version": "2.0.0"}, headers=headers)
    assert answer.status_code == 201, answer.text
    data: dict[str, object] = answer.json()["data"]
    return data


async def test_a_rollout_is_started_read_and_followed(fleet: Fleet) -> None:
    headers = await fleet.control.super_admin()
    rollout = await started(fleet, headers)
    assert {name: rollout[name] for name in ("version", "state", "wave", "waves", "reason", "finished_at")} == {
        "version": "2.0.0",
        "state": "running",
        "wave": 1,
        "waves": 2,
        "reason": None,
        "finished_at": None,
    }
    assert rollout["started_by"] == "root@opsplane.example"
    assert rollout["tenants"] == {"waiting": 1, "rolling": 1, "done": 0, "failed": 0}
    path = f"{ROLLOUTS}/{rollout['id']}"
    await fleet.round()
    read = (await fleet.control.client.get(path, headers=headers)).json()["data"]
    assert (read["wave"], read["tenants"]["done"]) == (2, 1)
    turns = (await fleet.control.client.get(f"{path}/tenants", headers=headers)).json()["data"]
    assert [(turn["tenant_id"], turn["wave"], turn["state"]) for turn in turns["items"]] == [
        ("acme", 1, "done"),
        ("globex", 2, "rolling"),
    ]
    assert {turn["previous_version"] for turn in turns["items"]} == {"1.0.0"}


async def test_rollouts_and_turns_are_pages(fleet: Fleet) -> None:
    headers = await fleet.control.super_admin()
    first = await started(fleet, headers)
    await fleet.control.client.post(f"{ROLLOUTS}/{first['id']}/cancel", headers=headers)
    fleet.control.clock.offset += timedelta(seconds=1)
    second = await fleet.control.client.post(ROLLOUTS, json={"version": "3.0.0"}, headers=headers)
    seen, cursor = [], ""
    for _ in range(2):
        page = (await fleet.control.client.get(f"{ROLLOUTS}?limit=1{cursor}", headers=headers)).json()["data"]
        seen += [rollout["version"] for rollout in page["items"]]
        cursor = f"&cursor={page['next_cursor']}"
    assert (seen, page["total"], page["next_cursor"]) == (["3.0.0", "2.0.0"], 2, None)
    path, turns, cursor = f"{ROLLOUTS}/{second.json()['data']['id']}/tenants?limit=1", [], ""
    for _ in range(2):
        page = (await fleet.control.client.get(f"{path}{cursor}", headers=headers)).json()["data"]
        turns += [turn["tenant_id"] for turn in page["items"]]
        cursor = f"&cursor={page['next_cursor']}"
    assert (turns, page["total"], page["next_cursor"]) == (["acme", "globex"], 2, None)


async def test_lists_ask_the_database_the_same_number_of_times(fleet: Fleet) -> None:
    headers = await fleet.control.super_admin()
    counts: list[int] = []
    for version in ("2.0.0", "3.0.0", "4.0.0"):
        rollout = await fleet.start(version) if counts else await started(fleet, headers)
        with fleet.control.statements() as seen:
            await fleet.control.client.get(ROLLOUTS, headers=headers)
        counts.append(len(seen))
        identifier = rollout["id"] if isinstance(rollout, dict) else rollout.id
        await fleet.control.client.post(f"{ROLLOUTS}/{identifier}/cancel", headers=headers)
    assert len(set(counts)) == 1


async def test_what_is_not_possible_is_said(fleet: Fleet) -> None:
    headers = await fleet.control.super_admin()

    async def post(path: str, **body: str) -> tuple[int, str]:
        answer = await fleet.control.client.post(f"{ROLLOUTS}{path}", json=body or None, headers=headers)
        return answer.status_code, answer.json()["code"]

    assert await post("", version="2.0.0") == (409, "CONFLICT")
    rollout = await started(fleet, headers)
    assert await post("", version="3.0.0") == (409, "ROLLOUT_OPEN")
    assert await post("", version="no spaces") == (422, "VALIDATION_ERROR")
    assert await post("", version="-x") == (422, "VALIDATION_ERROR")
    assert await post(f"/{rollout['id']}/resume") == (400, "INVALID_TRANSITION")
    await fleet.control.client.post(f"{ROLLOUTS}/{rollout['id']}/cancel", headers=headers)
    assert await post(f"/{rollout['id']}/cancel") == (400, "INVALID_TRANSITION")
    assert await post("", version="3.0.0", canary="nobody") == (422, "VALIDATION_ERROR")
    for path in (f"/{uuid4()}/resume", f"/{uuid4()}/cancel"):
        assert await post(path) == (404, "NOT_FOUND")
    assert await fleet.control.sql("select version, state from rollouts") == [("2.0.0", "cancelled")]


async def test_a_double_click_starts_one(fleet: Fleet) -> None:
    headers = {**await fleet.control.super_admin(), "idempotency-key": "k1"}
    first = await started(fleet, headers)
    again = await fleet.control.client.post(ROLLOUTS, json={"version": "2.0.0"}, headers=headers)
    assert again.json()["data"] == first
    assert await fleet.control.sql("select count(*) from rollouts") == [(1,)]


async def test_cells_show_what_planes_said(fleet: Fleet) -> None:
    headers = await fleet.control.super_admin()
    await fleet.placed("acme", "globex")
    fleet.planes.said = {SHARED_URL: HEALTHY, "http://api.tenant-acme.svc": HEALTHY}
    await fleet.rounds.look_at_planes()
    cells = await listed(fleet.control.client, headers)
    assert [(cell["name"], cell["placement"], cell["version"], cell["ready"]) for cell in cells] == [
        ("acme", "dedicated", "1.0.0", True),
        ("globex", "dedicated", "1.0.0", False),
        ("shared", "shared", None, True),
    ]
    assert cells[1]["last_error"] == "The plane does not answer."
    assert (cells[1]["tenants"], cells[1]["answered_at"]) == (None, None)
    numbers = {name: cells[2][name] for name in FleetHealth.model_fields}
    assert numbers == HEALTHY.model_dump()


async def test_numbers_stay_when_a_plane_stops_answering(fleet: Fleet) -> None:
    headers = await fleet.control.super_admin()
    fleet.planes.said = {SHARED_URL: HEALTHY}
    await fleet.rounds.look_at_planes()
    fleet.planes.said.clear()
    fleet.control.clock.offset += timedelta(minutes=1)
    await fleet.rounds.look_at_planes()
    (cell,) = await listed(fleet.control.client, headers)
    assert (cell["ready"], cell["queue_waiting"]) == (False, 3)
    assert cell["answered_at"] < cell["looked_at"]


async def test_what_the_cluster_said_is_shown_for_a_plane_that_never_came_up(fleet: Fleet) -> None:
    headers = await fleet.control.super_admin()
    fleet.fake.missing.add("HTTPRoute")
    await fleet.is_ready(await fleet.tenant("acme"))
    await fleet.rounds.look_at_planes()
    cells = await listed(fleet.control.client, headers)
    assert "does not know HTTPRoute" in cells[0]["last_error"]


async def test_a_plane_that_is_removed_is_no_cell(fleet: Fleet) -> None:
    headers = await fleet.control.super_admin()
    await fleet.placed("acme")
    await fleet.rounds.look_at_planes()
    await fleet.placement.remove("acme")
    await fleet.round()
    assert [cell["name"] for cell in await listed(fleet.control.client, headers)] == ["shared"]


async def test_orphans_are_listed(fleet: Fleet) -> None:
    headers = await fleet.control.super_admin()
    await fleet.placed("acme", "globex")
    await fleet.control.execute("delete from deployments")
    await fleet.control.execute("update tenants set placement = 'shared'")
    await fleet.rounds.sweep_orphans()
    fleet.control.clock.offset += timedelta(minutes=1)
    await fleet.rounds.sweep_orphans()
    seen, cursor = [], ""
    for _ in range(2):
        answer = await fleet.control.client.get(f"/api/tenants/cells/orphans?limit=1{cursor}", headers=headers)
        page = answer.json()["data"]
        seen += [(orphan["namespace"], orphan["tenant_id"]) for orphan in page["items"]]
        assert page["items"][0]["first_seen_at"] < page["items"][0]["last_seen_at"]
        cursor = f"&cursor={page['next_cursor']}"
    assert (seen, page["total"]) == ([("tenant-acme", "acme"), ("tenant-globex", "globex")], 2)


async def test_a_tenants_name_hides_no_door(fleet: Fleet) -> None:
    """Written segments go before parameters, whatever a tenant is called."""
    headers = await fleet.control.super_admin()
    answers = [
        await fleet.control.client.get(f"/api/tenants/{name}", headers=headers) for name in ("cells", "rollouts")
    ]
    assert [answer.json()["data"]["items"] for answer in answers] == [[], []]


@pytest.mark.parametrize("role", list(Role))
async def test_members_of_a_tenant_see_and_start_nothing(fleet: Fleet, role: Role) -> None:
    headers = await fleet.control.member(role)
    client, some = fleet.control.client, uuid4()
    answers = [
        await client.get("/api/tenants/cells", headers=headers),
        await client.get("/api/tenants/cells/orphans", headers=headers),
        await client.get(ROLLOUTS, headers=headers),
        await client.get(f"{ROLLOUTS}/{some}", headers=headers),
        await client.get(f"{ROLLOUTS}/{some}/tenants", headers=headers),
        await client.post(ROLLOUTS, json={"version": "2.0.0"}, headers=headers),
        await client.post(f"{ROLLOUTS}/{some}/resume", headers=headers),
        await client.post(f"{ROLLOUTS}/{some}/cancel", headers=headers),
    ]
    assert {answer.status_code for answer in answers} == {403}
    assert await fleet.control.sql("select id from rollouts") == []


async def listed(client: httpx.AsyncClient, headers: dict[str, str]) -> list[dict[str, Any]]:
    answer = await client.get("/api/tenants/cells", headers=headers)
    items: list[dict[str, Any]] = answer.json()["data"]["items"]
    return items
