"""What counting requests together costs: the same requests to two planes, of which one counts in its own memory only.

``.venv/bin/python -m tests.bench.ratelimit``. The two are asked in turn, so that both meet the same noise. A key with a
rate of its own is counted by the second, in new rows all the time; one without by the minute.
"""

import asyncio
import itertools
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from tests.bench.measure import console, cpu_seconds, median, percentile, progress, table, write_json
from tests.bench.plane import Client, Served, durable_server, new_party, serving

PATHS = ("/api/rbac/permissions", "/api/incidents?limit=50")
"""The cheapest request there is, one read transaction without a statement; and a list, if an empty one."""
WINDOWS = {"minute": None, "second": 100_000}
"""The rate of the key; both are never reached."""
PLENTY = '{"admin": 100000000}'


async def seconds_of(client: Client, path: str) -> float:
    began = time.perf_counter()
    status, body = await client.get(path)
    if status != 200:
        raise RuntimeError(f"{path} answered {status}: {body[:300]!r}")
    return time.perf_counter() - began


async def one_by_one(clients: list[Client], path: str, times: int) -> list[tuple[float, float]]:
    pairs = [(await seconds_of(clients[0], path), await seconds_of(clients[1], path)) for _ in range(times + 20)]
    return pairs[20:]


async def at_once(places: list[Served], crowds: list[list[Client]], path: str, rounds: int) -> list[dict[str, float]]:
    """Requests a second, and processor time of the plane, while all clients ask without pause."""
    spent = [{"seconds": 0.0, "cpu": 0.0} for _ in places]

    async def ask(client: Client) -> None:
        for _ in range(20):
            await seconds_of(client, path)

    for _ in range(rounds):
        for place, crowd, sums in zip(places, crowds, spent, strict=True):
            began, cpu = time.perf_counter(), cpu_seconds(place.pid)
            await asyncio.gather(*(ask(client) for client in crowd))
            sums["seconds"] += time.perf_counter() - began
            sums["cpu"] += cpu_seconds(place.pid) - cpu
    return spent


async def run(times: int, rounds: int, senders: int, json_file: Path | None) -> None:
    rows: list[dict[str, Any]] = []
    with durable_server() as server_url:
        async with new_party(server_url, "ratelimit") as party:
            tenant = await party.new_tenant("acme")
            keys = {window: await party.new_key(tenant, "admin", rps) for window, rps in WINDOWS.items()}
            async with (
                serving(party, OPSPLANE_REQUESTS_PER_MINUTE=PLENTY) as together,
                serving(party, OPSPLANE_REQUESTS_PER_MINUTE=PLENTY, BENCH_COUNT_ALONE="1") as alone,
            ):
                places = [together, alone]
                with progress() as bar:
                    task = bar.add_task("requests", total=len(PATHS) * len(keys))
                    for path, (window, key) in itertools.product(PATHS, keys.items()):
                        crowds = [
                            [await Client.connect(place.port, x_api_key=key) for _ in range(senders)]
                            for place in places
                        ]
                        pairs = await one_by_one([crowd[0] for crowd in crowds], path, times)
                        spent = await at_once(places, crowds, path, rounds)
                        row = row_of(path, pairs, spent, requests=rounds * senders * 20)
                        rows.append({"by the": window, **row})
                        for client in itertools.chain(*crowds):
                            client.close()
                        bar.advance(task)
    console.print(table("Counting together, against counting alone", rows))
    write_json(json_file, rows)


def row_of(path: str, pairs: list[tuple[float, float]], spent: list[dict[str, float]], requests: int) -> dict[str, Any]:
    return {
        "request": path,
        "ratio, one by one": median([together / alone for together, alone in pairs]),
        "p50 ms": percentile([together for together, _ in pairs], 50) * 1000,
        "alone p50 ms": percentile([alone for _, alone in pairs], 50) * 1000,
        "ratio, at once": spent[0]["seconds"] / spent[1]["seconds"],
        "a second": requests / spent[0]["seconds"],
        "CPU ratio, at once": spent[0]["cpu"] / (spent[1]["cpu"] or 1),
    }


def main(
    times: Annotated[int, typer.Option(min=20, max=5000, help="Requests one by one, to each.")] = 300,
    rounds: Annotated[int, typer.Option(min=1, max=100)] = 5,
    senders: Annotated[int, typer.Option(min=1, max=64)] = 16,
    json_file: Annotated[Path | None, typer.Option("--json", help="Also write the results there.")] = None,
) -> None:
    """What the shared counter of requests costs, as a ratio to the same request without it."""
    asyncio.run(run(times, rounds, senders, json_file))


if __name__ == "__main__":
    typer.run(main)
