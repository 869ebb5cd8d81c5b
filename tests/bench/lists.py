"""What lists cost: GET /api/alerts and /api/incidents against their own SQL on bare asyncpg, and the plans behind them.

The request and the bare SQL take turns. A plan that sorts or reads a whole table is shown; in a list's default order
neither may happen.
"""

import asyncio
import gzip
import json
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import asyncpg
import typer

from shared.pages import encode_cursor
from shared.tx import ReadTx, Tenant
from tenant_plane.alerts import service as alerts
from tenant_plane.alerts.schemas import AlertQuery
from tenant_plane.core.tenancy import system_actor
from tenant_plane.incidents import service as incidents
from tenant_plane.incidents.queries import SORT_KEYS
from tenant_plane.incidents.schemas import IncidentQuery, Sort
from tests.bench.fill import Filled
from tests.bench.measure import console, median, percentile, progress, table, write_json
from tests.bench.plane import BIND, Client, Party, Statement, durable_server, new_party, replay, serving

FRONTEND_LIMIT = 5000
COSTLY = ("Sort", "Incremental Sort", "Seq Scan")
TENANT = "lists"
MIDDLE_ALERT = "select last_seen_at, id from alerts order by last_seen_at desc, id desc offset $1 limit 1"
MIDDLE_INCIDENT = (
    "select attention, severity_rank, -number as n from incidents order by attention, severity_rank, -number"
    " offset $1 limit 1"
)


@dataclass(frozen=True)
class Case:
    """``in_order``: its page must come out of an index as it stands."""

    name: str
    path: str
    read: Callable[[ReadTx], Awaitable[object]]
    in_order: bool = True


def alert_case(name: str, **query: Any) -> Case:
    wanted = AlertQuery.model_validate(query)
    return Case(f"alerts, {name}", _path("/api/alerts", query), lambda tx: alerts.list_alerts(tx, wanted))


def incident_case(name: str, **query: Any) -> Case:
    wanted = IncidentQuery.model_validate(query)
    return Case(f"incidents, {name}", _path("/api/incidents", query), lambda tx: incidents.list_incidents(tx, wanted))


def _path(path: str, query: dict[str, Any]) -> str:
    pairs = [f"{name}={','.join(value) if isinstance(value, list) else value}" for name, value in query.items()]
    return path + ("?" + "&".join(pairs) if pairs else "")


