"""What a page of an audit log costs at a million entries, for each filter: of a tenant, or of the control plane.

The floor is one page by number on bare asyncpg, asked in turns with each filter: the least that any page can cost.
The entries are written set-wise, so their hashes are made up; nothing here looks at the chain.
"""

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import asyncpg
import typer
from sqlalchemy.engine import make_url

from control_plane.core.prepare import prepare_database
from control_plane.identity.passwords import hash_password
from control_plane.identity.rules import Role
from shared.logs import configure_logs
from shared.pages import encode_cursor
from tests.bench.measure import console, cpu_seconds, median, percentile, progress, table, write_json
from tests.bench.plane import BIND, Client, durable_server, new_party, serving
from tests.control_plane.support import APP_PASSWORD, PASSWORD, bearer, control_plane

TENANT = "audit"
BIG, RARE = "big", "tenant-499"
ROWS_AT_ONCE = 50_000
FLOOR = (
    "select seq, at, actor_id, actor_kind, actor_name, impersonated_by, action, target, result, details, address,"
    " trace_id, previous_hash, hash from audit_log order by seq desc limit 51"
)
ENTRIES = """
insert into audit_log (seq, at, actor_id, actor_kind, actor_name, action, target, result, details, address, trace_id,
    previous_hash, hash{columns})
select n, now() - (1 + $3::int - n) * interval '90 days' / $3::int, 'user-' || person, 'user',
    'person-' || person || '@acme.example',
    case when n % 1000 = 0 then 'call.refused' when n <= $3::int / 20 then 'api_key.created'
         else (array['incident.edited', 'incident.edited', 'incident.noted', 'incident.opened'])[1 + n % 4] end,
    'incident:INC-' || lpad((n / 5)::text, 8, '0'), case when n % 1000 = 0 then 'refused' else 'done' end,
    jsonb_build_object('incident_id', gen_random_uuid(), 'reference', 'INC-' || lpad((n / 5)::text, 8, '0'),
        'changes', jsonb_build_object('severity', jsonb_build_object('from', 'low', 'to', 'high'),
            'service', jsonb_build_object('from', 'service-' || n % 60, 'to', 'service-' || n % 50))),
    '203.0.113.' || n % 250, md5(n::text), sha256(int8send(n)), sha256(int8send(n + 1)){values}
from (select n, case when n % 2 = 0 then 1 else floor(500 * power(random(), 3))::int end as person
    from generate_series($1::bigint, $2::bigint) as n) as made
"""
TENANT_OF = (
    "case when n % 20 = 3 then null when n % 4 < 2 then 'big'"
    " else 'tenant-' || floor(500 * power(random(), 3))::int end"
)
# Person 1 makes half of all; api_key.created is the oldest twentieth; person 499 makes next to nothing.
# In the control plane, half of all is about the tenant ``big``, and a twentieth about none.


class Plane(StrEnum):
    TENANT = "tenant"
    CONTROL = "control"


def cases(count: int) -> dict[str, str]:
    return {
        "no filter": "",
        "cursor at 90 %": f"cursor={encode_cursor([count // 10])}",
        "actor of half of all": "actor=person-1@acme.example",
        "actor, rare": "actor=person-499@acme.example",
        "actor by id, rare": "actor=user-499",
        "action, most": "action=incident.",
        "action, the oldest twentieth": "action=api_key.",
        "action, none": "action=tenant.",
        "target": f"target=incident:INC-{count // 10:08d}",
        "refused": "result=refused",
        "done": "result=done",
        "until the middle": "until=now-45d",
        "until the first tenth": "until=now-81d",
        "since the middle": "since=now-45d",
        "a word that most have": "q=severity",
        "a word that few have": f"q=INC-{count // 10:08d}",
        "a word that a sixtieth has": "q=service-7",
        "a word of the oldest": "q=created",
        "a word that none has": "q=zebra",
        "two words": "q=" + quote("person-1 edited"),
    }


