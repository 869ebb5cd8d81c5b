"""What Postgres itself refuses, whatever the code above it does.

The login role ``opsplane_app`` owns nothing and inherits nothing; it is a member of every tenant's role, for SET ROLE.
So SQL that an attacker chose *could* say RESET ROLE and SET ROLE to another tenant: the roles stop wrong and forgotten
code, not injected SQL. Against that stand bound parameters everywhere (ruff S608; no door speaks SQL: a test of
tests/architecture) and, for customers who need more, a dedicated plane with a database of its own. What even injected
SQL can't reach: the owner's rights, the schema's shape, append-only history, the signing keys' private halves.
"""

from collections.abc import AsyncIterator
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, ProgrammingError
from uuid_utils.compat import uuid7

from shared.database import create_engine
from shared.tx import Tenant
from tenant_plane.core.provision import APP_ROLE, APPEND_ONLY, TENANT_GROUP
from tenant_plane.core.tenancy import TenantDatabase, raw_connection
from tests.isolation.support import World
from tests.support.tenant_plane import TABLES, Plane, app_url

PUBLISH = "select plane.publish($1::uuid[], $2::text[], $2::text[])"
HERE = text("select current_user, current_setting('role'), current_setting('search_path'), session_user")


@pytest_asyncio.fixture
async def login(plane: Plane) -> AsyncIterator[asyncpg.Connection]:
    """As the application logs in, bound to no tenant."""
    connection = await asyncpg.connect(app_url(plane.owner_url))
    yield connection
    await connection.close()


async def refuses(connection: asyncpg.Connection, sql: str, *values: object) -> None:
    """Postgres says: insufficient privilege. In a savepoint, so that more can be asked."""
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with connection.transaction():
            await connection.execute(sql, *values)


async def bind(connection: asyncpg.Connection, tenant: Tenant) -> None:
    await connection.execute("select set_config('role', $1, true), set_config('search_path', $1, true)", tenant.schema)


@pytest.mark.parametrize("table", TABLES)
async def test_an_unbound_query_finds_no_table(login: asyncpg.Connection, table: str) -> None:
    with pytest.raises(asyncpg.UndefinedTableError):
        await login.fetch(f"select 1 from {table}")


@pytest.mark.parametrize("table", TABLES)
async def test_an_unbound_query_may_not_name_a_schema(world: World, login: asyncpg.Connection, table: str) -> None:
    for tenant in (world.ours.tenant, world.theirs.tenant):
        await refuses(login, f'select 1 from "{tenant.schema}".{table}')
        await refuses(login, f'delete from "{tenant.schema}".{table}')


@pytest.mark.parametrize("table", TABLES)
async def test_a_bound_query_may_not_name_another_schema(world: World, login: asyncpg.Connection, table: str) -> None:
    theirs = f'"{world.theirs.tenant.schema}".{table}'
    async with login.transaction():
        await bind(login, world.ours.tenant)
        assert await login.fetchval(f"select count(*) from {table}") >= 0
        for sql in (
            f"select 1 from {theirs}",
            f"insert into {table} select t.* from {theirs} t",
            f"update {theirs} set id = id",
            f"delete from {theirs}",
            f"truncate {theirs}",
            f"lock table {theirs}",
        ):
            await refuses(login, sql)


async def test_the_planes_own_transaction_is_held_too(world: World) -> None:
    plane, theirs = world.plane, world.theirs.tenant
    with pytest.raises(ProgrammingError, match="permission denied"):
        async with plane.database.write(plane.actor(world.ours.tenant)) as tx:
            await tx.session.execute(text(f'select 1 from "{theirs.schema}".incidents'))


async def test_another_search_path_shows_nothing(world: World, login: asyncpg.Connection) -> None:
    """The path alone opens nothing; the role counts."""
    async with login.transaction():
        await bind(login, world.ours.tenant)
        await login.execute("select set_config('search_path', $1, true)", world.theirs.tenant.schema)
        with pytest.raises(asyncpg.UndefinedTableError):
            await login.fetch("select 1 from incidents")


