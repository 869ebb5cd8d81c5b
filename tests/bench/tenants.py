"""What a thousand tenants cost: making one, a deploy with nothing to do, a column added everywhere, memory, one list.

Everything runs on the product's own code; a new migration is a copy of its folder with one more file.
"""

import asyncio
import itertools
import random
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

import asyncpg
import typer

from shared.contracts.tenants import Standing, TenantWanted
from shared.migrations import read_migrations
from shared.tx import Tenant
from tenant_plane.core import provision
from tenant_plane.core.provision import FOLDER, migrate_tenants, prepare_database
from tenant_plane.core.tenancy import system_actor
from tenant_plane.incidents import service as incidents
from tenant_plane.incidents.schemas import IncidentQuery
from tests.bench.fill import INCIDENTS
from tests.bench.measure import console, median, percentile, progress, table, write_json
from tests.bench.plane import BIND, Client, Party, Served, Statement, durable_server, new_party, serving
from tests.support.tenant_plane import PASSWORD, TABLES

WATCHED = 30
"""Creates that are measured one by one, at the beginning and at the end."""
INCIDENTS_EACH = 200
MAKERS = 3
LIST = "/api/incidents?limit=50"
FEW, SENDERS = 10, 4
NEVER = {"BENCH_MOST_TOUCHED": "1000000"}


async def create(provisioner: provision.Provisioner, tenant_id: str) -> tuple[float, float]:
    """Seconds until the tenant is usable, and until the spare that it took is made good for."""
    started = time.perf_counter()
    await provisioner.ensure(tenant_id, TenantWanted(name=tenant_id, plan="pro", state=Standing.ACTIVE))
    usable = time.perf_counter()
    assert provisioner._refilling is not None, "a create starts it"
    await provisioner._refilling
    return usable - started, time.perf_counter() - usable


async def make_all(party: Party, count: int) -> list[dict[str, Any]]:
    """The first and the last ones alone and watched, the others several at a time."""
    names = [f"tenant-{number:05}" for number in range(count)]
    watched: dict[str, list[tuple[float, float]]] = {"first": [], "last": []}
    provisioner = provision.Provisioner(party.owner_url)
    await provisioner.refill()
    with progress() as bar:
        task = bar.add_task(f"Creating {count:,} tenants", total=count)

        async def watch(which: str, some: Sequence[str]) -> None:
            for name in some:
                watched[which].append(await create(provisioner, name))
                bar.advance(task)

        async def work(some: Sequence[str]) -> None:
            own = provision.Provisioner(party.owner_url)
            for name in some:
                await create(own, name)
                bar.advance(task)

        await watch("first", names[:WATCHED])
        middle = names[WATCHED:-WATCHED]
        await asyncio.gather(*(work(middle[start::MAKERS]) for start in range(MAKERS)))
        await watch("last", names[-WATCHED:])
    floor = [usable for usable, _ in watched["first"]]
    return [
        {
            "create": f"the {which} {WATCHED}",
            "ratio to the first": median([usable for usable, _ in times]) / median(floor),
            "p50 ms": median([usable for usable, _ in times]) * 1000,
            "p95 ms": percentile([usable for usable, _ in times], 95) * 1000,
            "spare p50 ms": median([spare for _, spare in times]) * 1000,
        }
        for which, times in watched.items()
    ]


async def fill(party: Party, tenants: Sequence[Tenant]) -> list[str]:
    """Some incidents and an API key for each tenant."""
    keys = []
    connection = await asyncpg.connect(party.owner_url)
    with progress() as bar:
        for tenant in bar.track(tenants, description="Filling them"):
            async with connection.transaction():
                await connection.execute(f'set local search_path = "{tenant.schema}"')
                await connection.execute(INCIDENTS.replace("uuidv7()", "gen_random_uuid()"), INCIDENTS_EACH)
                await connection.execute("analyze incidents")
            keys.append(await party.new_key(tenant, "viewer"))
    await connection.close()
    return keys


