"""What the benchmarks measure on: a durable server, planes in processes of their own, senders, and recorded SQL.

The floor is the product's own SQL: what a service sent to Postgres is recorded, statement by statement with its
arguments, and sent again on a bare asyncpg connection. Every party has a database of its own, so that nobody's worker
takes another's jobs.
"""

import asyncio
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
from sqlalchemy import event
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.local.postgres import DURABLE, throw_away
from shared.contracts.tenants import Standing, TenantWanted
from shared.database import create_engine
from shared.tx import Tenant
from tenant_plane.core import provision
from tenant_plane.core.api_keys import new_key
from tenant_plane.core.tenancy import TenantDatabase
from tenant_plane.worker import REACTIONS
from tests.support.statements import NOT_COUNTED
from tests.support.tenant_plane import PASSWORD, app_url

ROOT = Path(__file__).parents[2]
BIND = (
    "select set_config('role', $1, true), set_config('search_path', $1, true), set_config('transaction_read_only',"
    " 'off', true)"
)
NEW_KEY = """
insert into api_keys (id, name, scope, secret_hash, rate_limit_rps, created_by, created_at)
values ($1, 'bench', $2, $3, $4, 'bench', now())
"""
Statement = tuple[str, Sequence[Any]]


@contextmanager
def durable_server() -> Iterator[str]:
    """The owner's URL of a new Postgres with the settings of an installation; fsync is on."""
    with throw_away(DURABLE) as url:
        yield url


@dataclass
class Party:
    """One database of the server, with everything that a tenant plane needs in it."""

    owner_url: str
    engine: AsyncEngine = field(init=False)
    database: TenantDatabase = field(init=False)

    def __post_init__(self) -> None:
        self.engine = create_engine(app_url(self.owner_url), pool_size=2)
        self.database = TenantDatabase(self.engine, reactions=REACTIONS)

    async def new_tenant(self, tenant_id: str) -> Tenant:
        provisioner = provision.Provisioner(self.owner_url)
        await provisioner.refill()
        await provisioner.ensure(tenant_id, TenantWanted(name=tenant_id, plan="pro", state=Standing.ACTIVE))
        await provisioner.refill()
        return Tenant(tenant_id, provision.schema_of(tenant_id), tenant_id)

    async def new_key(self, tenant: Tenant, scope: str, rps: int | None = 100_000) -> str:
        """``rps`` None: the plan says how many requests a minute."""
        made = new_key(tenant)
        async with self.owner(tenant) as connection:
            await connection.execute(NEW_KEY, made.id, scope, made.secret_hash, rps)
        return made.text

    @asynccontextmanager
    async def owner(self, tenant: Tenant) -> AsyncIterator[asyncpg.Connection]:
        connection = await asyncpg.connect(self.owner_url, server_settings={"search_path": tenant.schema})
        try:
            yield connection
        finally:
            await connection.close()

    @asynccontextmanager
    async def bare(self) -> AsyncIterator[asyncpg.Connection]:
        """The login that serves requests, without SQLAlchemy and without a pool."""
        connection = await asyncpg.connect(app_url(self.owner_url))
        try:
            yield connection
        finally:
            await connection.close()

    @contextmanager
    def recorded(self) -> Iterator[list[Statement]]:
        """What goes through this engine, in order, without BEGIN, COMMIT and the binding to a tenant."""
        seen: list[Statement] = []

        def through_sqlalchemy(_: Any, __: Any, statement: str, parameters: Any, *rest: Any) -> None:
            if not NOT_COUNTED.match(statement):
                seen.append((statement, parameters))

        def straight(record: asyncpg.connection.LoggedQuery) -> None:
            if not NOT_COUNTED.match(record.query):
                seen.append((record.query, record.args))

        def on_checkout(connection: Any, *rest: Any) -> None:
            connection.driver_connection.add_query_logger(straight)

        def on_checkin(connection: Any, *rest: Any) -> None:
            connection.driver_connection.remove_query_logger(straight)

        engine = self.engine.sync_engine
        listeners = (
            ("before_cursor_execute", through_sqlalchemy),
            ("checkout", on_checkout),
            ("checkin", on_checkin),
        )
        for name, listener in listeners:
            event.listen(engine, name, listener)
        try:
            yield seen
        finally:
            for name, listener in listeners:
                event.remove(engine, name, listener)


async def replay(connection: asyncpg.Connection, schema: str, statements: Sequence[Statement]) -> None:
    async with connection.transaction():
        await connection.fetch(BIND, schema)
        for sql, args in statements:
            await connection.fetch(sql, *args)


@asynccontextmanager
async def new_party(server_url: str, name: str) -> AsyncIterator[Party]:
    connection = await asyncpg.connect(server_url)
    await connection.execute(f'create database "{name}"')
    await connection.close()
    url = make_url(server_url).set(database=name).render_as_string(hide_password=False)
    await provision.prepare_database(url, PASSWORD)
    party = Party(url)
    try:
        yield party
    finally:
        await party.engine.dispose()


@dataclass(frozen=True)
class Served:
    port: int
    pid: int


@asynccontextmanager
async def serving(party: Party, **environment: str) -> AsyncIterator[Served]:
    """A plane in another process; it is gone afterwards. What it logs is only shown when it does not start."""
    log = tempfile.TemporaryFile()  # noqa: SIM115 - closed below, after the process
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.bench.serve",
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=log,
        env={
            **os.environ,
            "OPSPLANE_TENANT_DATABASE_URL": party.owner_url,
            "OPSPLANE_TENANT_APP_DATABASE_URL": app_url(party.owner_url),
            **environment,
        },
    )
    assert process.stdout is not None, "it is a pipe"
    try:
        try:
            port = int(await asyncio.wait_for(process.stdout.readline(), 30))
            client = await Client.connect(port)
            status, _ = await client.get("/readyz")
            client.close()
        except (OSError, EOFError, ValueError, TimeoutError) as error:
            log.seek(0)
            raise RuntimeError(f"the plane does not start: {log.read()[-2000:].decode()}") from error
        if status != 200:
            raise RuntimeError(f"/readyz says {status}")
        yield Served(port, process.pid)
    finally:
        if process.returncode is None:
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), 20)
        except TimeoutError:
            process.kill()
        log.close()


@dataclass
class Client:
    """One connection that stays open. Written by hand, so that the sender costs the machine as little as it can."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    async def connect(cls, port: int, **headers: str) -> "Client":
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=64 * 1024 * 1024)
        return cls(reader, writer, headers)

    def close(self) -> None:
        self.writer.close()

    async def get(self, path: str, **headers: str) -> tuple[int, bytes]:
        return await self.ask("GET", path, b"", **headers)

    async def ask(self, method: str, path: str, body: bytes, **headers: str) -> tuple[int, bytes]:
        """The status and the body; the body as it came, compressed or not."""
        lines = [f"{method} {path} HTTP/1.1", "host: bench", f"content-length: {len(body)}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in {**self.headers, **headers}.items()]
        self.writer.write("\r\n".join([*lines, "", ""]).encode() + body)
        head = (await self.reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
        return int(head[9:12]), await self.reader.readexactly(length)