@pytest.mark.parametrize("end", ["commit", "rollback", "error"])
async def test_the_binding_ends_with_the_transaction(world: World, end: str) -> None:
    """One pooled connection: what one transaction was, the next is not."""
    engine = create_engine(app_url(world.plane.owner_url), pool_size=1)
    database, actor = TenantDatabase(engine), world.plane.actor(world.ours.tenant)
    endings = {"commit": "select 1", "rollback": "select 1/0", "error": "select 1 from nowhere"}
    refused = 0
    try:
        async with database.write(actor) as tx:
            inside = (await tx.session.execute(HERE)).one()
            await tx.session.execute(text(endings[end]))
    except DBAPIError:
        refused = 1
    async with engine.connect() as connection:
        after = (await connection.execute(HERE)).one()
    await engine.dispose()
    schema = world.ours.tenant.schema
    assert tuple(inside) == (schema, schema, schema, APP_ROLE)
    assert tuple(after) == (APP_ROLE, "none", '"$user", public', APP_ROLE)
    assert refused == (end != "commit")


async def test_a_released_savepoint_keeps_the_role(world: World) -> None:
    async with world.plane.database.write(world.plane.actor(world.ours.tenant)) as tx:
        async with tx.session.begin_nested():
            await tx.session.execute(text("select set_config('search_path', 'pg_catalog', true)"))
        role, _, _, session_user = (await tx.session.execute(HERE)).one()
    assert (role, session_user) == (world.ours.tenant.schema, APP_ROLE)


async def test_a_read_transaction_writes_nothing(world: World) -> None:
    plane = world.plane
    with pytest.raises(DBAPIError, match="read-only transaction"):
        async with plane.database.read(plane.actor(world.ours.tenant)) as tx:
            await tx.session.execute(text("delete from idempotency_keys"))


async def test_a_tenants_role_sees_nothing_of_the_plane(world: World, login: asyncpg.Connection) -> None:
    async with login.transaction():
        await bind(login, world.ours.tenant)
        for table in ("tenants", "spares", "signing_keys", "schema_version"):
            await refuses(login, f"select 1 from plane.{table}")
        for sql in (
            "select 1 from queue.pgqueuer",
            "insert into queue.pgqueuer (priority, entrypoint, status, tenant_id) values (0, 'x', 'queued', 'x')",
            "delete from queue.pgqueuer",
            "select 1 from queue.pgqueuer_log",
        ):
            await refuses(login, sql)


async def test_a_tenants_role_can_not_change_its_schema(world: World, login: asyncpg.Connection) -> None:
    schema = world.ours.tenant.schema
    async with login.transaction():
        await bind(login, world.ours.tenant)
        for sql in (
            "create table mine (id int)",
            "create table public.mine (id int)",
            "create schema mine",
            "drop table incidents",
            "alter table incidents add column mine int",
            "truncate incidents cascade",
            f'drop schema "{schema}" cascade',
            f'alter role "{schema}" superuser',
            "create role mine superuser",
            "copy incidents to program 'true'",
            "copy (select 1) to '/tmp/opsplane'",
            "select pg_read_file('/etc/passwd')",
        ):
            await refuses(login, sql)


async def test_a_tenants_role_can_not_hand_its_tables_on(world: World, login: asyncpg.Connection) -> None:
    """Postgres answers with a warning and grants nothing."""
    theirs = world.theirs.tenant.schema
    async with login.transaction():
        await bind(login, world.ours.tenant)
        await login.execute(f'grant select on incidents to "{theirs}"')
        assert not await login.fetchval("select has_table_privilege($1, 'incidents', 'select')", theirs)


@pytest.mark.parametrize("table", APPEND_ONLY)
async def test_history_is_only_appended_to(world: World, login: asyncpg.Connection, table: str) -> None:
    async with login.transaction():
        await bind(login, world.ours.tenant)
        assert await login.fetchval(f"select count(*) from {table}") > 0
        key = "seq" if table == "audit_log" else "id"
        await refuses(login, f"update {table} set {key} = {key}")
        await refuses(login, f"delete from {table}")


async def test_the_login_role_owns_and_inherits_nothing(plane: Plane, login: asyncpg.Connection) -> None:
    role = await login.fetchrow(
        "select rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls from pg_roles"
        " where rolname = current_user"
    )
    assert role is not None and not any(role.values())
    assert await login.fetchval("select count(*) from pg_class where relowner = current_user::regrole") == 0
    assert (
        await login.fetchval(
            "select count(*) from pg_auth_members where member = current_user::regrole and admin_option"
        )
        == 0
    )
    for privileged in (plane.owner_url.split("//")[1].split("@")[0], "pg_read_all_data", "pg_write_all_data"):
        await refuses(login, f'set role "{privileged}"')


