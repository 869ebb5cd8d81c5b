"""A tenant's schema as one stream, and back: for leaving, for moving, for a copy elsewhere.

Written from one snapshot, restored in one transaction, and never whole in memory; the format stands in
``shared/contracts/archive.py``. Tables are found in the catalogue, so a new domain's tables come along by themselves.
Runs under the owner's login. An archive of an older version is restored into a schema of that version, which is then
migrated like any other.
"""

import hashlib
from collections.abc import AsyncIterable, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import ClassVar, TypeVar

import asyncpg
from pydantic import BaseModel, ValidationError

from shared.contracts.archive import (
    FORMAT,
    KEPT_ANSWERS,
    ArchiveDigest,
    ArchivedTable,
    ArchiveEnd,
    ArchiveHead,
    ArchiveManifest,
    SequenceValue,
    TableDigest,
)
from shared.contracts.limits import Limits
from shared.contracts.tenants import TenantWanted
from shared.database import sqlstate
from shared.errors import Conflict, Invalid, NotFound, Unavailable
from shared.migrations import read_migrations
from shared.tar import END, MEMBER_BYTES, BrokenArchive, member, members
from shared.web.streaming import Write
from tenant_plane.core import provision
from tenant_plane.core.archive_tables import JOB_TABLE, Table, quoted, sequences_of, tables_of

TEXT_FORMAT = (
    "set local datestyle = 'ISO, MDY'; set local timezone = 'UTC'; set local extra_float_digits = 1;"
    "set local intervalstyle = 'postgres'; set local bytea_output = 'hex'; set local statement_timeout = 0;"
)
"""Equal rows have equal text, whatever the server's own settings are."""
QUEUE_JOBS = """
insert into queue.pgqueuer (priority, entrypoint, payload, status, tenant_id)
select 0, kind, convert_to(json_build_object('tenant_id', $1::text, 'event_id', event_id)::text, 'UTF8'), 'queued', $1
from archived_jobs
"""
SNAPSHOT = (
    "select name, plan, state, limits, generation, held_since, schema_version from plane.tenants where tenant_id = $1"
)
INSERT = """
insert into plane.tenants (tenant_id, schema_name, name, plan, state, limits, generation, held_since, schema_version)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""
WRONG_ROWS = ("22", "23")  # data that its column can't hold, or that breaks a constraint


class TenantNotHere(NotFound):
    def __init__(self, tenant_id: str) -> None:
        super().__init__(f"There is no tenant {tenant_id} in this plane.")


class TenantHereAlready(Conflict):
    def __init__(self, tenant_id: str) -> None:
        super().__init__(f"There is a tenant {tenant_id} in this plane already; an archive never overwrites one.")


class ArchiveTooNew(Invalid):
    code: ClassVar[str] = "ARCHIVE_TOO_NEW"

    def __init__(self, version: int, known: int) -> None:
        super().__init__(
            f"This archive has schema version {version}, and this installation knows {known}; upgrade it first."
        )


class Archives:
    """One short-lived owner's connection per call."""

    def __init__(self, owner_url: str) -> None:
        self._owner_url = owner_url

    async def require_here(self, tenant_id: str) -> None:
        """Raises TenantNotHere: before an answer begins, since a broken stream can't say why."""
        async with self._connected() as connection:
            await _tenant(connection, tenant_id)

    async def write(self, tenant_id: str, write: Write, *, is_export: bool = False) -> ArchiveDigest:
        """The whole archive to ``write``, at its pace. A failure leaves it without its end. What is exported leaves
        the provider, so KEPT_ANSWERS stay behind.
        """
        async with self._connected() as connection, _snapshot(connection, tenant_id) as (manifest, tables):
            await write(member("manifest.json", manifest.model_dump_json(exclude_unset=True).encode()))
            leaves = [table.emptied if is_export and table.name == KEPT_ANSWERS else table for table in tables]
            digests = {table.name: await _copy_out(connection, table, write) for table in leaves}
            jobs = await _copy_out(connection, JOB_TABLE, write, tenant_id)
            digest = ArchiveDigest(tenant_id=tenant_id, schema_version=manifest.schema_version, tables=digests)
            sequences = await sequences_of(connection, provision.schema_of(tenant_id))
            end = ArchiveEnd(digest=digest, jobs=jobs, sequences=sequences)
            await write(member("end.json", end.model_dump_json().encode()) + END)
            return digest

    async def digest(self, tenant_id: str) -> ArchiveDigest:
        return await self.write(tenant_id, _nowhere)

    async def restore(self, tenant_id: str, stream: AsyncIterable[bytes]) -> ArchiveDigest:
        """Raises TenantHereAlready, ArchiveTooNew, BrokenArchive; whatever is raised, nothing stays."""
        reader = _Reader(stream)
        migrations = read_migrations(provision.FOLDER / "tenant")
        manifest = _manifest(await reader.one("manifest.json"), tenant_id, known=len(migrations))
        schema = provision.schema_of(tenant_id)
        async with self._connected() as connection, connection.transaction():
            await provision.lock_tenant(connection, tenant_id)
            if await connection.fetchval("select 1 from plane.tenants where tenant_id = $1", tenant_id):
                raise TenantHereAlready(tenant_id)
            await provision.create_schema(connection, schema)
            await provision.run_migrations(connection, schema, migrations[: manifest.schema_version])
            await connection.execute(TEXT_FORMAT)
            end = await _copy_in(connection, reader, manifest, schema)
            await _set_sequences(connection, schema, end.sequences)
            await provision.run_migrations(connection, schema, migrations[manifest.schema_version :])
            await provision.grant_schema(connection, schema)
            await _insert_tenant(connection, manifest, schema, len(migrations))
            for table in await tables_of(connection, schema):
                await connection.execute(f"analyze {table.place}")
            await connection.execute(provision.TELL, tenant_id)
        return end.digest

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[asyncpg.Connection]:
        connection = await asyncpg.connect(self._owner_url, timeout=5)
        try:
            yield connection
        except BaseException:
            connection.terminate()  # a stream that broke leaves a COPY unfinished, which nobody would end otherwise
            raise
        await connection.close()


