"""What a page of the audit log costs at a million entries, for each filter, over HTTP.

The floor is one page by number on bare asyncpg, asked in turns with each filter: the least that any page can cost.
The entries are written set-wise, so their hashes are made up; nothing here looks at the chain.
"""

import asyncio
import json
import time
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import asyncpg
import typer

from shared.pages import encode_cursor
from shared.tx import Tenant
from tests.bench.measure import console, median, percentile, progress, table, write_json
from tests.bench.plane import BIND, Client, durable_server, new_party, serving

TENANT = "audit"
ROWS_AT_ONCE = 50_000
FLOOR = (
    "select seq, at, actor_id, actor_kind, actor_name, impersonated_by, action, target, result, details, address,"
    " trace_id, previous_hash, hash from audit_log order by seq desc limit 51"
)
ENTRIES = """
insert into audit_log (seq, at, actor_id, actor_kind, actor_name, action, target, result, details, address, trace_id,
    previous_hash, hash)
select n, now() - (1 + $3::int - n) * interval '90 days' / $3::int, 'user-' || person, 'user',
    'person-' || person || '@acme.example',
    case when n % 1000 = 0 then 'call.refused' when n <= $3::int / 20 then 'api_key.created'
         else (array['incident.edited', 'incident.edited', 'incident.noted', 'incident.opened'])[1 + n % 4] end,
    'incident:INC-' || lpad((n / 5)::text, 8, '0'), case when n % 1000 = 0 then 'refused' else 'done' end,
    jsonb_build_object('incident_id', gen_random_uuid(), 'reference', 'INC-' || lpad((n / 5)::text, 8, '0'),
        'changes', jsonb_build_object('severity', jsonb_build_object('from', 'low', 'to', 'high'),
            'service', jsonb_build_object('from', 'service-' || n % 60, 'to', 'service-' || n % 50))),
    '203.0.113.' || n % 250, md5(n::text), sha256(int8send(n)), sha256(int8send(n + 1))
from (select n, case when n % 2 = 0 then 1 else floor(500 * power(random(), 3))::int end as person
    from generate_series($1::bigint, $2::bigint) as n) as made
"""
# Person 1 makes half of all; api_key.created is the oldest twentieth; person 499 makes next to nothing.


def cases(count: int) -> dict[str, str]:
    half, tenth = f"now-45d {count}", f"now-81d {count}"
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
        "until the middle": f"until={half}",
        "until the first tenth": f"until={tenth}",
        "since the middle": f"since={half}",
        "a word that most have": "q=severity",
        "a word that few have": f"q=INC-{count // 10:08d}",
        "a word that a sixtieth has": "q=service-7",
        "a word of the oldest": "q=created",
        "a word that none has": "q=zebra",
        "two words": "q=" + quote("person-1 edited"),
    }


async def fill(connection: asyncpg.Connection, count: int) -> float:
    started = time.perf_counter()
    with progress() as bar:
        task = bar.add_task(f"Writing {count:,} entries", total=count)
        for first in range(1, count + 1, ROWS_AT_ONCE):
            last = min(count, first + ROWS_AT_ONCE - 1)
            await connection.execute(ENTRIES, first, last, count, timeout=300)
            bar.advance(task, last - first + 1)
    with console.status("As autovacuum would leave it …"):
        await connection.execute("vacuum (analyze) audit_log", timeout=300)
    return time.perf_counter() - started


async def measured(client: Client, bare: asyncpg.Connection, tenant: Tenant, query: str, times: int) -> dict[str, Any]:
    served, floor, page = [], [], {}
    for _ in range(times + 1):  # one warms up
        started = time.perf_counter()
        status, body = await client.get("/api/audit" + (f"?{query}" if query else ""))
        between = time.perf_counter()
        async with bare.transaction():
            await bare.fetch(BIND, tenant.schema)
            await bare.fetch(FLOOR)
        served.append(between - started)
        floor.append(time.perf_counter() - between)
        page = json.loads(body)
        if status != 200:
            raise RuntimeError(f"{query} answered {status}: {body[:300]!r}")
    served, floor = served[1:], floor[1:]
    return {
        "ratio to the floor": median([a / b for a, b in zip(served, floor, strict=True)]),
        "p50 ms": percentile(served, 50) * 1000,
        "worst ms": max(served) * 1000,
        "floor p50 ms": percentile(floor, 50) * 1000,
        "rows": len(page["data"]["items"]),
        "total": page["data"]["total"],
    }


async def run(count: int, times: int, json_file: Path | None) -> None:
    results: dict[str, Any] = {}
    with durable_server() as server_url:
        async with new_party(server_url, "audit") as party:
            tenant = await party.new_tenant(TENANT)
            key = await party.new_key(tenant, "admin")
            async with serving(party) as served, party.owner(tenant) as owner, party.bare() as bare:
                results["fill seconds"] = await fill(owner, count)
                results["sizes"] = dict(await owner.fetchrow(SIZES) or {})
                days = {row["name"]: row["at"] for row in await owner.fetch(TIMES)}
                client, rows = await Client.connect(served.port, x_api_key=key), []
                wanted = cases(count)
                with progress() as bar:
                    task = bar.add_task("Pages", total=len(wanted))
                    for name, query in wanted.items():
                        for day, at in days.items():
                            query = query.replace(f"{day} {count}", quote(at.isoformat()))
                        rows.append({"filter": name, **await measured(client, bare, tenant, query, times)})
                        bar.advance(task)
                client.close()
    results["pages"] = rows
    console.print(table(f"{count:,} entries, a page of 50 over HTTP, with its total", rows))
    console.print(f"filled in {results['fill seconds']:.0f} s; {results['sizes']}")
    slowest = max(rows, key=lambda row: row["p50 ms"])
    console.print(f"slowest: {slowest['filter']}, {slowest['p50 ms']:.0f} ms")
    write_json(json_file, results)


SIZES = (
    "select pg_table_size('audit_log') / 1000000 as table_mb, pg_indexes_size('audit_log') / 1000000 as indexes_mb,"
    " pg_relation_size('audit_log_words') / 1000000 as words_mb"
)
TIMES = (
    "select 'now-45d' as name, now() - interval '45 days' as at union all select 'now-81d', now() - interval '81 days'"
)


def main(
    count: Annotated[int, typer.Option("--entries", min=1000, max=5_000_000)] = 1_000_000,
    times: Annotated[int, typer.Option(min=3, max=200, help="Measured requests per filter.")] = 7,
    json_file: Annotated[Path | None, typer.Option("--json", help="Also write the results there.")] = None,
) -> None:
    """Pages of the audit log at a million entries, for each filter, as a ratio to one page by number."""
    asyncio.run(run(count, times, json_file))


if __name__ == "__main__":
    typer.run(main)
