"""Killed during the very first start, while the demo's people are being made: the next start finishes the work."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import asyncpg
import httpx
import pytest

from infra.local import postgres
from tests.crash.product import UP, environment, up
from tests.support.origin import free_port
from tests.support.processes import ROOT, end, running
from tests.support.tenant_plane import until
from tests.support.waiting import eventually

GATE = 424242
CLOSE_GATE = f"""
create function control.wait_at_gate() returns trigger language plpgsql as $$ begin
    if (select count(*) from control.users) >= %d then perform pg_advisory_xact_lock({GATE}); end if;
    return new;
end $$;
create trigger gate before insert on control.users for each row execute function control.wait_at_gate();
"""
OPEN_GATE = "drop trigger gate on control.users; drop function control.wait_at_gate()"
SOMEBODY_WAITS = f"select 1 from pg_locks where locktype = 'advisory' and objid = {GATE} and not granted"


async def killed_at_the_gate(url: str, folder: Path, people: int) -> None:
    """The start stands still when so many people exist, until it is killed."""
    connection = await asyncpg.connect(url)
    await connection.execute(CLOSE_GATE % people)
    await connection.execute(f"select pg_advisory_lock({GATE})")
    with running(UP, folder / "log", environment(folder / "data", free_port())) as process:

        async def waits() -> int | None:
            assert process.poll() is None, (folder / "log").read_text()
            found: int | None = await connection.fetchval(SOMEBODY_WAITS)
            return found

        await until(waits, seconds=90)
        end(process, signal.SIGKILL)
    # Its session still waits for the lock; it finds out that nobody listens once it has it.
    await connection.execute(f"select pg_advisory_unlock({GATE})")
    await connection.execute(OPEN_GATE)
    await connection.close()


@pytest.mark.parametrize("people", [0, 3])
def test_the_next_start_finishes_it(folder: Path, people: int) -> None:
    data_dir = folder / "data"
    migrate = [sys.executable, "-m", "infra.local.cli", "migrate"]
    known = {**os.environ, **environment(data_dir, free_port())}
    subprocess.run(migrate, cwd=ROOT, env=known, check=True, capture_output=True, timeout=90)
    with postgres.running(data_dir / "postgres") as url:
        asyncio.run(killed_at_the_gate(url, folder, people))
    assert (data_dir / "demo.draft.json").exists() and not (data_dir / "demo.json").exists()
    with up(folder) as product:
        demo = product.demo
        everybody = [demo.person(t, role) for t in ("acme", "globex") for role in ("viewer", "operator", "admin")]
        for person in (demo.super_admin, *everybody):
            assert httpx.post(f"{product.url}/api/auth/token", json=person, trust_env=False).status_code == 200
        with product.client() as client:
            eventually(lambda: client.get("/api/incidents").status_code == 200, "its key works")
        assert not (data_dir / "demo.draft.json").exists()
