"""Alerts made durable per second: through HTTP, against the same SQL on bare asyncpg.

Three parties take turns: the product as it is; the same product with one request per commit, which shows what group
commit gains; and the floor, which sends the product's own statements for as many alerts in batches of the size that
the product had just used.
"""

import asyncio
import json
import random
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from prometheus_client.parser import text_string_to_metric_families

from shared.tx import Tenant
from tenant_plane.core.tenancy import system_actor
from tenant_plane.ingest import service
from tests.bench.measure import console, cpu_seconds, median, percentile, progress, table, write_json
from tests.bench.plane import Client, Party, Served, Statement, durable_server, new_party, replay, serving

PER_BODY = 20
SEVERITIES = ("critical", "warning", "info")


@dataclass
class Fleet:
    """Where alerts come from: services with hosts; ``repeats`` of them say again what was said before."""

    repeats: float
    dice: random.Random = field(default_factory=lambda: random.Random(7))
    said: list[int] = field(default_factory=list)
    newest: int = 0

    def next(self) -> int:
        if self.said and self.dice.random() < self.repeats:
            return self.dice.choice(self.said[-2000:])
        self.newest += 1
        self.said.append(self.newest)
        return self.newest

    def generic(self) -> bytes:
        n = self.next()
        alert = {
            "title": f"Latency above 800 ms on check {n}",
            "severity": SEVERITIES[n % 3],
            "service": f"service-{n % 300}",
            "namespace": "production",
            "host": f"node-{n % 97}",
            "description": "The 99th percentile of the last five minutes was above the objective of this service.",
            "labels": {"team": f"team-{n % 12}", "region": "eu-central-1", "check": f"check-{n}"},
        }
        return json.dumps(alert).encode()

    def alertmanager(self) -> bytes:
        alerts = [self._prometheus(self.next()) for _ in range(PER_BODY)]
        body = {
            "version": "4",
            "groupKey": f'{{}}:{{alertname="HighLatency{self.newest % 50}"}}',
            "status": "firing",
            "receiver": "opsplane",
            "groupLabels": {"alertname": "HighLatency"},
            "commonLabels": {"alertname": "HighLatency"},
            "commonAnnotations": {},
            "externalURL": "http://alertmanager.example:9093",
            "truncatedAlerts": 0,
            "alerts": alerts,
        }
        return json.dumps(body).encode()

    def _prometheus(self, n: int) -> dict[str, Any]:
        return {
            "status": "firing",
            "labels": {
                "alertname": f"HighLatency{n % 50}",
                "severity": SEVERITIES[n % 3],
                "service": f"service-{n % 300}",
                "namespace": "production",
                "instance": f"10.0.{n % 250}.{n % 199}:9100",
                "job": "node",
                "check": str(n),
            },
            "annotations": {
                "summary": "Latency is above 800 ms",
                "description": "The 99th percentile of the last five minutes was above the objective.",
                "runbook_url": "https://runbooks.example/latency",
            },
            "startsAt": (datetime.now(UTC) - timedelta(minutes=2)).isoformat(),
            "endsAt": "0001-01-01T00:00:00Z",
            "generatorURL": "http://prometheus.example:9090/graph?g0.expr=latency",
            "fingerprint": f"{n:016x}",
        }


@dataclass(frozen=True)
class Shape:
    name: str
    path: str
    source: str
    per_body: int
    requests: int

    def bodies(self, fleet: Fleet) -> list[bytes]:
        one = fleet.generic if self.per_body == 1 else fleet.alertmanager
        return [one() for _ in range(self.requests)]


