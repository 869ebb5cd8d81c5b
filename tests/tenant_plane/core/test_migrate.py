"""All tenants at the newest version: resumable, in parallel, twice at once; one that fails stops nobody else."""

import asyncio
import re
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio
from sqlalchemy.engine import make_url

from infra.local.postgres import throw_away
from shared.contracts.tenants import Standing, TenantWanted
from shared.migrations import read_migrations
from tenant_plane.core import provision
from tenant_plane.core.provision import FOLDER, Migrated, TenantsNotMigrated, migrate_tenants, prepare_database
from tests.support.tenant_plane import PASSWORD, app_url, until

TENANTS = [f"tenant-{number}" for number in range(8)]
NEWEST = len(read_migrations(FOLDER / "tenant"))


@pytest_asyncio.fixture(scope="module")
async def server() -> AsyncIterator[str]:
    """The database to copy: eight tenants, all at the newest version."""
    with throw_away() as url:
        await prepare_database(url, PASSWORD)
        provisioner = provision.Provisioner(url)
        for tenant_id in TENANTS:
            await provisioner.ensure(tenant_id, TenantWanted(name=tenant_id, plan="pro", state=Standing.ACTIVE))
        assert provisioner._refilling is not None
        await provisioner._refilling
        yield url


@pytest_asyncio.fixture
async def url(server: str) -> AsyncIterator[str]:
    """A copy; roles belong to the server and stay what they are."""
    admin = await asyncpg.connect(make_url(server).set(database="postgres").render_as_string(hide_password=False))
    await admin.execute(f'create database copy template "{make_url(server).database}"')
    yield make_url(server).set(database="copy").render_as_string(hide_password=False)
    await admin.execute("drop database copy with (force)")
    await admin.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The product's migrations and one more."""
    made = tmp_path / "tenant"
    shutil.copytree(FOLDER / "tenant", made)
    (made / f"{NEWEST + 1:04}_more.sql").write_text("alter table incidents add column more text;")
    return made


def more(folder: Path, sql: str) -> None:
    (folder / f"{NEWEST + 1:04}_more.sql").write_text(sql)


async def versions(url: str) -> dict[str, int]:
    connection = await asyncpg.connect(url)
    rows = await connection.fetch("select tenant_id, schema_version from plane.tenants")
    await connection.close()
    return {row["tenant_id"]: row["schema_version"] for row in rows}


async def schemas(url: str) -> int:
    """Tenants and spares."""
    connection = await asyncpg.connect(url)
    counted: int = await connection.fetchval(
        "select (select count(*) from plane.tenants) + (select count(*) from plane.spares)"
    )
    await connection.close()
    return counted


async def with_column(url: str) -> set[str]:
    """Schemas that have the new column."""
    connection = await asyncpg.connect(url)
    rows = await connection.fetch("select table_schema from information_schema.columns where column_name = 'more'")
    await connection.close()
    return {row["table_schema"] for row in rows}


