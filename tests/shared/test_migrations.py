"""The migrations runner: in order, once, all or nothing, and one at a time."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from shared.migrations import migrate_schema, read_migrations

SCHEMA = "migration_tests"


@pytest_asyncio.fixture
async def connection(admin_url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(admin_url)
    await connection.execute(f"drop schema if exists {SCHEMA} cascade")
    yield connection
    await connection.close()


def write(folder: Path, **files: str) -> Path:
    for name, sql in files.items():
        (folder / f"{name.removeprefix('m')}.sql").write_text(sql)
    return folder


async def versions(connection: asyncpg.Connection) -> list[tuple[int, str]]:
    rows = await connection.fetch(f"select version, name from {SCHEMA}.schema_version order by version")
    return [(row["version"], row["name"]) for row in rows]


async def test_files_run_in_order_and_once(connection: asyncpg.Connection, tmp_path: Path) -> None:
    write(tmp_path, m0001_a="create table a (n int);", m0002_b="insert into a values (1); alter table a add m int;")
    assert await migrate_schema(connection, SCHEMA, tmp_path) == 2
    assert await migrate_schema(connection, SCHEMA, tmp_path) == 0
    write(tmp_path, m0003_c="insert into a values (2, 2);")
    assert await migrate_schema(connection, SCHEMA, tmp_path) == 1
    assert await versions(connection) == [(1, "0001_a"), (2, "0002_b"), (3, "0003_c")]
    assert [tuple(row) for row in await connection.fetch(f"select n, m from {SCHEMA}.a")] == [(1, None), (2, 2)]


async def test_a_file_that_fails_leaves_nothing_and_the_next_run_goes_on(
    connection: asyncpg.Connection, tmp_path: Path
) -> None:
    write(tmp_path, m0001_a="create table a (n int);", m0002_b="insert into a values (1); select 1 / 0;")
    with pytest.raises(asyncpg.DivisionByZeroError):
        await migrate_schema(connection, SCHEMA, tmp_path)
    assert await versions(connection) == [(1, "0001_a")]
    assert await connection.fetch(f"select n from {SCHEMA}.a") == []
    write(tmp_path, m0002_b="insert into a values (7);")
    assert await migrate_schema(connection, SCHEMA, tmp_path) == 1
    assert await connection.fetchval(f"select n from {SCHEMA}.a") == 7


async def test_two_runners_at_once_run_each_file_once(
    admin_url: str, connection: asyncpg.Connection, tmp_path: Path
) -> None:
    write(tmp_path, m0001_a="create table a (n int); select pg_sleep(0.05);", m0002_b="insert into a values (1);")
    runners = [await asyncpg.connect(admin_url) for _ in range(4)]
    ran = await asyncio.gather(*(migrate_schema(runner, SCHEMA, tmp_path) for runner in runners))
    for runner in runners:
        await runner.close()
    assert sorted(ran) == [0, 0, 0, 2]
    assert await connection.fetchval(f"select count(*) from {SCHEMA}.a") == 1


async def test_a_migration_does_not_wait_long_for_a_plane_that_works(
    admin_url: str, connection: asyncpg.Connection, tmp_path: Path
) -> None:
    write(tmp_path, m0001_a="create table a (n int);")
    await migrate_schema(connection, SCHEMA, tmp_path)
    write(tmp_path, m0002_b="set local lock_timeout = '50ms'; alter table a add m int;")
    working = await asyncpg.connect(admin_url)
    async with working.transaction():
        await working.execute(f"select * from {SCHEMA}.a")
        with pytest.raises(asyncpg.LockNotAvailableError):
            await migrate_schema(connection, SCHEMA, tmp_path)
    await working.close()
    assert await migrate_schema(connection, SCHEMA, tmp_path) == 1


@pytest.mark.parametrize("names", [["m0002_b"], ["m0001_a", "m0003_c"], ["m1_a"], ["m0001"], ["m0001_a", "m0001_b"]])
def test_folders_that_are_in_disorder(tmp_path: Path, names: list[str]) -> None:
    write(tmp_path, **dict.fromkeys(names, "select 1;"))
    with pytest.raises(ValueError, match=r"named like|numbered"):
        read_migrations(tmp_path)


def test_an_empty_folder_is_in_order(tmp_path: Path) -> None:
    assert read_migrations(tmp_path) == []