async def cases(connection: asyncpg.Connection, alert_count: int, incident_count: int) -> list[Case]:
    alert = await connection.fetchrow(MIDDLE_ALERT, alert_count * 9 // 10)
    incident = await connection.fetchrow(MIDDLE_INCIDENT, incident_count * 9 // 10)
    assert alert is not None and incident is not None, "filled a moment ago"
    assert len(SORT_KEYS[Sort.ATTENTION][0]) == len(incident), "the cursor below is made by hand"
    return [
        alert_case("first page"),
        alert_case("firing on a noisy service", status=["firing"], service=["service-0"]),
        alert_case("resolved on a quiet service", status=["resolved"], service=["service-59"]),
        alert_case("cursor at 90 %", cursor=encode_cursor([alert["last_seen_at"].isoformat(), alert["id"]])),
        alert_case("offset at 90 %", offset=alert_count * 9 // 10),
        alert_case("search for a word", q="service-59"),
        incident_case("first page"),
        incident_case("triggered on a noisy service", status=["triggered"], service=["service-0"]),
        incident_case("cursor at 90 %", cursor=encode_cursor(list(incident))),
        incident_case("newest first", sort="newest"),
        incident_case("updated last", sort="updated"),
    ]


@dataclass
class Bench:
    party: Party
    tenant: Tenant
    client: Client
    bare: asyncpg.Connection

    async def compare(self, case: Case, times: int) -> dict[str, Any]:
        statements = await self._statements(case)
        served, floor = [], []
        for _ in range(times + 2):  # two warm up
            started = time.perf_counter()
            status, body = await self.client.get(case.path)
            between = time.perf_counter()
            await replay(self.bare, self.tenant.schema, statements)
            served.append(between - started)
            floor.append(time.perf_counter() - between)
            if status != 200:
                raise RuntimeError(f"{case.path} answered {status}: {body[:300]!r}")
        served, floor = served[2:], floor[2:]
        page, count = [await self._plan(statement) for statement in statements]
        return {
            "list": case.name,
            "ratio to its SQL": median([a / b for a, b in zip(served, floor, strict=True)]),
            "p50 ms": percentile(served, 50) * 1000,
            "p95 ms": percentile(served, 95) * 1000,
            "SQL p50 ms": percentile(floor, 50) * 1000,
            "SQL p95 ms": percentile(floor, 95) * 1000,
            "page": " > ".join(page),
            "count": " > ".join(count),
            "costly": [node for node in page if node in COSTLY],
        }

    async def _statements(self, case: Case) -> list[Statement]:
        async with self.party.database.read(system_actor(self.tenant)) as tx:
            await tx.session.connection()  # what SQLAlchemy asks a new connection is not part of the list
        with self.party.recorded() as statements:
            async with self.party.database.read(system_actor(self.tenant)) as tx:
                await case.read(tx)
        return statements

    async def _plan(self, statement: Statement) -> list[str]:
        sql, args = statement
        async with self.bare.transaction():
            await self.bare.fetch(BIND, self.tenant.schema)
            plan = await self.bare.fetchval(f"explain (format json) {sql}", *args)
        return list(_nodes(json.loads(plan)[0]["Plan"]))

    async def first_load(self, times: int) -> list[dict[str, Any]]:
        """What the frontend asks for when it opens, as it is and as gzip would make it."""
        path = f"/api/incidents?limit={FRONTEND_LIMIT}"
        seconds, body, compressed_by_server = [], b"", False
        for _ in range(times):
            started = time.perf_counter()
            _, body = await self.client.get(path, accept_encoding="gzip")
            seconds.append(time.perf_counter() - started)
            compressed_by_server = body[:2] == b"\x1f\x8b"
        body = gzip.decompress(body) if compressed_by_server else body
        rows = [_sized("as it is" + (" (gzip by the server)" if compressed_by_server else ""), body, body, seconds)]
        for level in (1, 4, 6):
            spent = []
            for _ in range(3):
                started = time.perf_counter()
                packed = gzip.compress(body, level)
                spent.append(time.perf_counter() - started)
            rows.append(_sized(f"gzip {level}: what it would add", body, packed, spent))
        return rows


def _nodes(plan: dict[str, Any]) -> Iterator[str]:
    yield plan["Node Type"]
    for child in plan.get("Plans", ()):
        yield from _nodes(child)


def _sized(name: str, body: bytes, sent: bytes, seconds: Sequence[float]) -> dict[str, Any]:
    return {
        "answer": name,
        "bytes, ratio": len(sent) / len(body),
        "kB": len(sent) / 1000,
        "median ms": median(seconds) * 1000,
    }


async def run(sizes: Sequence[int], incident_count: int, times: int, json_file: Path | None) -> None:
    results: dict[str, Any] = {}
    with durable_server() as server_url:
        async with new_party(server_url, "lists") as party:
            tenant = await party.new_tenant(TENANT)
            key = await party.new_key(tenant, "viewer")
            async with serving(party) as served, party.owner(tenant) as owner, party.bare() as bare:
                bench = Bench(party, tenant, await Client.connect(served.port, x_api_key=key), bare)
                filled = Filled(owner)
                await filled.to_incidents(incident_count)
                for size in sizes:
                    with console.status(f"Writing {size:,} alerts …"):
                        await filled.to_alerts(size)
                    bench.client = await Client.connect(served.port, x_api_key=key)
                    results[f"{size} alerts"] = await compared(bench, filled, size, times)
                results["first load"] = await bench.first_load(5)
                console.print(table(f"{FRONTEND_LIMIT:,} incidents, the frontend's first load", results["first load"]))
    write_json(json_file, results)


async def compared(bench: Bench, filled: Filled, size: int, times: int) -> list[dict[str, Any]]:
    rows = []
    wanted = await cases(filled.connection, filled.alerts, filled.incidents)
    with progress() as bar:
        task = bar.add_task(f"{size:,} alerts", total=len(wanted))
        for case in wanted:
            rows.append(await bench.compare(case, times))
            bar.advance(task)
    hidden = {"page", "count", "costly"}
    title = f"{size:,} alerts, {filled.incidents:,} incidents: page and count, against the same SQL"
    console.print(table(title, [{k: v for k, v in row.items() if k not in hidden} for row in rows]))
    console.print(table("Plans", [{k: row[k] for k in ("list", "page", "count")} for row in rows]))
    for row in rows:
        if row["costly"]:
            console.print(f"[yellow]![/] {row['list']}: {', '.join(row['costly'])} in the page")
    return rows


def main(
    alert_counts: Annotated[list[int] | None, typer.Option("--alerts", min=1000, max=1_000_000)] = None,
    incident_count: Annotated[int, typer.Option("--incidents", min=100, max=100_000)] = 5000,
    times: Annotated[int, typer.Option(min=5, max=1000, help="Measured requests per list.")] = 40,
    json_file: Annotated[Path | None, typer.Option("--json", help="Also write the results there.")] = None,
) -> None:
    """What lists cost at 10,000 and 100,000 alerts, as a ratio to their own SQL on bare asyncpg."""
    asyncio.run(run(sorted(alert_counts or [10_000, 100_000]), incident_count, times, json_file))


if __name__ == "__main__":
    typer.run(main)
