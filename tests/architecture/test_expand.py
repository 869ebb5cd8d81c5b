"""Expand, then contract: the code of the version before works on the newest schema.

Two looks at it: the statements of each migration, by their words, and a real one: what the first version's code says to
a database is said to the newest schema, as the role that serves.
"""

import re
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio
from sqlalchemy.engine import make_url

from control_plane.core.prepare import APP_ROLE as CONTROL_ROLE
from control_plane.core.prepare import MIGRATIONS as CONTROL_FOLDER
from control_plane.core.prepare import prepare_database
from shared.migrations import migrate_schema
from shared.work.queue import install_queue
from tenant_plane.core.provision import FOLDER
from tests.architecture.migrations import breaks
from tests.architecture.source import ROOT
from tests.support.tenant_plane import Plane

FOLDERS = {"control": CONTROL_FOLDER, "plane": FOLDER / "plane", "tenant": FOLDER / "tenant"}
LATER = [
    path for folder in FOLDERS.values() for path in sorted(folder.glob("*.sql")) if not path.name.startswith("0001")
]
SAID = Path(__file__).parent / "version_1"
COLUMNS = """
select c.relname as table, array_agg(a.attname order by a.attnum) as columns,
    array_agg(a.attname) filter (where a.attgenerated = '' and a.attidentity = '' and not a.atthasdef) as needed
from pg_attribute a join pg_class c on c.oid = a.attrelid
where c.relnamespace = $1::regnamespace and c.relkind = 'r' and a.attnum > 0 and not a.attisdropped
    and c.relname not in ('schema_version', 'plans')
group by c.relname
"""


