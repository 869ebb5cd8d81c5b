"""The database is made by whoever comes first, and the login role that serves may do no more than serve."""

import asyncio
import base64
from collections.abc import AsyncIterator

import asyncpg
import pytest
from sqlalchemy.engine import make_url

from control_plane.core.prepare import APP_ROLE, MIGRATIONS, prepare_database
from shared.migrations import read_migrations
from shared.roles import scram_verifier
from tests.control_plane.support import APP_PASSWORD, runtime_url


@pytest.fixture
async def new_database_url(admin_url: str) -> AsyncIterator[str]:
    admin = await asyncpg.connect(admin_url)
    await admin.execute("drop database if exists prepared_twice")
    await admin.execute("create database prepared_twice")
    yield make_url(admin_url).set(database="prepared_twice").render_as_string(hide_password=False)
    await admin.execute("drop database prepared_twice with (force)")
    await admin.close()


async def test_two_processes_may_prepare_at_once(new_database_url: str) -> None:
    await asyncio.gather(*(prepare_database(new_database_url, APP_PASSWORD) for _ in range(4)))
    connection = await asyncpg.connect(new_database_url)
    versions = await connection.fetchval("select array_agg(version order by version) from control.schema_version")
    assert versions == [migration.version for migration in read_migrations(MIGRATIONS)]
    plans = await connection.fetch("select name from control.plans group by name order by min(rank)")
    assert [row["name"] for row in plans] == ["free", "pro", "enterprise"]
    doubled = "select name, version from control.plans group by name, version having count(*) > 1"
    assert await connection.fetch(doubled) == []
    await connection.close()


async def test_runtime_role_has_no_power_over_the_server(control_url: str) -> None:
    admin = await asyncpg.connect(control_url)
    role = await admin.fetchrow(
        "select rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolbypassrls,"
        " left(rolpassword, 13) as kind from pg_authid where rolname = $1",
        APP_ROLE,
    )
    owned = await admin.fetchval(
        "select count(*) from pg_class c join pg_roles r on r.oid = c.relowner where rolname = $1", APP_ROLE
    )
    await admin.close()
    assert role is not None
    assert tuple(role) == (False, False, False, False, True, False, "SCRAM-SHA-256")
    assert owned == 0


@pytest.mark.parametrize(
    "statement",
    [
        "create table control.mine (id int)",
        "drop table control.users",
        "alter table control.users add column x int",
        "update control.plans set rank = 0",
        "delete from control.events",
        "delete from control.schema_version",
        "create schema mine",
    ],
)
async def test_runtime_role_is_refused(control_url: str, statement: str) -> None:
    connection = await asyncpg.connect(runtime_url(control_url))
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute(statement)
    await connection.close()


async def test_no_table_is_found_outside_a_transaction_of_ours(control_url: str) -> None:
    connection = await asyncpg.connect(runtime_url(control_url))
    with pytest.raises(asyncpg.UndefinedTableError):
        await connection.execute("select id from users")
    await connection.close()


async def test_every_foreign_key_has_an_index_and_no_enum_exists(control_url: str) -> None:
    admin = await asyncpg.connect(control_url)
    missing = await admin.fetch(
        "select c.conrelid::regclass, c.conname from pg_constraint c"
        " where c.contype = 'f' and c.connamespace = 'control'::regnamespace and not exists ("
        "  select from pg_index i where i.indrelid = c.conrelid and i.indpred is null"
        "  and (i.indkey::int2[])[0:cardinality(c.conkey) - 1] = c.conkey)"
    )
    enums = await admin.fetchval(
        "select count(*) from pg_type where typtype = 'e' and typnamespace = 'control'::regnamespace"
    )
    without_zone = await admin.fetchval(
        "select count(*) from information_schema.columns"
        " where table_schema = 'control' and data_type = 'timestamp without time zone'"
    )
    await admin.close()
    assert [tuple(row) for row in missing] == []
    assert (enums, without_zone) == (0, 0)


def test_scram_verifier_is_the_one_of_rfc_7677() -> None:
    verifier = scram_verifier("pencil", base64.b64decode("W22ZaJ0SNY7soEsUEjb6gQ=="))
    assert verifier == (
        "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$"
        "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
    )