@dataclass
class Side:
    """One plane that is sent to, and what was seen of it."""

    served: Served
    headers: dict[str, str]
    senders: int
    rates: list[float] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    batches: dict[str, int] = field(default_factory=dict)

    async def send(self, shape: Shape, bodies: Sequence[bytes]) -> int:
        """Everybody sends the next body as soon as the last was answered; returns the number of commits."""
        before = await self._histogram()
        async with self._connected() as clients:
            waiting, cpu, started = iter(bodies), cpu_seconds(self.served.pid), time.perf_counter()
            await asyncio.gather(*(self._sender(client, shape, waiting) for client in clients))
            seconds = time.perf_counter() - started
        alerts = len(bodies) * shape.per_body
        self.rates.append(alerts / seconds)
        self.cpu.append((cpu_seconds(self.served.pid) - cpu) / alerts)
        after = await self._histogram()
        for bucket, count in after.items():
            self.batches[bucket] = self.batches.get(bucket, 0) + count - before.get(bucket, 0)
        return after["+Inf"] - before.get("+Inf", 0)

    def forget(self) -> None:
        self.rates.clear()
        self.latencies.clear()
        self.cpu.clear()
        self.batches.clear()

    async def _sender(self, client: Client, shape: Shape, waiting: Iterator[bytes]) -> None:
        for body in waiting:
            started = time.perf_counter()
            status, answer = await client.ask("POST", shape.path, body)
            self.latencies.append(time.perf_counter() - started)
            if status != 200:
                raise RuntimeError(f"{shape.path} answered {status}: {answer[:300]!r}")

    async def _histogram(self) -> dict[str, int]:
        async with self._connected() as clients:
            _, text = await clients[0].get("/metrics")
        return {
            sample.labels["le"]: int(sample.value)
            for family in text_string_to_metric_families(text.decode())
            if family.name == "opsplane_ingest_batch_alerts"
            for sample in family.samples
            if sample.name.endswith("_bucket")
        }

    async def answers_per_second(self, requests: int) -> float:
        """What HTTP alone costs: the same senders ask for /healthz."""
        waiting = iter(range(requests))

        async def ask(client: Client) -> None:
            for _ in waiting:
                await client.get("/healthz")

        async with self._connected() as clients:
            started = time.perf_counter()
            await asyncio.gather(*(ask(client) for client in clients))
            return requests / (time.perf_counter() - started)

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[list[Client]]:
        """Anew for every round: the server closes what was idle while the others had their turn."""
        clients = [await Client.connect(self.served.port, **self.headers) for _ in range(self.senders)]
        try:
            yield clients
        finally:
            for client in clients:
                client.close()


