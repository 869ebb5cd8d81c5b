"""The tenant plane's worker, a process of its own, is killed while it works: nothing is forgotten or done twice."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.crash.planes import Planes, two_planes
from tests.crash.product import TWICE, UNLINKED, WITHOUT_REACTION
from tests.support.waiting import eventually

REACTIONS = "select count(*) from incident_timeline where event_type = 'related'"
WAITING = "select count(*) from queue.pgqueuer"
ALERTS = "select count(*) from alerts"
HELD = "select count(*) from held_payloads where processed_at is null"


@pytest.fixture
def planes(folder: Path) -> Iterator[Planes]:
    with two_planes(folder) as found:
        yield found


def count(planes: Planes, statement: str) -> int:
    found: int = planes.rows(statement)[0][0]
    return found


def fire(planes: Planes, api: httpx.Client, titles: Sequence[str]) -> set[int]:
    """Each an incident; the statuses that were answered."""
    key = {"x-api-key": planes.demo.api_key("acme")}

    def post(title: str) -> int:
        body = {"title": title, "severity": "high", "service": title}
        return api.post("/api/webhook", headers=key, json=body).status_code

    with ThreadPoolExecutor(4) as pool:
        return set(pool.map(post, titles))


def killed_at(planes: Planes, statement: str, least: int) -> None:
    with planes.worker_to_kill() as worker:
        eventually(lambda: count(planes, statement) >= least, f"the worker has done {least}", seconds=60)
        worker.kill()
        worker.wait(30)


def all_is_done_once(planes: Planes, titles: Sequence[str]) -> None:
    assert sorted(row["name"] for row in planes.rows("select name from alerts")) == sorted(titles)
    assert len(planes.rows(WITHOUT_REACTION)) <= 1, "the first one has no neighbour to write down"
    assert planes.rows(TWICE) == []
    assert planes.rows(UNLINKED) == []


def test_reactions(planes: Planes) -> None:
    titles = [f"down {number}" for number in range(160)]
    with planes.api() as api:
        assert fire(planes, api, titles) == {200}
        for least in (10, 70):
            killed_at(planes, REACTIONS, least)
            assert count(planes, WAITING) > 0, "killed at work"
        with planes.worker():
            eventually(lambda: count(planes, WAITING) == 0, "all reactions have run", seconds=90)
        all_is_done_once(planes, titles)


def test_what_was_held(planes: Planes) -> None:
    """Kept while the tenant was suspended; worked through in batches after it was resumed."""
    titles = [f"held {number}" for number in range(350)]
    with planes.control() as control, planes.api() as api:
        root = planes.root(control)
        control.post("/api/tenants/acme/suspend", headers=root, json={"reason": "unpaid"}).raise_for_status()
        assert fire(planes, api, titles) == {202}
        control.post("/api/tenants/acme/resume", headers=root, json={}).raise_for_status()
        killed_at(planes, ALERTS, 1)
        assert count(planes, HELD) > 0, "killed at work"
        with planes.worker():
            eventually(lambda: count(planes, HELD) == 0, "nothing is held any more", seconds=60)
            eventually(lambda: count(planes, WAITING) == 0, "all reactions have run", seconds=90)
        all_is_done_once(planes, titles)