async def test_tenants_roles_can_not_log_in_and_know_no_other(world: World, login: asyncpg.Connection) -> None:
    schemas = [world.ours.tenant.schema, world.theirs.tenant.schema]
    rows = await login.fetch(
        "select rolcanlogin, rolsuper,"
        " array(select roleid::regrole::text from pg_auth_members m where m.member = r.oid) as groups"
        " from pg_roles r where rolname = any($1)",
        schemas,
    )
    assert [(r["rolcanlogin"], r["rolsuper"], r["groups"]) for r in rows] == [(False, False, [TENANT_GROUP])] * 2


async def test_the_group_of_tenants_may_publish_and_nothing_else(login: asyncpg.Connection) -> None:
    may = await login.fetch(
        "select table_schema, table_name, privilege_type from information_schema.table_privileges where grantee = $1",
        TENANT_GROUP,
    )
    assert may == []


async def queued(plane: Plane, event_id: UUID) -> list[tuple[str, str]]:
    rows = await plane.rows(
        Tenant("none", "queue"),
        "select tenant_id, convert_from(payload, 'UTF8')::json ->> 'tenant_id' as told from pgqueuer"
        " where entrypoint = 'isolation.test' and convert_from(payload, 'UTF8')::json ->> 'event_id' = $1",
        str(event_id),
    )
    return [(row["tenant_id"], row["told"]) for row in rows]


async def test_publish_stamps_the_tenant_of_the_role(world: World, login: asyncpg.Connection) -> None:
    event_id = uuid7()
    async with login.transaction():
        await bind(login, world.ours.tenant)
        await login.execute("select set_config('search_path', $1, true)", world.theirs.tenant.schema)
        await login.execute(PUBLISH, [event_id], ["isolation.test"])
    assert await queued(world.plane, event_id) == [(world.ours.tenant.id, world.ours.tenant.id)]


async def test_publish_is_not_deceived_by_temporary_tables(world: World, login: asyncpg.Connection) -> None:
    """A temporary table shadows others in every search path that does not name pg_temp last; publish's does."""
    event_id = uuid7()
    async with login.transaction():
        await bind(login, world.ours.tenant)
        await login.execute("create temp table tenants (tenant_id text, schema_name text) on commit drop")
        await login.execute("insert into tenants values ($1, $2)", world.theirs.tenant.id, world.ours.tenant.schema)
        await login.execute(PUBLISH, [event_id], ["isolation.test"])
    assert await queued(world.plane, event_id) == [(world.ours.tenant.id, world.ours.tenant.id)]


async def test_nobody_publishes_without_a_tenant(plane: Plane, login: asyncpg.Connection) -> None:
    event_id = uuid7()
    await refuses(login, PUBLISH, [event_id], ["isolation.test"])
    assert await queued(plane, event_id) == []


async def test_a_job_of_another_tenant_finds_no_event(world: World) -> None:
    """Even a queue row that names a foreign event reads under its own tenant's role, and finds nothing."""
    (event,) = await world.plane.rows(world.theirs.tenant, "select id from events limit 1")
    async with world.plane.database.read(world.plane.actor(world.ours.tenant)) as tx:
        connection = await raw_connection(tx)
        assert await connection.fetch("select 1 from events where id = $1", event["id"]) == []


async def test_private_signing_keys_are_not_in_reach(login: asyncpg.Connection) -> None:
    """The tenant plane knows public keys only, and nothing of the control plane's schema."""
    columns = await login.fetch(
        "select column_name from information_schema.columns"
        " where table_schema = 'plane' and table_name = 'signing_keys'"
    )
    assert {row["column_name"] for row in columns} == {"kid", "jwk", "fetched_at"}
    jwks = await login.fetch("select jwk::text from plane.signing_keys")
    assert jwks and all('"d"' not in row["jwk"] for row in jwks)
    visible = await login.fetch("select 1 from information_schema.tables where table_schema = 'control'")
    assert visible == []