@asynccontextmanager
async def _snapshot(
    connection: asyncpg.Connection, tenant_id: str
) -> AsyncIterator[tuple[ArchiveManifest, Sequence[Table]]]:
    """The tables are locked against migrations before the snapshot is taken: a rewritten table would look empty."""
    schema = provision.schema_of(tenant_id)
    tables = await tables_of(connection, schema)
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        if tables:
            await connection.execute(f"lock table {', '.join(table.place for table in tables)} in access share mode")
        await connection.execute(TEXT_FORMAT)
        row = await _tenant(connection, tenant_id)
        if await tables_of(connection, schema) != tables:
            raise Unavailable("The tenant is being migrated at this moment.", retry_after_seconds=2)
        yield (
            ArchiveManifest(
                format=FORMAT,
                schema_version=row["schema_version"],
                tenant_id=tenant_id,
                wanted=TenantWanted(
                    name=row["name"],
                    plan=row["plan"],
                    state=row["state"],
                    limits=Limits.model_validate_json(row["limits"]),
                    generation=row["generation"],
                ),
                held_since=row["held_since"],
                tables=[ArchivedTable(name=table.name, columns=list(table.columns)) for table in tables],
            ),
            tables,
        )


async def _tenant(connection: asyncpg.Connection, tenant_id: str) -> asyncpg.Record:
    row = await connection.fetchrow(SNAPSHOT, tenant_id)
    if row is None:
        raise TenantNotHere(tenant_id)
    return row


async def _insert_tenant(connection: asyncpg.Connection, manifest: ArchiveManifest, schema: str, version: int) -> None:
    wanted = manifest.wanted
    about = (
        wanted.name,
        wanted.plan,
        wanted.state,
        wanted.limits.model_dump_json(exclude_unset=True),
        wanted.generation,
    )
    await connection.execute(INSERT, manifest.tenant_id, schema, *about, manifest.held_since, version)


async def _copy_out(connection: asyncpg.Connection, table: Table, write: Write, *arguments: str) -> TableDigest:
    cutter = _Cutter(table.folder, write)
    status = await connection.copy_from_query(table.query, *arguments, output=cutter.take)
    await cutter.rest()
    return TableDigest(rows=_rows(status), sha256=cutter.sha256.hexdigest())


async def _copy_in(
    connection: asyncpg.Connection, reader: "_Reader", manifest: ArchiveManifest, schema: str
) -> ArchiveEnd:
    tables = await tables_of(connection, schema)
    found = [ArchivedTable(name=table.name, columns=list(table.columns)) for table in tables]
    if found != manifest.tables:
        raise BrokenArchive("The archive's tables are not those of its schema version.")
    if tables:  # a migration may have put first rows into them
        await connection.execute(f"truncate {', '.join(table.place for table in tables)}")
    await connection.execute("create temporary table archived_jobs (kind text, event_id uuid) on commit drop")
    digests = {table.name: await _copy_table_in(connection, table, reader) for table in tables}
    jobs = await _copy_table_in(connection, JOB_TABLE, reader)
    end = _parsed(ArchiveEnd, await reader.one("end.json"))
    if (end.digest.tables, end.jobs) != (digests, jobs):
        wrong = [name for name in digests if end.digest.tables.get(name) != digests[name]]
        raise BrokenArchive(f"The archive was changed after it was made: {', '.join(wrong or ['its jobs'])}.")
    await connection.execute(QUEUE_JOBS, manifest.tenant_id)
    return end