def of_tenants(count: int) -> list[tuple[str, str, str]]:
    """Who, what and the query, in the control plane: a tenant's entries, for a super-admin and its own admin."""
    everything = cases(count)
    some = (
        "no filter",
        "cursor at 90 %",
        "actor, rare",
        "action, most",
        "action, the oldest twentieth",
        "target",
        "refused",
        "until the first tenth",
        "a word that most have",
        "a word that few have",
        "a word of the oldest",
    )
    wanted = []
    for tenant in (BIG, RARE):
        for name in some:
            wanted.append(("a super-admin", f"{tenant}: {name}", f"tenant_id={tenant}&{everything[name]}"))
        for name in some:
            wanted.append((f"admin of {tenant}", name, everything[name]))
    return wanted


@dataclass(frozen=True)
class Log:
    """A plane's audit log: where it lies, who asks for pages of it, and the cheapest page on a bare connection.

    Each of ``askers`` takes a query and gives status and body; ``pid`` is the process that answers.
    """

    owner: asyncpg.Connection
    askers: Mapping[str, Callable[[str], Awaitable[tuple[int, bytes]]]]
    floor: Callable[[], Awaitable[Any]]
    pid: int

    async def cpu(self) -> float:
        """Processor seconds so far, of the plane and of Postgres for it; what the floor costs is in it, too."""
        pids = [row["pid"] for row in await self.owner.fetch(BACKENDS)]
        return sum(cpu_seconds(pid) for pid in (self.pid, *pids))


@asynccontextmanager
async def tenants_log(server_url: str, count: int) -> AsyncIterator[Log]:
    """In a plane of its own process, over HTTP."""
    async with new_party(server_url, "audit") as party:
        tenant = await party.new_tenant(TENANT)
        key = await party.new_key(tenant, "admin")
        async with serving(party) as served, party.owner(tenant) as owner, party.bare() as bare:
            client = await Client.connect(served.port, x_api_key=key)

            async def floor() -> None:
                async with bare.transaction():
                    await bare.fetch(BIND, tenant.schema)
                    await bare.fetch(FLOOR)

            await fill(owner, count, {})
            yield Log(owner, {"an admin": lambda query: client.get(f"/api/audit?{query}")}, floor, served.pid)
            client.close()


@asynccontextmanager
async def control_planes_log(server_url: str, count: int) -> AsyncIterator[Log]:
    """In this process, without a socket."""
    owner = await asyncpg.connect(server_url)
    await owner.execute("create database control")
    await owner.close()
    url = make_url(server_url).set(database="control").render_as_string(hide_password=False)
    await prepare_database(url, APP_PASSWORD)
    control = control_plane(url, await hash_password(PASSWORD), access_token_seconds=3600)
    owner = await asyncpg.connect(url, server_settings={"search_path": "control"})
    try:
        for tenant in (BIG, RARE):
            await control.add_tenant(tenant)
            await control.add_user(f"ana@{tenant}.example", {tenant: Role.ADMIN})
        headers = {"a super-admin": await control.super_admin()}
        await owner.execute("truncate audit_log")
        await fill(owner, count, {"tenant_id": TENANT_OF})
        for tenant in (BIG, RARE):
            headers[f"admin of {tenant}"] = bearer((await control.sign_in(f"ana@{tenant}.example"))["token"])

        def asker(of: dict[str, str]) -> Callable[[str], Awaitable[tuple[int, bytes]]]:
            async def ask(query: str) -> tuple[int, bytes]:
                answer = await control.client.get(f"/api/auth/audit?{query}", headers=of)
                return answer.status_code, answer.content

            return ask

        async def floor() -> None:
            await owner.fetch(FLOOR)

        yield Log(owner, {name: asker(of) for name, of in headers.items()}, floor, os.getpid())
    finally:
        await owner.close()
        await control.database.close()


async def fill(owner: asyncpg.Connection, count: int, more: Mapping[str, str]) -> None:
    """``more``: columns beside those of every log, and what they shall hold, of ``n``. Indexes come afterwards."""
    started = time.perf_counter()
    indexes = await owner.fetch(INDEXES)
    for index in indexes:
        await owner.execute(f"drop index {index['indexname']}")
    columns, values = ("".join(f", {part}" for part in parts) for parts in (more.keys(), more.values()))
    with progress() as bar:
        task = bar.add_task(f"Writing {count:,} entries", total=count)
        for first in range(1, count + 1, ROWS_AT_ONCE):
            last = min(count, first + ROWS_AT_ONCE - 1)
            await owner.execute(ENTRIES.format(columns=columns, values=values), first, last, count, timeout=300)
            bar.advance(task, last - first + 1)
    with console.status("Indexes, and as autovacuum would leave it …"):
        await owner.execute("set maintenance_work_mem = '256MB'")
        for index in indexes:
            await owner.execute(index["indexdef"], timeout=900)
        await owner.execute("vacuum (analyze) audit_log", timeout=300)
    console.print(f"filled in {time.perf_counter() - started:.0f} s; {dict(await owner.fetchrow(SIZES) or {})}")


