"""Numbered SQL files, applied in order, each in its own transaction. Why not Alembic:
decisions/0003-plain-sql-migrations.md.

A folder holds ``0001_what.sql``, ``0002_what.sql`` …; a file that has run anywhere is never edited again. Statements
wait at most four seconds for a lock, so that a migration never stands in the way of a plane that is working.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import asyncpg

FILE = re.compile(r"^(\d{4})_\w+\.sql$")
TIMEOUTS = "set local lock_timeout = '4s'; set local statement_timeout = '300s';"


@dataclass(frozen=True, slots=True)
class Migration:
    version: int
    name: str
    sql: str


def read_migrations(folder: Path) -> list[Migration]:
    found = []
    for path in sorted(folder.glob("*.sql")):
        match = FILE.match(path.name)
        if match is None:
            raise ValueError(f"{path.name} is not named like 0001_what.sql")
        found.append(Migration(int(match[1]), path.stem, path.read_text()))
    if [m.version for m in found] != list(range(1, len(found) + 1)):
        raise ValueError(f"the migrations in {folder} are not numbered 1, 2, 3 …")
    return found


async def migrate_schema(connection: asyncpg.Connection, schema: str, folder: Path) -> int:
    """Bring a plane-level schema to the newest version; returns how many files ran. Concurrent callers queue up."""
    ran = 0
    await connection.execute("select pg_advisory_lock(hashtext($1))", f"migrate:{schema}")
    try:
        await connection.execute(f'create schema if not exists "{schema}"')
        await connection.execute(
            f'create table if not exists "{schema}".schema_version'
            " (version int primary key, name text not null, applied_at timestamptz not null default now())"
        )
        current = await connection.fetchval(f'select coalesce(max(version), 0) from "{schema}".schema_version')
        for migration in read_migrations(folder):
            if migration.version <= current:
                continue
            async with connection.transaction():
                await connection.execute(TIMEOUTS + f'set local search_path = "{schema}"')
                await connection.execute(migration.sql)
                await connection.execute(
                    f'insert into "{schema}".schema_version (version, name) values ($1, $2)',
                    migration.version,
                    migration.name,
                )
            ran += 1
    finally:
        await connection.execute("select pg_advisory_unlock(hashtext($1))", f"migrate:{schema}")
    return ran
