"""Whether the time of a refused sign-in tells if there is such an account, and in which state it is.

``.venv/bin/python -m tests.bench.login``. A control plane in a process of its own, asked over one connection. In each
round every case has one try, in another order, and each is compared with the unknown address of the same round. What
was counted is taken back after each try, so that no wait begins; a wait is compared with the wait of an address that
nobody has.
"""

import asyncio
import hashlib
import json
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import asyncpg
import typer

from control_plane.core.database import SCHEMA
from control_plane.core.prepare import APP_ROLE
from control_plane.identity.passwords import hash_password
from infra.local.installation import login
from tests.bench.measure import console, median, percentile, progress, table, write_json
from tests.bench.plane import Client, durable_server
from tests.crash.product import ready
from tests.support import processes
from tests.support.origin import HOST, KNOWN, free_port

PASSWORD = "correct horse battery"
WARM_UP = 10
UNKNOWN, UNKNOWN_IN_WAIT = "unknown address", "unknown address, in a wait"
CASES = {
    UNKNOWN: ("nobody", "wrong"),
    "another unknown address": ("nobody-else", "wrong"),
    "wrong password": ("ana", "wrong"),
    "wrong password, from where she signed in before": ("home", "wrong"),
    "disabled account, wrong password": ("gone", "wrong"),
    "disabled account, right password": ("gone", PASSWORD),
    "single sign-on only, no password": ("sso", "wrong"),
    "member of no tenant any more, wrong password": ("left", "wrong"),
    UNKNOWN_IN_WAIT: ("nobody-locked", "wrong"),
    "account in a wait, wrong password": ("locked", "wrong"),
    "account in a wait, right password": ("locked", PASSWORD),
}
"""Whose address, and what is typed as the password."""
PEOPLE = """
insert into users (id, email, name, password_hash, created_at, disabled_at)
select gen_random_uuid(), name || '@acme.example', name, case name when 'sso' then '' else $1 end, now(),
       case name when 'gone' then now() end
from unnest(array['ana', 'home', 'gone', 'sso', 'left', 'locked']) name;
"""
KNOWN_ADDRESS = """
insert into known_addresses (user_id, address, last_used_at)
select id, $1, now() from users where name = 'home'
"""
WAIT = """
insert into sign_in_tries (subject, origin, failures, waits, last_failed_at, locked_until)
values ($1, '', 0, 1, now(), now() + interval '1 day')
"""
TAKE_BACK = "delete from sign_in_tries where locked_until is null"


@contextmanager
def control_plane(owner_url: str, folder: Path) -> Iterator[int]:
    """The port of one that refuses nobody for asking often."""
    port, log = free_port(), folder / "control_plane.log"
    environment = {
        "OPSPLANE_CONTROL_DATABASE_URL": owner_url,
        "OPSPLANE_CONTROL_APP_DATABASE_URL": login(owner_url, APP_ROLE, KNOWN.control_password),
        "OPSPLANE_KEY_ENCRYPTION_SECRET": KNOWN.key_encryption_secret,
        "OPSPLANE_CONTROL_PLANE_PORT": str(port),
        "OPSPLANE_REQUESTS_PER_MINUTE": json.dumps({"anonymous": 1_000_000}),
    }
    with processes.running([sys.executable, "-m", "control_plane"], log, environment) as process:
        ready(f"http://{HOST}:{port}", process, log)
        yield port


async def fill(connection: asyncpg.Connection) -> None:
    await connection.execute(PEOPLE.replace("$1", f"'{await hash_password(PASSWORD)}'"))
    await connection.execute(KNOWN_ADDRESS, HOST)
    for name in ("locked", "nobody-locked"):
        await connection.execute(WAIT, hashlib.sha256(f"{name}@acme.example".encode()).digest())


async def measure(port: int, connection: asyncpg.Connection, rounds: int) -> dict[str, list[float]]:
    """Seconds of each round's try, for each case."""
    client = await Client.connect(port, content_type="application/json")
    seconds: dict[str, list[float]] = {case: [] for case in CASES}
    said: dict[str, set[str]] = {case: set() for case in CASES}
    with progress() as bar:
        task = bar.add_task("rounds", total=WARM_UP + rounds)
        for _ in range(WARM_UP + rounds):
            for case in random.sample(list(CASES), len(CASES)):
                name, password = CASES[case]
                body = json.dumps({"email": f"{name}@acme.example", "password": password}).encode()
                began = time.perf_counter()
                status, answer = await client.ask("POST", "/api/auth/token", body)
                seconds[case].append(time.perf_counter() - began)
                said[case].add(f"{status} {json.loads(answer)['error']}")
                await connection.execute(TAKE_BACK)
            bar.advance(task)
    client.close()
    for case in CASES:
        assert said[case] == said[floor_of(case)], f"{case}: {said[case]}"
    return {case: times[WARM_UP:] for case, times in seconds.items()}


def floor_of(case: str) -> str:
    return UNKNOWN_IN_WAIT if "in a wait" in case else UNKNOWN


def row_of(case: str, seconds: dict[str, list[float]]) -> dict[str, Any]:
    mine, floor = seconds[case], seconds[floor_of(case)]
    return {
        "case": case,
        "ratio": median([one / other for one, other in zip(mine, floor, strict=True)]),
        "ratio of p50": median(mine) / median(floor),
        "ratio of p95": percentile(mine, 95) / percentile(floor, 95),
        "p50 ms": median(mine) * 1000,
        "p95 ms": percentile(mine, 95) * 1000,
    }


async def run(rounds: int, json_file: Path | None) -> None:
    with tempfile.TemporaryDirectory() as folder, durable_server() as url, control_plane(url, Path(folder)) as port:
        connection = await asyncpg.connect(url, server_settings={"search_path": SCHEMA})
        try:
            await fill(connection)
            seconds = await measure(port, connection, rounds)
        finally:
            await connection.close()
    rows = [row_of(case, seconds) for case in CASES]
    console.print(table("Refused sign-ins, against an unknown address", rows))
    write_json(json_file, rows)


def main(
    rounds: Annotated[int, typer.Option(min=10, max=5000, help="Tries of each case.")] = 150,
    json_file: Annotated[Path | None, typer.Option("--json", help="Also write the results there.")] = None,
) -> None:
    """What an attacker with a stop watch learns from refused sign-ins, as ratios to an address that nobody has."""
    asyncio.run(run(rounds, json_file))


if __name__ == "__main__":
    typer.run(main)
