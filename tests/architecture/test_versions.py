"""Code of earlier versions works on the newest schema: what each says to a database stands in ``version_N``, and is
said to the newest one, as the role that serves.

A statement with values is executed and taken back. One with parameters, as record.py writes them down, is planned,
which finds every name, type and right that it needs.
"""

import re
import shutil
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio
from sqlalchemy.engine import make_url

from control_plane.core.prepare import APP_ROLE as CONTROL_ROLE
from control_plane.core.prepare import prepare_database
from shared.migrations import migrate_schema
from shared.work.queue import install_queue
from tenant_plane.core.provision import APP_ROLE as PLANE_ROLE
from tests.architecture.migrations import FOLDERS
from tests.architecture.record import as_recorded
from tests.support.tenant_plane import Plane

VERSIONS = sorted(path.name for path in Path(__file__).parent.glob("version_*"))
AS_OF = re.compile(r"as of migration (\d{4})(, as its owner)?")
INSERT = re.compile(r"insert into (?:\w+\.)?(\w+)(?: as \w+)? ?\(([^)]*)\)", re.IGNORECASE)
BY_THE_OWNER = {"spares"}
"""Who makes tenants; record.py listens to those who serve."""
MUST_BE_FILLED = """
select c.relname as table, array_agg(a.attname) filter (
    where a.attnotnull and a.attgenerated = '' and a.attidentity = '' and not a.atthasdef
) as columns
from pg_attribute a join pg_class c on c.oid = a.attrelid
where c.relnamespace = $1::regnamespace and c.relkind = 'r' and a.attnum > 0 and not a.attisdropped
    and c.relname <> 'schema_version'
group by c.relname
"""


@dataclass(frozen=True)
class Said:
    """What one version says to one schema. ``owner``: some of it only the owner may."""

    migration: int
    owner: bool
    statements: tuple[str, ...]

    def inserts(self) -> Iterator[tuple[str, set[str]]]:
        """Table and columns of each."""
        for statement in self.statements:
            for table, columns in INSERT.findall(statement):
                yield table, {column.strip(' "') for column in columns.split(",")}


def said(version: str, place: str) -> Said:
    text = (Path(__file__).parent / version / f"{place}.sql").read_text()
    header = AS_OF.search(text)
    assert header is not None, f"{version}/{place}.sql does not say as of which migration"
    code = "\n".join(line for line in text.splitlines() if not line.startswith("--"))
    statements = tuple(" ".join(part.split()) for part in re.split(r";(?:\n|$)", code) if part.strip())
    return Said(int(header[1]), header[2] is not None, statements)


@dataclass(frozen=True)
class Schema:
    """``role`` None is the owner."""

    url: str
    name: str
    role: str | None = None


@pytest_asyncio.fixture(scope="session")
async def then(
    admin_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[dict[tuple[str, str], Schema]]:
    """By version and place: the schema as that version knew it."""
    admin = await asyncpg.connect(admin_url)
    schemas = dict[tuple[str, str], Schema]()
    for version in VERSIONS:
        url = make_url(admin_url).set(database=version).render_as_string(hide_password=False)
        await admin.execute(f'create database "{version}"')
        connection = await asyncpg.connect(url)
        await install_queue(connection)
        for place, folder in FOLDERS.items():
            known = tmp_path_factory.mktemp(place)
            for path in sorted(folder.glob("*.sql"))[: said(version, place).migration]:
                shutil.copy(path, known)
            await migrate_schema(connection, place, known)
            schemas[version, place] = Schema(url, place)
        await connection.close()
    yield schemas
    for version in VERSIONS:
        await admin.execute(f'drop database "{version}" with (force)')
    await admin.close()


@pytest_asyncio.fixture(scope="session")
async def now(plane: Plane) -> dict[str, Schema]:
    """What serves now, with the rights of who serves."""
    await prepare_database(plane.owner_url, "it's a secret")
    tenant = await plane.new_tenant()
    return {
        "control": Schema(plane.owner_url, "control", CONTROL_ROLE),
        "plane": Schema(plane.owner_url, "plane", PLANE_ROLE),
        "tenant": Schema(plane.owner_url, tenant.schema, tenant.schema),
    }


async def refusals(schema: Schema, code: Said, *, after: str = "select 1") -> list[str]:
    """What the database does not take, once ``after`` has been done to it; nothing of it stays."""
    connection, found = await asyncpg.connect(schema.url), list[str]()
    whole = connection.transaction()
    await whole.start()
    try:
        await connection.execute(f'set local search_path = "{schema.name}"')
        await connection.execute(after)
        for table, must in await connection.fetch(MUST_BE_FILLED, schema.name):
            for into, columns in code.inserts():
                if into == table and not columns.issuperset(must or ()):
                    found.append(f"{table} must have {set(must) - columns}")
        if schema.role is not None and not code.owner:
            await connection.execute(f'set local role "{schema.role}"')
        for statement in code.statements:
            try:
                async with connection.transaction():
                    await connection.execute(f"explain (generic_plan) {statement}" if "$1" in statement else statement)
            except asyncpg.PostgresError as error:
                found.append(f"{error}: {statement}")
    finally:
        await whole.rollback()
        await connection.close()
    return found


@pytest.mark.parametrize("place", FOLDERS)
@pytest.mark.parametrize("version", VERSIONS)
async def test_what_is_recorded_is_what_that_version_says(
    then: dict[tuple[str, str], Schema], version: str, place: str
) -> None:
    """It runs there and is about every table: else it would prove little."""
    code, schema = said(version, place), then[version, place]
    assert await refusals(schema, code) == []
    connection = await asyncpg.connect(schema.url)
    tables = {row["table"] for row in await connection.fetch(MUST_BE_FILLED, schema.name)}
    await connection.close()
    words = set(re.findall(r"\w+", " ".join(code.statements)))
    assert len(tables) >= 3 and tables - words <= BY_THE_OWNER


@pytest.mark.parametrize("place", FOLDERS)
@pytest.mark.parametrize("version", VERSIONS)
async def test_it_works_on_the_newest_schema(now: dict[str, Schema], version: str, place: str) -> None:
    assert await refusals(now[place], said(version, place)) == []


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ("alter table alerts drop column url", 'column "url"'),
        ("alter table alerts rename to alarms", 'relation "alerts" does not exist'),
        ("alter table alerts add column must text not null", "alerts must have {'must'}"),
        ("revoke update on incidents from current_schema", "permission denied for table incidents"),
    ],
)
async def test_what_breaks_it_would_be_seen(now: dict[str, Schema], version: str, change: str, complaint: str) -> None:
    """The proof must be able to fail."""
    change = change.replace("current_schema", f'"{now["tenant"].name}"')
    found = await refusals(now["tenant"], said(version, "tenant"), after=change)
    assert any(complaint in one for one in found), found


@pytest.mark.parametrize(
    ("sent", "recorded"),
    [
        ("select 1 -- why\n  from a", "select 1 from a"),
        ("WHERE a IN ($3::INTEGER, $4::INTEGER) AND b = $2::UUID", "WHERE a IN ($1::INTEGER) AND b = $2::UUID"),
        ("INSERT INTO a (b, c) VALUES ($1, $2), ($3, $4)", "INSERT INTO a (b, c) VALUES ($1, $2)"),
        ("select $2, $1, $2", "select $1, $2, $1"),
    ],
)
def test_how_many_were_sent_at_once_makes_no_difference(sent: str, recorded: str) -> None:
    assert as_recorded(sent) == recorded
