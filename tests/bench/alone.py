"""What the tenant plane does by itself: an hour, or as long as it is told, without the control plane.

``.venv/bin/python -m tests.bench.alone --minutes 60``. The planes are processes of their own, the tenant plane's worker
too. The control plane is stopped, a gentle load goes on, and the control plane comes back. Machines have API keys and
notice nothing. A person's token lives as long as in production; for the next one its refresh token has to wait.
"""

import asyncio
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer

from infra.local.postgres import DURABLE
from infra.local.postgres_supervisor import Layout, is_supervised
from tests.bench.measure import console, percentile, progress, table, write_json
from tests.crash.planes import Planes, two_planes
from tests.support.waiting import eventually

Send = Callable[[], Awaitable[httpx.Response]]
FOUND = """
select (select count(*) from alerts) as alerts, (select count(*) from incidents) as incidents,
       (select count(*) from incidents where alert_count = 1 and firing_count = 1) as incidents_with_their_alert,
       (select count(distinct incident_id) from incident_timeline where event_type = 'related') as reactions
"""
WAITING = "select count(*) as jobs from queue.pgqueuer"


@dataclass
class Line:
    """Requests of one kind. Every answer but ``expected`` is a failure, no answer at all, too."""

    name: str
    expected: int = 200
    answers: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)

    async def send(self, send: Send) -> None:
        began = time.perf_counter()
        try:
            answer = str((await send()).status_code)
        except httpx.TransportError as error:
            answer = type(error).__name__
        self.seconds.append(time.perf_counter() - began)
        self.answers[answer] += 1

    @property
    def failures(self) -> int:
        return self.answers.total() - self.answers[str(self.expected)]

    def row(self) -> dict[str, Any]:
        return {
            "request": self.name,
            "sent": self.answers.total(),
            "failures": self.failures,
            "p50 ms": percentile(self.seconds, 50) * 1000,
            "p95 ms": percentile(self.seconds, 95) * 1000,
            "p99 ms": percentile(self.seconds, 99) * 1000,
            "answers": ", ".join(f"{count:,} × {answer}" for answer, count in self.answers.most_common()),
        }


async def at_rate(line: Line, a_second: float, begins: float, ends: float, send: Send) -> None:
    """From ``begins`` to ``ends`` of the monotonic clock; a slow answer puts nothing off for good."""
    due = begins
    while due < ends:
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        await line.send(send)
        due += 1 / a_second


async def an_hour(planes: Planes, person: dict[str, Any], minutes: float) -> list[Line]:
    """``person``: what signing in answered, a moment before the control plane stopped."""
    alerts, lists = Line("an alert, by API key"), Line("a list of 50, by API key")
    living, ended = Line("a list of 50, by a person's token"), Line("the same, after its end", expected=401)
    key = {"x-api-key": planes.demo.api_key("acme")}
    token = {"authorization": f"Bearer {person['token']}"}
    now = time.monotonic()
    end, token_ends = now + minutes * 60, now + person["expires_in"]
    url = planes.environment["OPSPLANE_TENANT_PLANE_URL"]
    async with httpx.AsyncClient(base_url=url, timeout=30, trust_env=False) as client:

        async def alert() -> httpx.Response:
            title = f"alone {alerts.answers.total()}"
            body = {"title": title, "severity": "high", "service": title}
            return await client.post("/api/webhook", headers=key, json=body)

        def listed(headers: dict[str, str]) -> Send:
            return lambda: client.get("/api/incidents?limit=50", headers=headers)

        async with asyncio.TaskGroup() as group:
            group.create_task(at_rate(alerts, 2, now, end, alert))
            group.create_task(at_rate(lists, 1, now + 0.25, end, listed(key)))
            group.create_task(at_rate(living, 1, now + 0.75, min(end, token_ends - 5), listed(token)))
            group.create_task(at_rate(ended, 1, token_ends + 15, end, listed(token)))
            group.create_task(shown(now, end))
    return [line for line in (alerts, lists, living, ended) if line.answers]


async def shown(now: float, end: float) -> None:
    with progress() as bar:
        task = bar.add_task("without the control plane", total=end - now)
        while (past := time.monotonic()) < end:
            bar.update(task, completed=past - now)
            await asyncio.sleep(1)


def events_reported(control: httpx.Client, root: dict[str, str]) -> int:
    """What the control plane has heard of this month's events."""
    items = control.get("/api/tenants/acme/usage", headers=root).raise_for_status().json()["data"]["items"]
    return next(one["used"] or 0 for one in items if one["limit_name"] == "events_per_month")


def signed_in(control: httpx.Client, planes: Planes) -> dict[str, Any]:
    answer = control.post("/api/auth/token", json=planes.demo.person("acme", "operator")).raise_for_status()
    session: dict[str, Any] = answer.json()["data"]
    return session


def comes_back(planes: Planes, tenant: httpx.Client, person: dict[str, Any], accepted: int) -> dict[str, Any]:
    """What the person's refresh token is still good for, and when the control plane has heard of all alerts."""
    began = time.monotonic()
    with planes.control() as control:
        refreshed = control.post("/api/auth/refresh", json={"refresh_token": person["refresh_token"]})
        token = refreshed.raise_for_status().json()["data"]["token"]
        tenant.get("/api/incidents", headers={"authorization": f"Bearer {token}"}).raise_for_status()
        works_after = time.monotonic() - began
        root = planes.root(control)
        eventually(lambda: events_reported(control, root) >= accepted, "the usage is reported", seconds=180)
        reported_after = time.monotonic() - began
        return {
            "events reported": events_reported(control, root),
            "seconds from the start until a person works again": works_after,
            "seconds from the start until the usage is reported": reported_after,
        }


@contextmanager
def data_folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="opsplane-bench-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        eventually(lambda: not is_supervised(Layout(folder / "data" / "postgres")), "the database has gone", seconds=60)
        shutil.rmtree(folder)


def main(
    minutes: Annotated[float, typer.Option(min=0.1, max=1440, help="How long the control plane is away.")] = 60,
    json_file: Annotated[Path | None, typer.Option("--json", help="Also write the results there.")] = None,
) -> None:
    """What the tenant plane answers while there is no control plane, and what is known after its return."""
    with data_folder() as folder, two_planes(folder, DURABLE) as planes, planes.api() as tenant, planes.worker():
        with planes.control() as control:
            person = signed_in(control, planes)
        lines = asyncio.run(an_hour(planes, person, minutes))
        accepted = lines[0].answers["200"]
        eventually(lambda: planes.rows(WAITING)[0]["jobs"] == 0, "all reactions have run", seconds=60)
        found: dict[str, Any] = {"alerts accepted": accepted, **planes.rows(FOUND)[0]}
        found |= comes_back(planes, tenant, person, accepted)
    console.print(table(f"{minutes:g} minutes without the control plane", [line.row() for line in lines]))
    console.print(table("Afterwards", [{"what": name, "number": number} for name, number in found.items()]))
    write_json(json_file, {"requests": [line.row() for line in lines], "afterwards": found})
    counts = {found[name] for name in ("alerts", "incidents", "incidents_with_their_alert", "events reported")}
    # A reaction writes down the neighbours; the first incident may have had none yet.
    if any(line.failures for line in lines) or counts != {accepted} or found["reactions"] < accepted - 1:
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