async def deploys(party: Party, count: int) -> list[dict[str, Any]]:
    """Nothing to do, several times; then one more column everywhere, ended half-way and gone on with."""
    idle, whole = [], []
    for _ in range(5):
        started = time.perf_counter()
        await migrate_tenants(party.owner_url)
        idle.append(time.perf_counter() - started)
        started = time.perf_counter()
        await prepare_database(party.owner_url, PASSWORD)
        whole.append(time.perf_counter() - started)
    rows = [
        {"deploy": "nothing to do, tenants", "seconds": median(idle), "schemas": 0, "ms a schema": 0.0},
        {"deploy": "nothing to do, whole plane", "seconds": median(whole), "schemas": 0, "ms a schema": 0.0},
    ]
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "tenant"
        shutil.copytree(FOLDER / "tenant", folder)
        for concurrency in (1, 4):
            newest = len(read_migrations(folder)) + 1
            (folder / f"{newest:04}_more.sql").write_text(f"alter table incidents add column more_{newest} text;")
            rows.append(await _migrated(party, folder, count, concurrency))
    return rows


async def _migrated(party: Party, folder: Path, count: int, concurrency: int) -> dict[str, Any]:
    half = asyncio.Event()
    started = time.perf_counter()
    with progress() as bar:
        task = bar.add_task(f"A column everywhere, {concurrency} at a time", total=count)

        def told(done: int, of: int) -> None:
            bar.update(task, completed=done, total=of)
            if done >= count // 2:
                half.set()

        first = asyncio.create_task(
            migrate_tenants(party.owner_url, concurrency=concurrency, folder=folder, progress=told)
        )
        await half.wait()
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        rest = await migrate_tenants(party.owner_url, concurrency=concurrency, folder=folder, progress=told)
    seconds = time.perf_counter() - started
    if rest.failed:
        raise RuntimeError(f"not migrated: {rest.failed}")
    return {
        "deploy": f"a column everywhere, {concurrency} at a time, ended and gone on with",
        "seconds": seconds,
        "schemas": count,
        "ms a schema": seconds * 1000 / count,
    }