@dataclass
class Floor:
    """``recorder`` is where the service runs, unmeasured; ``tenant`` is where its statements are sent again."""

    party: Party
    recorder: Tenant
    tenant: Tenant
    rates: list[float] = field(default_factory=list)

    async def send(self, shape: Shape, bodies: Sequence[bytes], commits: int) -> None:
        incoming = [
            alert
            for body in bodies
            for alert in service.read_payload(shape.source, body, sender="bench", received_at=datetime.now(UTC))
        ]
        transactions: list[list[Statement]] = []
        for n in range(commits):
            batch = incoming[n * len(incoming) // commits : (n + 1) * len(incoming) // commits]
            with self.party.recorded() as statements:
                async with self.party.database.write(system_actor(self.recorder)) as tx:
                    await service.ingest_alerts(tx, batch)
            transactions.append(statements)
        async with self.party.bare() as connection:
            await replay(connection, self.tenant.schema, transactions[0][:1])  # connected, and the first plan made
            started = time.perf_counter()
            for statements in transactions:
                await replay(connection, self.tenant.schema, statements)
            self.rates.append(len(incoming) / (time.perf_counter() - started))


async def measure(shape: Shape, *, senders: int, rounds: int, repeats: float, server_url: str) -> dict[str, Any]:
    fleet, healthz = Fleet(repeats), []
    prefix = shape.source
    async with AsyncExitStack() as stack:
        parties = {
            name: await stack.enter_async_context(new_party(server_url, f"{prefix}-{name}"))
            for name in ("grouped", "single", "floor")
        }
        sides: dict[str, Side] = {}
        for name, environment in (("grouped", {}), ("single", {"BENCH_MOST_IN_A_BATCH": "1"})):
            tenant = await parties[name].new_tenant(f"{prefix}-{name}")
            key = await parties[name].new_key(tenant, "ingestion")
            served = await stack.enter_async_context(serving(parties[name], **environment))
            headers = {"x_api_key": key, "x_source": shape.source, "content_type": "application/json"}
            sides[name] = Side(served, headers, senders)
        party = parties["floor"]
        floor = Floor(party, await party.new_tenant(f"{prefix}-recorder"), await party.new_tenant(f"{prefix}-floor"))
        with progress() as bar:
            task = bar.add_task(shape.name, total=rounds + 1)
            for number in range(rounds + 1):
                bodies = shape.bodies(fleet)
                commits = await sides["grouped"].send(shape, bodies)
                await floor.send(shape, bodies, commits)
                await sides["single"].send(shape, bodies)
                healthz.append(await sides["grouped"].answers_per_second(1000))
                if number == 0:  # plans, caches and the first incidents
                    floor.rates.clear()
                    for side in sides.values():
                        side.forget()
                bar.advance(task)
    return summary(shape, sides["grouped"], sides["single"], floor, healthz)


def summary(shape: Shape, grouped: Side, single: Side, floor: Floor, healthz: Sequence[float]) -> dict[str, Any]:
    commits = grouped.batches["+Inf"]
    return {
        "requests": shape.name,
        "ratio to the floor": median([a / b for a, b in zip(grouped.rates, floor.rates, strict=True)]),
        "gain of group commit": median([a / b for a, b in zip(grouped.rates, single.rates, strict=True)]),
        "alerts/s": median(grouped.rates),
        "floor alerts/s": median(floor.rates),
        "alone alerts/s": median(single.rates),
        "p50 ms": percentile(grouped.latencies, 50) * 1000,
        "p95 ms": percentile(grouped.latencies, 95) * 1000,
        "p99 ms": percentile(grouped.latencies, 99) * 1000,
        "server CPU ms/alert": median(grouped.cpu) * 1000,
        "alerts a commit": shape.requests * shape.per_body * len(grouped.rates) / commits,
        "healthz/s": median(healthz),
        "batches": grouped.batches,
    }


async def run(senders: int, rounds: int, requests: int, repeats: float, json_file: Path | None) -> None:
    shapes = (
        Shape("1 generic alert", "/api/webhook", "webhook", 1, requests),
        Shape(f"Alertmanager, {PER_BODY} alerts", "/api/alerts/webhook", "alertmanager", PER_BODY, requests // 10),
    )
    with durable_server() as server_url:
        results = [
            await measure(shape, senders=senders, rounds=rounds, repeats=repeats, server_url=server_url)
            for shape in shapes
        ]
    rows = [{name: value for name, value in result.items() if name != "batches"} for result in results]
    first = ("requests", "ratio to the floor", "gain of group commit")
    rates = ("requests", "alerts/s", "floor alerts/s", "alone alerts/s", "healthz/s", "server CPU ms/alert")
    times = ("requests", "p50 ms", "p95 ms", "p99 ms", "alerts a commit")
    for title, names in (("Durable alerts: ratios", first), ("Rates", rates), (f"Latency, {senders} senders", times)):
        console.print(table(title, [{name: row[name] for name in names} for row in rows]))
    console.print(table("Commits by their alerts", [_buckets(result) for result in results]))
    write_json(json_file, results)


def _buckets(result: dict[str, Any]) -> dict[str, Any]:
    """From Prometheus' running totals to a count per bucket."""
    row, before = {"requests": result["requests"]}, 0
    for bucket, total in result["batches"].items():
        row[f"≤{bucket.removesuffix('.0')}"] = total - before
        before = total
    return row


def main(
    senders: Annotated[int, typer.Option(min=1, max=500)] = 32,
    rounds: Annotated[int, typer.Option(min=1, max=50, help="Measured rounds; one more warms up.")] = 4,
    requests: Annotated[
        int, typer.Option(min=100, max=20_000, help="Requests a round; a tenth of it in bodies.")
    ] = 500,
    repeats: Annotated[float, typer.Option(min=0, max=1, help="Share of alerts that repeat an earlier one.")] = 0.5,
    json_file: Annotated[Path | None, typer.Option("--json", help="Also write the results there.")] = None,
) -> None:
    """Alerts made durable through HTTP, as a ratio to the same SQL on bare asyncpg."""
    asyncio.run(run(senders, rounds, requests, repeats, json_file))


if __name__ == "__main__":
    typer.run(main)