async def _copy_table_in(connection: asyncpg.Connection, table: Table, reader: "_Reader") -> TableDigest:
    sha256, rows = hashlib.sha256(), 0

    async def source() -> AsyncIterator[bytes]:
        async for content in reader.run_of(table.folder):
            sha256.update(content)
            yield content

    if await reader.is_in(table.folder):
        try:
            status = await connection.copy_to_table(
                table.name, schema_name=table.schema, columns=table.columns, source=source()
            )
        except asyncpg.PostgresError as error:
            if not sqlstate(error).startswith(WRONG_ROWS):
                raise
            raise BrokenArchive(f"The archive has rows that the table {table.name} can't hold.") from error
        rows = _rows(status)
    return TableDigest(rows=rows, sha256=sha256.hexdigest())


async def _set_sequences(connection: asyncpg.Connection, schema: str, wanted: Sequence[SequenceValue]) -> None:
    if [sequence.name for sequence in wanted] != [found.name for found in await sequences_of(connection, schema)]:
        raise BrokenArchive("The archive's sequences are not those of its schema version.")
    for sequence in wanted:
        place = f"{quoted(schema)}.{quoted(sequence.name)}"
        await connection.execute("select setval($1::regclass, $2, $3)", place, sequence.last_value, sequence.is_called)


class _Cutter:
    """Cuts what COPY says into members of a folder, counting nothing but bytes; a member may end within a row."""

    def __init__(self, folder: str, write: Write) -> None:
        self.sha256 = hashlib.sha256()
        self._folder, self._write = folder, write
        self._held, self._members = bytearray(), 0

    async def take(self, data: bytes) -> None:
        self.sha256.update(data)
        self._held += data
        while len(self._held) >= MEMBER_BYTES:
            await self._emit(MEMBER_BYTES)

    async def rest(self) -> None:
        if self._held:
            await self._emit(len(self._held))

    async def _emit(self, size: int) -> None:
        self._members += 1
        await self._write(member(f"{self._folder}{self._members:08}.copy", bytes(self._held[:size])))
        del self._held[:size]


class _Reader:
    """The members of an archive in their order, with a look at the next one."""

    def __init__(self, stream: AsyncIterable[bytes]) -> None:
        self._members = members(stream)
        self._ahead: tuple[str, bytes] | None = None

    async def one(self, name: str) -> bytes:
        if not await self.is_in(name):
            raise BrokenArchive(f"The archive has no {name} where it belongs.")
        return self._taken()

    async def is_in(self, folder: str) -> bool:
        if self._ahead is None:
            self._ahead = await anext(self._members, None)
        return self._ahead is not None and self._ahead[0].startswith(folder)

    async def run_of(self, folder: str) -> AsyncIterator[bytes]:
        while await self.is_in(folder):
            yield self._taken()

    def _taken(self) -> bytes:
        assert self._ahead is not None, "looked at before"
        content, self._ahead = self._ahead[1], None
        return content


M = TypeVar("M", bound=BaseModel)


def _manifest(content: bytes, tenant_id: str, *, known: int) -> ArchiveManifest:
    head = _parsed(ArchiveHead, content)
    if head.format != FORMAT:
        raise BrokenArchive("This is not an archive of a tenant.")
    if head.schema_version > known:
        raise ArchiveTooNew(head.schema_version, known)
    manifest = _parsed(ArchiveManifest, content)
    if manifest.tenant_id != tenant_id:
        raise BrokenArchive(f"This is an archive of {manifest.tenant_id}, not of {tenant_id}.")
    return manifest


def _parsed(model: type[M], content: bytes) -> M:
    try:
        return model.model_validate_json(content)
    except ValidationError:
        raise BrokenArchive("The archive's description of itself can't be read.") from None


def _rows(status: str) -> int:
    """From what Postgres says at the end of a COPY: ``COPY 42``."""
    return int(status.removeprefix("COPY "))


async def _nowhere(_: bytes) -> None:
    return