@pytest.mark.parametrize("path", LATER, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_migration_breaks_the_code_before_it(path: Path) -> None:
    assert breaks(path.read_text()) == [], "expand only; what must be, stands under a line `-- contract: reason`"


@pytest.mark.parametrize(
    "statement",
    [
        "drop table alerts",
        "drop view v",
        "drop function publish",
        "alter table alerts drop column url",
        "alter table alerts drop url",
        "alter table alerts add column a text, drop column url",
        "alter table alerts rename to alarms",
        "alter table alerts rename column url to link",
        "alter table alerts alter column url type bytea",
        "alter table alerts alter url set data type bytea",
        "alter table alerts alter column url set not null",
        "alter table alerts alter column occurrences drop default",
        "alter table alerts add column a text not null",
        "alter table alerts add a text not null",
        "alter table alerts add column a text not null check (a <> '; default')",
        "alter table alerts add column a text not null, add column b text default ''",
        "alter table alerts add column if not exists a text unique",
        "alter table alerts add check (url <> '')",
        "alter table alerts add constraint c check (url <> '')",
        "alter table alerts add constraint c unique (url)",
        "alter table only alerts add constraint c foreign key (incident_id) references incidents",
        "create unique index u on alerts (url)",
        "truncate alerts",
        "delete from alerts",
        "-- harmless: it's nothing\nALTER TABLE alerts\n  DROP COLUMN url",
        "select 1; alter table alerts drop column url",
    ],
)
def test_what_breaks_old_code_is_refused(statement: str) -> None:
    assert len(breaks(f"create table other (id int);\n{statement};")) >= 1
    assert breaks(f"-- contract: nobody has read it since version 3\n{statement.rpartition(';')[2]};") == []


@pytest.mark.parametrize(
    "statement",
    [
        "create table new (id int not null unique); alter table new add check (id > 0)",
        "create table new (id int not null); create unique index u on new (id)",
        "create table new (id int); alter table new drop column id",
        "alter table alerts add column a text",
        "alter table alerts add column a text not null default ''",
        "alter table alerts add column a int default 0 not null",
        "alter table alerts add column a text check (a <> '')",
        "alter table alerts add column a uuid references incidents",
        "alter table alerts add column a int not null generated always as (1) stored",
        "alter table alerts add constraint c check (url <> '') not valid",
        "alter table alerts drop constraint c",
        "alter table alerts alter column url drop not null",
        "alter table alerts alter column url set default ''",
        "create index i on alerts (url)",
        "drop index i",
        "comment on table alerts is 'we drop table; rename'",
        "create function f() returns void language sql as $$ delete from alerts; drop table alerts; $$",
    ],
)
def test_what_only_adds_is_let_by(statement: str) -> None:
    assert breaks(statement + ";") == []


def test_a_marker_needs_a_reason_and_counts_for_one_statement() -> None:
    assert len(breaks("-- contract:\ndrop table a;")) == 1
    assert len(breaks("-- contract: unused\ndrop table a;\ndrop table b;")) == 1


@dataclass(frozen=True)
class Schema:
    """Where a version's statements are said, and as whom; ``role`` None is the owner."""

    url: str
    name: str
    role: str | None = None


@pytest_asyncio.fixture(scope="session")
async def first(admin_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[dict[str, Schema]]:
    """A database that has only seen each folder's 0001."""
    url = make_url(admin_url).set(database="version_1").render_as_string(hide_password=False)
    admin = await asyncpg.connect(admin_url)
    await admin.execute("create database version_1")
    connection = await asyncpg.connect(url)
    await install_queue(connection)
    for name, folder in FOLDERS.items():
        alone = tmp_path_factory.mktemp(name)
        shutil.copy(next(folder.glob("0001_*.sql")), alone)
        await migrate_schema(connection, name, alone)
    await connection.close()
    yield {name: Schema(url, name) for name in FOLDERS}
    await admin.execute("drop database version_1 with (force)")
    await admin.close()


@pytest_asyncio.fixture(scope="session")
async def newest(plane: Plane) -> dict[str, Schema]:
    """What serves now, with the rights of who serves."""
    await prepare_database(plane.owner_url, "it's a secret")
    tenant = await plane.new_tenant()
    return {
        "control": Schema(plane.owner_url, "control", CONTROL_ROLE),
        "plane": Schema(plane.owner_url, "plane"),
        "tenant": Schema(plane.owner_url, tenant.schema, tenant.schema),
    }


def said(name: str) -> str:
    return (SAID / f"{name}.sql").read_text()


async def tables(schema: Schema) -> dict[str, asyncpg.Record]:
    connection = await asyncpg.connect(schema.url)
    try:
        return {row["table"]: row for row in await connection.fetch(COLUMNS, schema.name)}
    finally:
        await connection.close()


async def say(schema: Schema, sql: str) -> None:
    """And take it back."""
    connection = await asyncpg.connect(schema.url)
    transaction = connection.transaction()
    await transaction.start()
    try:
        await connection.execute(f'set local search_path = "{schema.name}"')
        if schema.role is not None:
            await connection.execute(f'set local role "{schema.role}"')
        await connection.execute(sql)
    finally:
        await transaction.rollback()
        await connection.close()


@pytest.mark.parametrize("name", FOLDERS)
async def test_the_recorded_statements_are_those_of_the_first_version(first: dict[str, Schema], name: str) -> None:
    """They run there, and write every column that has no value of its own: else they would prove little."""
    await say(first[name], said(name))
    written = {
        found[1]: {column.strip() for column in found[2].split(",")}
        for found in re.finditer(r"insert into (\w+)\s*\(([^)]*)\)", said(name))
    }
    needed = {table: set(row["needed"]) for table, row in (await tables(first[name])).items()}
    assert written.keys() == needed.keys()
    assert {table: columns - written[table] for table, columns in needed.items() if columns - written[table]} == {}


@pytest.mark.parametrize("name", FOLDERS)
async def test_the_first_versions_code_works_on_the_newest_schema(
    first: dict[str, Schema], newest: dict[str, Schema], name: str
) -> None:
    reads = [f"select {', '.join(row['columns'])} from {table}" for table, row in (await tables(first[name])).items()]
    assert len(reads) >= 3
    await say(newest[name], ";\n".join([said(name), *reads]))


async def test_a_column_that_is_gone_would_be_seen(first: dict[str, Schema], newest: dict[str, Schema]) -> None:
    """The proof must be able to fail."""
    owner = Schema(newest["tenant"].url, newest["tenant"].name)
    with pytest.raises(asyncpg.UndefinedColumnError):
        await say(owner, "alter table alerts drop column url;" + said("tenant"))
    with pytest.raises(asyncpg.NotNullViolationError):
        await say(owner, "alter table alerts add column must text not null;" + said("tenant"))