async def execute(url: str, sql: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(sql)
    await connection.close()


async def test_all_tenants_and_spares_are_brought_there_once(url: str, folder: Path) -> None:
    told: list[tuple[int, int]] = []
    migrated = await migrate_tenants(url, folder=folder, progress=lambda done, of: told.append((done, of)))
    of = await schemas(url)
    assert (migrated.changed, migrated.failed) == (of, {})
    assert told == [(done, of) for done in range(1, of + 1)]
    assert await versions(url) == dict.fromkeys(TENANTS, NEWEST + 1)
    assert len(await with_column(url)) == of
    assert await migrate_tenants(url, folder=folder) == Migrated()


async def test_two_runs_at_once_share_the_work(url: str, folder: Path) -> None:
    runs = await asyncio.gather(*(migrate_tenants(url, folder=folder) for _ in range(3)))
    assert sum(run.changed for run in runs) == await schemas(url)
    assert [run.failed for run in runs] == [{}, {}, {}]
    assert await versions(url) == dict.fromkeys(TENANTS, NEWEST + 1)


async def test_one_that_fails_is_told_and_stops_nobody(url: str, folder: Path) -> None:
    await execute(url, "alter table t_tenant_3.incidents add column more text")
    migrated = await migrate_tenants(url, folder=folder)
    assert migrated.changed == await schemas(url) - 1
    assert list(migrated.failed) == ["t_tenant_3"]
    assert re.match(r"DuplicateColumnError: column \"more\".*already exists$", migrated.failed["t_tenant_3"])
    assert "t_tenant_3" in str(TenantsNotMigrated(migrated.failed))
    assert {name for name, version in (await versions(url)).items() if version == NEWEST} == {"tenant-3"}
    await execute(url, "alter table t_tenant_3.incidents drop column more")
    assert await migrate_tenants(url, folder=folder) == Migrated(changed=1)
    assert await versions(url) == dict.fromkeys(TENANTS, NEWEST + 1)


async def test_a_failing_file_leaves_nothing_of_itself(url: str, folder: Path) -> None:
    more(folder, "alter table incidents add column more text; select 1 / 0;")
    migrated = await migrate_tenants(url, folder=folder)
    assert migrated.changed == 0 and len(migrated.failed) == await schemas(url)
    assert await with_column(url) == set()
    assert await versions(url) == dict.fromkeys(TENANTS, NEWEST)


async def test_a_run_that_is_killed_half_way_is_gone_on_with(url: str, folder: Path) -> None:
    three = asyncio.Event()
    done: list[int] = []

    def progress(number: int, _: int) -> None:
        done.append(number)
        (three.set if number == 3 else bool)()

    more(folder, "alter table incidents add column more text; select pg_sleep(0.05);")
    run = asyncio.create_task(migrate_tenants(url, concurrency=2, folder=folder, progress=progress))
    await three.wait()
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    changed = await with_column(url)
    known = await versions(url)
    at_newest = {provision.schema_of(name) for name, version in known.items() if version == NEWEST + 1}
    assert 3 <= len(changed) < await schemas(url)
    assert {schema for schema in changed if "spare" not in schema} == at_newest
    rest = await migrate_tenants(url, folder=folder)
    assert rest == Migrated(changed=await schemas(url) - len(changed))
    assert await versions(url) == dict.fromkeys(TENANTS, NEWEST + 1)


async def test_a_busy_table_is_tried_again(url: str, folder: Path) -> None:
    more(folder, "set local lock_timeout = '50ms'; alter table incidents add column more text;")
    working = await asyncpg.connect(url)
    held = working.transaction()
    await held.start()
    await working.execute("select 1 from t_tenant_5.incidents")
    others = await schemas(url) - 1
    busy = asyncio.create_task(migrate_tenants(url, folder=folder))

    async def all_others() -> bool | None:
        return len(await with_column(url)) == others or None

    await until(all_others)
    await held.rollback()
    await working.close()
    assert await busy == Migrated(changed=others + 1)


async def test_a_table_that_stays_busy_is_told(url: str, folder: Path) -> None:
    more(folder, "set local lock_timeout = '50ms'; alter table incidents add column more text;")
    working = await asyncpg.connect(url)
    async with working.transaction():
        await working.execute("select 1 from t_tenant_5.incidents")
        migrated = await migrate_tenants(url, folder=folder)
    await working.close()
    assert list(migrated.failed) == ["t_tenant_5"]
    assert migrated.failed["t_tenant_5"].startswith("LockNotAvailableError")


async def test_the_serving_role_may_use_what_is_new(url: str, folder: Path) -> None:
    more(folder, "create table more (id int); alter table incidents add column more text;")
    await migrate_tenants(url, folder=folder)
    connection = await asyncpg.connect(app_url(url))
    async with connection.transaction():
        await connection.execute("select set_config('role', 't_tenant_1', true)")
        await connection.execute("insert into t_tenant_1.more values (1); select more from t_tenant_1.incidents")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("delete from t_tenant_1.audit_log")
    await connection.close()


async def test_preparing_tells_who_was_left_behind(url: str) -> None:
    await execute(url, "update plane.tenants set schema_version = 0 where tenant_id = 'tenant-2'")
    migrated = await prepare_database(url, PASSWORD)
    assert list(migrated.failed) == ["t_tenant_2"]