def anonymous_mb(pid: int) -> float:
    """What a process has for itself; shared buffers are not in it."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("RssAnon:")[2].split()[0]) / 1000


async def memory(
    party: Party, what: str, tenants: Sequence[Tenant], statements: Sequence[Statement]
) -> list[dict[str, Any]]:
    """One connection that says the same to more and more tenants."""
    rows, touched = list[dict[str, Any]](), 0
    async with party.bare() as connection:
        pid = await connection.fetchval("select pg_backend_pid()")
        empty = anonymous_mb(pid)
        for goal in (0, 10, 100, len(tenants)):
            for tenant in tenants[touched:goal]:
                async with connection.transaction():
                    await connection.fetch(BIND, tenant.schema)
                    for sql, args in statements:
                        await connection.fetch(sql, *args)
            touched = max(touched, goal)
            now = anonymous_mb(pid)
            rows.append(
                {"reads": what, "tenants touched": touched, "MB": now, "MB a tenant": (now - empty) / max(1, touched)}
            )
    return rows


async def list_statements(party: Party, tenant: Tenant) -> list[Statement]:
    """What the incident list sends, recorded from the service itself."""
    async with party.database.read(system_actor(tenant)) as tx:
        await tx.session.connection()
    with party.recorded() as statements:
        async with party.database.read(system_actor(tenant)) as tx:
            await incidents.list_incidents(tx, IncidentQuery(limit=50))
    return statements


@asynccontextmanager
async def clients(served: Served, count: int) -> AsyncIterator[list[Client]]:
    made = [await Client.connect(served.port) for _ in range(count)]
    yield made
    for client in made:
        client.close()


async def rotation(served: Served, keys: Sequence[str], requests: int, senders: int) -> list[float]:
    """Seconds of each request; senders take tenants by chance, from the same keys."""
    chance, seconds, left = random.Random(7), list[float](), itertools.count()

    async def send(client: Client) -> None:
        while next(left) < requests:
            started = time.perf_counter()
            status, body = await client.get(LIST, x_api_key=chance.choice(keys))
            seconds.append(time.perf_counter() - started)
            if status != 200:
                raise RuntimeError(f"{status}: {body[:200]!r}")

    async with clients(served, senders) as made:
        await asyncio.gather(*(send(client) for client in made))
    return seconds


async def lists(party: Party, keys: Sequence[str], requests: int, rounds: int) -> list[dict[str, Any]]:
    """Few and all tenants take turns, on planes of their own, so that none warms another's connections.

    Without workers: their ticks go through all tenants, whoever is asked for.
    """
    planes: dict[str, tuple[Sequence[str], dict[str, str]]] = {
        "few": (keys[:FEW], {}),
        "all": (keys, {}),
        "all, connections never replaced": (keys, NEVER),
    }
    found: dict[str, list[list[float]]] = {name: [] for name in planes}
    async with AsyncExitStack() as stack:
        running = {
            name: await stack.enter_async_context(serving(party, BENCH_NO_WORKER="1", **environment))
            for name, (_, environment) in planes.items()
        }
        with progress() as bar:
            task = bar.add_task("Lists in rotation", total=rounds * len(planes))
            for _ in range(rounds):
                for name, (some, _) in planes.items():
                    found[name].append(await rotation(running[name], some, requests, SENDERS))
                    bar.advance(task)
    warm = {name: list(itertools.chain(*times[1:])) for name, times in found.items()}
    floor = percentile(warm["few"], 95)
    return [
        {
            "tenants in rotation": f"{name} ({len(planes[name][0]):,})",
            "ratio of p95": percentile(seconds, 95) / floor,
            "p50 ms": percentile(seconds, 50) * 1000,
            "p95 ms": percentile(seconds, 95) * 1000,
            "first round p95 ms": percentile(found[name][0], 95) * 1000,
        }
        for name, seconds in warm.items()
    ]


async def run(count: int, requests: int, rounds: int, json_file: Path | None) -> None:
    results: dict[str, Any] = {}
    with durable_server() as server_url:
        async with new_party(server_url, "tenants") as party:
            results["creates"] = await make_all(party, count)
            console.print(table(f"{count:,} tenants: create", results["creates"]))
            tenants = [Tenant(f"tenant-{n:05}", provision.schema_of(f"tenant-{n:05}")) for n in range(count)]
            results["deploys"] = await deploys(party, count)
            console.print(table(f"{count:,} tenants: deploy", results["deploys"]))
            keys = await fill(party, tenants)
            statements = await list_statements(party, tenants[0])
            everything = [(f"select 1 from {name} limit 1", ()) for name in TABLES]
            results["memory"] = [
                *await memory(party, "the incident list", tenants, statements),
                *await memory(party, "every table", tenants, everything),
            ]
            console.print(table("One connection", results["memory"]))
            results["lists"] = await lists(party, keys, requests, rounds)
            console.print(table(f"GET {LIST}, {SENDERS} senders", results["lists"]))
    write_json(json_file, results)


def main(
    count: Annotated[int, typer.Option("--tenants", min=100, max=10_000)] = 1000,
    requests: Annotated[int, typer.Option(min=100, max=20_000, help="Requests in each round.")] = 2000,
    rounds: Annotated[int, typer.Option(min=2, max=20, help="The first one warms up and is told apart.")] = 3,
    json_file: Annotated[Path | None, typer.Option("--json", help="Also write the results there.")] = None,
) -> None:
    """Schemas at scale: creates, deploys, memory and one tenant's list, with a thousand tenants."""
    asyncio.run(run(count, requests, rounds, json_file))


if __name__ == "__main__":
    typer.run(main)
