"""Ticks cost what is due, not what is there; and nothing that is due is ever forgotten."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from shared.tx import Tenant, WriteTx
from tenant_plane import housekeeping, worker
from tenant_plane.core.tenancy import system_actor
from tenant_plane.incidents import service as incidents
from tenant_plane.incidents.service import follow
from tests.support.tenant_plane import Plane, data, incident_of, later, opened, running_plane

MARKS = "select kind, due_at from plane.due where schema_name = $1 order by due_at"
TICKS = ["end_snoozes", "process_held_payloads", "sweep_tenants"]


async def marks(plane: Plane, tenant: Tenant) -> int:
    return len(await plane.rows(tenant, MARKS, tenant.schema))


@asynccontextmanager
async def broken_off(plane: Plane, tenant: Tenant) -> AsyncIterator[WriteTx]:
    """A transaction that ends before its commit."""
    with suppress(ZeroDivisionError):
        async with plane.database.write(system_actor(tenant)) as tx:
            yield tx
            raise ZeroDivisionError


async def snoozed(client: httpx.AsyncClient, number: int = 1) -> None:
    for _ in range(number):
        incident = await opened(client)
        data(await client.post(f"/api/incidents/{incident['reference']}/snooze", json={"duration": "1h"}))


async def test_with_nothing_due_a_turn_is_one_statement_however_many_tenants(plane: Plane) -> None:
    for _ in range(50):
        await plane.new_tenant()
    for name in TICKS:
        await plane.tick(name)
    await plane.sweep()
    ticks = {tick.name: tick for tick in worker.ticks(plane.database, plane.app.state.directory, plane.clock)}
    assert sorted(ticks) == sorted(TICKS), "a new tick belongs into this test"
    for name in TICKS:
        with plane.statements() as seen:
            await ticks[name].run()
        assert len(seen.seen) == 1, (name, seen.seen)


async def test_only_the_tenant_with_something_due_is_entered(
    plane: Plane, tenant: Tenant, admin: httpx.AsyncClient
) -> None:
    await plane.rows(tenant, "delete from plane.due")  # what other tests left there
    await snoozed(admin)
    plane.clock.forward(hours=2)
    directory = plane.app.state.directory
    assert [due.id for due in await directory.with_due("snooze", plane.clock(), 10)] == [tenant.id]
    await plane.tick("end_snoozes")
    assert await directory.with_due("snooze", plane.clock(), 10) == []
    assert await marks(plane, tenant) == 0


async def test_the_mark_is_written_and_taken_back_with_the_snooze(plane: Plane, tenant: Tenant) -> None:
    async with plane.client(tenant) as admin:
        await opened(admin)
    until = plane.clock()
    async with broken_off(plane, tenant) as tx:
        await tx.session.execute(text("update incidents set snoozed_until = :until"), {"until": until})
    assert await marks(plane, tenant) == 0
    await plane.rows(tenant, "update incidents set snoozed_until = $1", until)
    await plane.rows(tenant, "update incidents set snoozed_until = snoozed_until, title = 'same'")
    await plane.rows(tenant, "update incidents set snoozed_until = null")
    ((kind, due_at),) = await plane.rows(tenant, MARKS, tenant.schema)
    assert (kind, due_at) == ("snooze", until)


async def test_a_turn_that_dies_leaves_everything_due(
    plane: Plane, tenant: Tenant, admin: httpx.AsyncClient, admin_url: str
) -> None:
    """Killed before its commit; another process has the next turn."""
    await snoozed(admin)
    plane.clock.forward(hours=2)
    async with broken_off(plane, tenant) as tx:
        assert await incidents.end_snoozes(tx) == 1
    assert (await incident_of(admin, "INC-1"))["snoozed_until"] is not None
    async with running_plane(admin_url, issuer=plane.issuer) as second:
        second.clock.ahead = plane.clock.ahead
        await second.tick("end_snoozes")
    assert (await incident_of(admin, "INC-1"))["snoozed_until"] is None


async def test_an_incident_that_somebody_holds_is_woken_by_the_next_turn(
    plane: Plane, tenant: Tenant, admin: httpx.AsyncClient
) -> None:
    await snoozed(admin, 2)
    plane.clock.forward(hours=2)
    async with plane.database.write(plane.actor(tenant)) as tx:
        await tx.session.execute(text("select 1 from incidents where number = 1 for update"))
        await plane.tick("end_snoozes")
    assert (await incident_of(admin, "INC-1"))["snoozed_until"] is not None
    assert (await incident_of(admin, "INC-2"))["snoozed_until"] is None
    await plane.tick("end_snoozes")
    assert (await incident_of(admin, "INC-1"))["snoozed_until"] is None
    assert await marks(plane, tenant) == 0


async def test_more_than_a_turn_takes_is_left_for_the_next(
    plane: Plane, tenant: Tenant, admin: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follow, "AT_ONCE", 2)
    await snoozed(admin, 3)
    plane.clock.forward(hours=2)
    for left in (1, 0):
        await plane.tick("end_snoozes")
        (row,) = await plane.rows(tenant, "select count(snoozed_until) as left from incidents")
        assert row["left"] == left
    assert await marks(plane, tenant) == 0


async def test_two_turns_at_once_wake_everything_once(plane: Plane, tenant: Tenant, admin: httpx.AsyncClient) -> None:
    await snoozed(admin, 5)
    plane.clock.forward(hours=2)
    await asyncio.gather(*(plane.tick("end_snoozes") for _ in range(4)))
    await plane.tick("end_snoozes")
    ended = "select incident_id from incident_timeline where event_type = 'snooze_ended'"
    rows = [row["incident_id"] for row in await plane.rows(tenant, ended)]
    assert len(rows) == len(set(rows)) == 5


async def test_a_mark_that_was_lost_is_repaired_by_the_sweep(
    plane: Plane, tenant: Tenant, admin: httpx.AsyncClient
) -> None:
    await snoozed(admin)
    await plane.rows(tenant, "delete from plane.due where schema_name = $1", tenant.schema)
    plane.clock.forward(hours=2)
    await plane.tick("end_snoozes")
    assert (await incident_of(admin, "INC-1"))["snoozed_until"] is not None
    await plane.sweep()
    assert (await incident_of(admin, "INC-1"))["snoozed_until"] is None


async def test_a_sweep_takes_few_at_once_and_comes_to_all(plane: Plane, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also to those behind one that fails, and to none twice."""
    await plane.sweep()
    monkeypatch.setattr(housekeeping, "SWEPT_AT_ONCE", 2)
    tenants = [await plane.new_tenant() for _ in range(5)]
    await plane.rows(tenants[0], "alter table idempotency_keys rename to lost")
    turns, came = [], set()
    while waiting := await housekeeping.next_to_sweep(plane.app.state.directory, plane.clock()):
        await worker.in_turn(waiting, lambda tenant: housekeeping.sweep(plane.database, tenant))
        turns.append(len(waiting))
        came |= {tenant.id for tenant in waiting}
    assert turns == [2, 2, 1]
    assert came == {tenant.id for tenant in tenants}
    await plane.rows(tenants[0], "alter table lost rename to idempotency_keys")


