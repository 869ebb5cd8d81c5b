"""What the control plane reads: usage of all tenants in pages, and how the plane is doing."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from shared.contracts.fleet import FleetHealth
from shared.contracts.tenants import Standing
from shared.contracts.usage import UsageReport
from shared.tx import Tenant
from tenant_plane import reports
from tests.support.tenant_plane import Plane, data, fired, generic_alert, opened, refused

TODAY = datetime.now(UTC).date()


async def reported(plane: Plane, since: Any = TODAY) -> list[Any]:
    """All pages."""
    items, after = [], ""
    async with plane.control_plane() as control:
        while True:
            answer = await control.get("/internal/usage", params={"since": str(since), "after": after})
            report = UsageReport.model_validate_json(answer.content)
            items += report.items
            if report.next_after is None:
                return items
            after = report.next_after


def of(items: list[Any], tenant: Tenant) -> set[tuple[str, int]]:
    return {(item.metric, item.amount) for item in items if item.tenant_id == tenant.id and item.day == TODAY}


async def test_usage_of_all_tenants(plane: Plane, tenant: Tenant, admin: httpx.AsyncClient) -> None:
    other = await plane.new_tenant()
    await fired(admin)
    await fired(admin)
    for scope in ("viewer", "ingestion", "ingestion"):
        await admin.post("/api/apikeys", json={"name": "ci", "scope": scope})
    await plane.app.state.requests.save()
    items = await reported(plane)
    counted = {("events", 2), ("incidents", 1), ("requests", 3), ("api_keys", 1), ("integrations", 2), ("held", 0)}
    assert of(items, tenant) == counted
    assert of(items, other) == {("api_keys", 0), ("integrations", 0), ("held", 0)}


async def test_days_before_the_asked_one_are_left_out(plane: Plane, tenant: Tenant, admin: httpx.AsyncClient) -> None:
    for ago in (0, 1, 40):
        sql = "insert into usage_days values ('events', $1, $2)"
        await plane.rows(tenant, sql, TODAY - timedelta(days=ago), 100 + ago)
    items = [item for item in await reported(plane, TODAY - timedelta(days=1)) if item.metric == "events"]
    mine = [(item.day, item.amount) for item in items if item.tenant_id == tenant.id]
    assert mine == [(TODAY - timedelta(days=1), 101), (TODAY, 100)]


async def test_pages_of_tenants_meet_without_a_gap(plane: Plane, monkeypatch: pytest.MonkeyPatch) -> None:
    tenants = {(await plane.new_tenant()).id for _ in range(5)}
    whole = await reported(plane)
    monkeypatch.setattr(reports, "TENANTS_IN_A_PAGE", 2)
    paged = await reported(plane)
    assert paged == whole
    assert tenants <= {item.tenant_id for item in paged}


async def test_a_broken_tenant_does_not_hide_the_others(plane: Plane, tenant: Tenant, admin: httpx.AsyncClient) -> None:
    broken = await plane.new_tenant("a-broken-one")
    await plane.rows(broken, "alter table usage_days rename to lost")
    await fired(admin)
    items = await reported(plane)
    assert ("events", 1) in of(items, tenant)
    assert of(items, broken) == set()
    await plane.rows(broken, "alter table lost rename to usage_days")


@pytest.mark.parametrize("query", ["", "?since=yesterday", "?since=2026-01-01&more=1"])
async def test_what_is_no_question(plane: Plane, query: str) -> None:
    async with plane.control_plane() as control:
        refused(await control.get(f"/internal/usage{query}"), 422, "VALIDATION_ERROR")


@pytest.mark.parametrize("path", ["/internal/usage?since=2026-01-01", "/internal/fleet"])
async def test_nobody_else_may_ask(plane: Plane, admin: httpx.AsyncClient, path: str) -> None:
    async with plane.client() as nobody:
        for client in (admin, nobody):
            refused(await client.get(path), 401, "UNAUTHORIZED")


async def test_a_control_plane_that_dies_while_it_asks_is_no_error_of_ours(plane: Plane, tenant: Tenant) -> None:
    """Its connection closes before the body is read; nothing was asked, so nothing is to be told as a defect."""

    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    said: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        said.append(message)

    async with plane.control_plane() as control:
        authorization = control.headers["authorization"].encode()
    path = f"/internal/tenants/{tenant.id}"
    request = {"type": "http", "method": "PUT", "path": path, "query_string": b"", "root_path": ""}
    with capture_logs() as logs:
        await plane.app({**request, "headers": [(b"authorization", authorization)]}, receive, send)
    assert said[0]["status"] == 400
    assert [line["event"] for line in logs] == ["request"]


async def test_how_the_plane_is_doing(
    plane: Plane, tenant: Tenant, admin: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With all that is held, on however many pages; what can't be counted is left out."""
    monkeypatch.setattr(reports, "HELD_TENANTS_IN_A_PAGE", 1)
    other, broken = await plane.new_tenant(), await plane.new_tenant()
    await plane.rows(broken, "update plane.tenants set held_since = now() where tenant_id = $1", broken.id)
    await plane.rows(broken, "alter table held_payloads rename to lost")
    async with plane.control_plane() as control:
        before = FleetHealth.model_validate_json((await control.get("/internal/fleet")).content)
        await opened(admin)
        async with plane.client(other) as others:
            for held, client in ((tenant, admin), (other, others)):
                await plane.set_wanted(held, Standing.SUSPENDED)
                data(await client.post("/api/webhook", json=generic_alert()), 202)
                await plane.set_wanted(held)
        await plane.new_tenant()
        after = FleetHealth.model_validate_json((await control.get("/internal/fleet")).content)
    assert after.queue_waiting == before.queue_waiting + 1
    assert after.held == before.held + 2
    assert after.tenants == before.tenants + 1
    assert after.oldest_waiting_seconds >= before.oldest_waiting_seconds
    assert 0 < after.database_ms < 5000
    await plane.rows(broken, "alter table lost rename to held_payloads")
    await plane.tick("process_held_payloads")


async def test_what_was_asked_and_answered_in_the_last_minute(
    plane: Plane, tenant: Tenant, admin: httpx.AsyncClient
) -> None:
    plane.clock.forward(hours=5, seconds=60 - plane.clock.seconds() % 60)  # nobody else has asked in this minute
    for _ in range(5):
        data(await admin.get("/api/incidents"))
    await plane.set_wanted(tenant, Standing.FROZEN)
    refused(await admin.post("/api/incidents", json={"title": "Down", "severity": "high"}), 503, "UNAVAILABLE")
    await plane.set_wanted(tenant)
    await plane.app.state.answers.save()
    plane.clock.forward(minutes=1)
    async with plane.control_plane() as control:
        health = FleetHealth.model_validate_json((await control.get("/internal/fleet")).content)
    assert [(one.tenant_id, one.requests) for one in health.busiest] == [(tenant.id, 6)]
    assert health.errors_last_minute == 1
    assert health.requests_last_minute == 6 + 2, "the control plane's own two are answers, too"
    plane.clock.forward(minutes=1)
    async with plane.control_plane() as control:
        later = FleetHealth.model_validate_json((await control.get("/internal/fleet")).content)
    assert (later.busiest, later.errors_last_minute) == ([], 0)