async def measured(log: Log, who: str, query: str, times: int) -> dict[str, Any]:
    served, floor, page = [], [], {}
    await log.askers[who](query)  # warms up
    cpu = await log.cpu()
    for _ in range(times):
        started = time.perf_counter()
        status, body = await log.askers[who](query)
        between = time.perf_counter()
        await log.floor()
        served.append(between - started)
        floor.append(time.perf_counter() - between)
        if status != 200:
            raise RuntimeError(f"{query} answered {status}: {body[:300]!r}")
        page = json.loads(body)
    return {
        "ratio to the floor": median([a / b for a, b in zip(served, floor, strict=True)]),
        "CPU ms": (await log.cpu() - cpu) / times * 1000,
        "p50 ms": percentile(served, 50) * 1000,
        "worst ms": max(served) * 1000,
        "floor p50 ms": percentile(floor, 50) * 1000,
        "rows": len(page["data"]["items"]),
        "total": page["data"]["total"],
    }


async def pages(log: Log, wanted: Sequence[tuple[str, str, str]], times: int) -> list[dict[str, Any]]:
    """``wanted``: who asks, the filter's name, its query."""
    days, rows = {row["name"]: row["at"] for row in await log.owner.fetch(TIMES)}, []
    with progress() as bar:
        task = bar.add_task("Pages", total=len(wanted))
        for who, name, query in wanted:
            for day, at in days.items():
                query = query.replace(day, quote(at.isoformat()))
            rows.append({"who": who, "filter": name, **await measured(log, who, query, times)})
            bar.advance(task)
    return rows


async def run(plane: Plane, count: int, times: int, json_file: Path | None) -> None:
    configure_logs(level="WARNING")
    opened = tenants_log if plane is Plane.TENANT else control_planes_log
    with durable_server() as server_url:
        async with opened(server_url, count) as log:
            wanted = [(next(iter(log.askers)), name, query) for name, query in cases(count).items()]
            if plane is Plane.CONTROL:
                wanted += of_tenants(count)
            rows = await pages(log, wanted, times)
    console.print(table(f"{plane} plane: {count:,} entries, a page of 50 with its total", rows))
    slowest = max(rows, key=lambda row: row["p50 ms"])
    console.print(f"slowest: {slowest['who']}, {slowest['filter']}, {slowest['p50 ms']:.0f} ms")
    write_json(json_file, rows)


BACKENDS = "select pid from pg_stat_activity where datname = current_database() and backend_type = 'client backend'"
INDEXES = (
    "select indexname, indexdef from pg_indexes where tablename = 'audit_log' and schemaname = current_schema()"
    " and not exists (select from pg_constraint where conname = indexname)"
)
SIZES = (
    "select pg_table_size('audit_log') / 1000000 as table_mb, pg_indexes_size('audit_log') / 1000000 as indexes_mb,"
    " pg_relation_size('audit_log_words') / 1000000 as words_mb"
)
TIMES = (
    "select 'now-45d' as name, now() - interval '45 days' as at union all select 'now-81d', now() - interval '81 days'"
)


def main(
    plane: Annotated[Plane, typer.Option(help="Whose audit log.")] = Plane.TENANT,
    count: Annotated[int, typer.Option("--entries", min=1000, max=5_000_000)] = 1_000_000,
    times: Annotated[int, typer.Option(min=3, max=200, help="Measured requests per filter.")] = 7,
    json_file: Annotated[Path | None, typer.Option("--json", help="Also write the results there.")] = None,
) -> None:
    """Pages of an audit log at a million entries, for each filter, as a ratio to one page by number."""
    asyncio.run(run(plane, count, times, json_file))


if __name__ == "__main__":
    typer.run(main)