async def test_two_workers_share_the_sweep(plane: Plane) -> None:
    await plane.sweep()
    tenants = {(await plane.new_tenant()).id for _ in range(6)}
    directory, now = plane.app.state.directory, plane.clock()
    claims = await asyncio.gather(*(housekeeping.next_to_sweep(directory, now) for _ in range(4)))
    claimed = [tenant.id for claim in claims for tenant in claim]
    assert sorted(claimed) == sorted(tenants)


async def test_a_tenant_can_not_touch_another_s_marks(plane: Plane, tenant: Tenant, admin: httpx.AsyncClient) -> None:
    other = await plane.new_tenant()
    await snoozed(admin)
    far = later(days=3650)
    async with plane.database.write(plane.actor(other)) as tx:
        await tx.session.execute(text("select plane.take_due('snooze', cast(:far as text)::timestamptz)"), {"far": far})
    assert await marks(plane, tenant) == 1
    for statement in (
        "select 1 from plane.due",
        "delete from plane.due",
        "update plane.tenants set swept_at = now()",
        "update plane.tenants set held_next_at = now()",
        f"select plane.count_held(array['{tenant.schema}'])",
    ):
        with pytest.raises(DBAPIError, match="permission denied"):
            async with plane.database.write(plane.actor(other)) as tx:
                await tx.session.execute(text(statement))
    trigger = "create trigger t after insert on mine for each row execute function plane.stamp_due('snooze', 'at')"
    async with broken_off(plane, other) as tx:
        await tx.session.execute(text("create temp table mine (at timestamptz) on commit drop"))
        with pytest.raises(DBAPIError, match=r"permission denied for function plane\.stamp_due"):
            await tx.session.execute(text(trigger))


async def test_a_dropped_tenant_leaves_no_mark(plane: Plane) -> None:
    tenant = await plane.new_tenant()
    async with plane.client(tenant) as admin:
        await snoozed(admin)
    assert await marks(plane, tenant) == 1
    await plane.provisioner.drop(tenant.id)
    none = Tenant("none", "public")
    assert await plane.rows(none, MARKS, tenant.schema) == []


async def test_a_restored_tenant_brings_its_marks(plane: Plane) -> None:
    tenant = await plane.new_tenant()
    async with plane.client(tenant) as admin:
        await snoozed(admin)
    before = await plane.rows(tenant, MARKS, tenant.schema)
    path = f"/internal/tenants/{tenant.id}/archive"
    async with plane.control_plane() as control:
        archive = await control.get(path)
        await plane.provisioner.drop(tenant.id)
        assert (await control.put(path, content=archive.content)).is_success
    assert await plane.rows(tenant, MARKS, tenant.schema) == before
    assert len(before) == 1
