"""What the plan does not keep any longer goes; what people rely on stays."""

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from shared.contracts.limits import Limits
from shared.contracts.tenants import Standing, TenantWanted
from shared.tx import Tenant
from tenant_plane.core.tenancy import system_actor
from tenant_plane.ingest import service as ingest
from tenant_plane.usage import service as usage
from tests.support.tenant_plane import Plane, fired

COUNTS = (
    "select (select count(*) from alert_events), (select count(*) from events), (select count(*) from alerts),"
    " (select count(*) from incidents), (select count(*) from incident_timeline), (select count(*) from audit_log)"
)
OLDER = "update {} set {} = {} - interval '8 days'"


async def lived_in(plane: Plane, retention_days: int | None) -> Tenant:
    tenant = await plane.new_tenant()
    limits = Limits(retention_days=retention_days)
    wanted = TenantWanted(name="x", plan="pro", state=Standing.ACTIVE, limits=limits, generation=5)
    await plane.provisioner.ensure(tenant.id, wanted)
    async with plane.client(tenant) as client:
        await fired(client, service="payments")
        await client.post("/api/apikeys", json={"name": "k", "scope": "ingestion"})
    return tenant


async def age(plane: Plane, tenant: Tenant) -> None:
    """Everything is eight days older, and no reaction waits."""
    for table, column in (("alert_events", "received_at"), ("events", "created_at"), ("audit_log", "at")):
        await plane.rows(tenant, OLDER.format(table, column, column))
    await plane.rows(tenant, "delete from queue.pgqueuer where tenant_id = $1", tenant.id)


async def forget(plane: Plane, tenant: Tenant) -> int:
    async with plane.database.write(system_actor(tenant)) as tx:
        return await usage.forget_expired(tx)


async def counts(plane: Plane, tenant: Tenant) -> list[int]:
    return list((await plane.rows(tenant, COUNTS))[0])


async def test_only_what_is_older_goes_and_the_audit_log_stays(plane: Plane) -> None:
    tenant = await lived_in(plane, 7)
    await age(plane, tenant)
    async with plane.client(tenant) as client:
        await fired(client, service="checkout")
    old = await counts(plane, tenant)
    assert all(number > 0 for number in old)
    await plane.rows(tenant, "delete from queue.pgqueuer where tenant_id = $1", tenant.id)
    await plane.sweep()
    new = await counts(plane, tenant)
    assert new[0] == 1 and 0 < new[1] < old[1]
    assert new[2:] == old[2:]
    assert await forget(plane, tenant) == 0


@pytest.mark.parametrize(
    ("days", "left"), [(7, ["new"]), (9, ["never", "new", "replayed"]), (None, ["never", "new", "replayed"])]
)
async def test_dead_letters_go_with_the_messages_replayed_or_not(
    plane: Plane, monkeypatch: pytest.MonkeyPatch, days: int | None, left: list[str]
) -> None:
    monkeypatch.setattr(ingest, "MOST_FORGOTTEN", 1)
    tenant = await lived_in(plane, days)
    for error, received, replayed in (("never", 8, None), ("replayed", 8, 8), ("new", 6, 6)):
        await plane.rows(
            tenant,
            "insert into dead_letters (id, source, sender, payload, error, received_at, replayed_at)"
            " values (gen_random_uuid(), 'x', 'x', 'x', $1, now() - make_interval(days => $2),"
            " now() - make_interval(days => $3))",
            error,
            received,
            replayed,
        )
    await plane.sweep()
    rows = await plane.rows(tenant, "select error from dead_letters order by error")
    assert [row["error"] for row in rows] == left


@pytest.mark.parametrize("days", [9, None])
async def test_a_longer_retention_keeps_it(plane: Plane, days: int | None) -> None:
    tenant = await lived_in(plane, days)
    await age(plane, tenant)
    before = await counts(plane, tenant)
    assert await forget(plane, tenant) == 0
    assert await counts(plane, tenant) == before


async def test_an_event_that_a_reaction_waits_for_stays(plane: Plane) -> None:
    tenant = await lived_in(plane, 7)
    await age(plane, tenant)
    await plane.rows(
        tenant,
        "insert into queue.pgqueuer (priority, entrypoint, payload, status, tenant_id, created)"
        " values (0, 'x', '', 'queued', $1, now() - interval '9 days')",
        tenant.id,
    )
    before = await counts(plane, tenant)
    await forget(plane, tenant)
    after = await counts(plane, tenant)
    assert (after[0], after[1]) == (0, before[1])


async def test_a_turn_takes_a_bounded_number_along_an_index(plane: Plane) -> None:
    tenant = await lived_in(plane, 7)
    await age(plane, tenant)
    await plane.rows(
        tenant,
        "insert into events (id, kind, body, actor, trace_id, created_at)"
        " select gen_random_uuid(), 'x', '{}', 'x', 'x', now() - interval '30 days' from generate_series(1, 6000)",
    )
    turns = []
    while (went := await forget(plane, tenant)) > 0:
        turns.append(went)
    assert len(turns) == 2 and turns[0] >= 5000


async def test_a_tenant_s_role_can_forget_nothing_recent_and_nobody_else_s(plane: Plane) -> None:
    ours, theirs = await lived_in(plane, 7), await lived_in(plane, 7)
    await age(plane, theirs)
    before = await counts(plane, theirs)
    for moment in ("now()", "now() - interval '1 hour'"):
        with pytest.raises(DBAPIError, match="older than a day"):
            async with plane.database.write(plane.actor(ours)) as tx:
                await tx.session.execute(text(f"select plane.forget_before({moment}, 5)"))
    async with plane.database.write(plane.actor(ours)) as tx:
        await tx.session.execute(text("select plane.forget_before(now() - interval '2 days', 5000)"))
    assert await counts(plane, theirs) == before


async def test_without_a_tenant_it_does_nothing(plane: Plane) -> None:
    connection = await asyncpg.connect(plane.owner_url)
    try:
        with pytest.raises(asyncpg.NoDataFoundError):
            await connection.execute("select plane.forget_before(now() - interval '2 days', 5)")
    finally:
        await connection.close()
