"""The product as its users start it: `opsplane up` in a process, and senders that remember what was acknowledged."""

import asyncio
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import httpx

from infra.local import postgres
from tests.support.origin import HOST, Demo, free_port
from tests.support.processes import descendants, running, wait_for_end
from tests.support.waiting import eventually

UP = [sys.executable, "-m", "infra.local.cli", "up"]
WITHOUT_REACTION = """
select i.title from incidents i where not exists (
    select 1 from incident_timeline t where t.incident_id = i.id and t.event_type = 'related')
"""
TWICE = """
select incident_id from incident_timeline where event_type in ('related', 'incident_created')
group by incident_id, event_type having count(*) > 1
"""
UNLINKED = """
select a.name from alerts a left join incidents i on i.id = a.incident_id
left join incident_alerts l on l.alert_id = a.id and l.incident_id = i.id
where i.id is null or l.alert_id is null or i.alert_count <> 1 or i.firing_count <> 1
"""


@dataclass(frozen=True)
class Product:
    process: subprocess.Popen[bytes]
    data_dir: Path
    url: str

    @property
    def demo(self) -> Demo:
        return Demo(json.loads((self.data_dir / "demo.json").read_text()))

    def client(self) -> httpx.Client:
        """As a sender of acme."""
        headers = {"authorization": f"Bearer {self.demo.api_key('acme')}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=30, trust_env=False)

    def family(self) -> set[int]:
        """Every process of it, the database's included."""
        return {self.process.pid, *descendants(self.process.pid)}


def environment(data_dir: Path, port: int) -> dict[str, str]:
    return {
        "OPSPLANE_DATA": str(data_dir),
        "OPSPLANE_PORT": str(port),
        "OPSPLANE_STORM": "0",
        "OPSPLANE_FRONTEND": "0",
        "COLUMNS": "1000",
    }


@contextmanager
def up(folder: Path, port: int | None = None, **changes: str) -> Iterator[Product]:
    """Ready to work; gone with all of its processes afterwards."""
    port = port or free_port()
    log, data_dir = folder / "log", folder / "data"
    with running(UP, log, {**environment(data_dir, port), **changes}) as process:
        product = Product(process, data_dir, f"http://{HOST}:{port}")
        try:
            ready(product.url, process, log)
            yield product
        finally:
            family = product.family()
            process.kill()
            process.wait(30)
            wait_for_end(family)


def ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    def look() -> bool:
        assert process.poll() is None, log.read_text()
        return answers(f"{url}/readyz")

    eventually(look, f"{url} is ready", seconds=180)


def answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5, trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


def postmaster(data_dir: Path) -> int:
    return int((data_dir / "postgres" / "pg18" / "postmaster.pid").read_text().splitlines()[0])


def sql(data_dir: Path, statement: str, *values: object) -> list[asyncpg.Record]:
    """Past the product, as the database's owner, in the schema of acme."""

    async def ask(url: str) -> list[asyncpg.Record]:
        connection = await asyncpg.connect(url, server_settings={"search_path": "t_acme"})
        try:
            return await connection.fetch(statement, *values)
        finally:
            await connection.close()

    with postgres.running(data_dir / "postgres") as url:
        return asyncio.run(ask(url))


@dataclass
class Senders:
    """Threads that post one alert after the other, each of a service of its own, so that each is an incident."""

    product: Product
    prefix: str
    acknowledged: set[str] = field(default_factory=set)
    refused: set[int] = field(default_factory=set)
    stop: threading.Event = field(default_factory=threading.Event)
    threads: list[threading.Thread] = field(default_factory=list)

    def start(self, count: int) -> None:
        self.threads = [threading.Thread(target=self._send, args=(number,)) for number in range(count)]
        for thread in self.threads:
            thread.start()

    def _send(self, sender: int) -> None:
        with self.product.client() as client:
            for number in range(100_000):
                title = f"{self.prefix} {sender} {number}"
                body = {"title": title, "severity": "high", "service": title}
                if self.stop.is_set():
                    return
                self._post(client, title, body)

    def _post(self, client: httpx.Client, title: str, body: dict[str, str]) -> None:
        """A sender that hears nothing waits a moment for the next try; only what was promised is remembered."""
        try:
            answer = client.post("/api/webhook", json=body)
        except httpx.TransportError:
            self.stop.wait(0.02)
            return
        if answer.is_success:
            self.acknowledged.add(title)
        else:
            self.refused.add(answer.status_code)
            self.stop.wait(0.02)

    def until(self, count: int) -> None:
        eventually(lambda: len(self.acknowledged) >= count, f"{count} alerts are acknowledged", seconds=60)

    def finish(self) -> None:
        self.stop.set()
        for thread in self.threads:
            thread.join(60)
        assert not any(thread.is_alive() for thread in self.threads)


@contextmanager
def sending(product: Product, prefix: str, count: int = 4) -> Iterator[Senders]:
    senders = Senders(product, prefix)
    senders.start(count)
    try:
        yield senders
    finally:
        senders.finish()


def names_of_alerts(product: Product) -> set[str]:
    """All of them, as the API pages through them."""
    names: set[str] = set()
    with product.client() as client:
        cursor: str | None = ""
        while cursor is not None:
            page: dict[str, Any] = (
                client.get(f"/api/alerts?limit=1000&cursor={cursor}").raise_for_status().json()["data"]
            )
            names |= {alert["name"] for alert in page["items"]}
            cursor = page["next_cursor"]
    return names


def reactions_done(product: Product) -> None:
    """Nothing waits in the queue any more, neither new nor left behind by a worker that was killed."""
    eventually(
        lambda: sql(product.data_dir, "select count(*) as n from queue.pgqueuer")[0]["n"] == 0,
        "all reactions have run",
        seconds=90,
    )
