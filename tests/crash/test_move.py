"""A tenant moves between two real planes, each with a database server of its own, while its senders go on."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from infra.local.postgres import FAST, running
from tests.crash.planes import Planes, Process, two_planes
from tests.support.waiting import eventually


@dataclass
class Senders:
    """They know both planes, as a gateway does, and turn to the other one whenever a plane does not say yes."""

    urls: list[str]
    api_key: str
    accepted: set[str] = field(default_factory=set)
    answers: set[int] = field(default_factory=set)
    stop: threading.Event = field(default_factory=threading.Event)

    def send(self, sender: int) -> None:
        clients = [httpx.Client(base_url=url, timeout=30, trust_env=False) for url in self.urls]
        for number in range(100_000):
            if self.stop.is_set():
                break
            title = f"{sender} {number}"
            body = {"title": title, "severity": "high", "service": title}
            answer = clients[0].post("/api/webhook", headers={"x-api-key": self.api_key}, json=body)
            self.answers.add(answer.status_code)
            if answer.is_success:
                self.accepted.add(title)
            else:
                clients.reverse()
                self.stop.wait(0.02)
        for client in clients:
            client.close()

    def until_more(self, count: int) -> None:
        """Alerts are accepted from now on, wherever the tenant lives."""
        before = len(self.accepted)
        eventually(lambda: len(self.accepted) >= before + count, f"{count} more alerts are accepted", seconds=60)


@contextmanager
def sending(planes: Planes, urls: list[str]) -> Iterator[Senders]:
    senders = Senders(urls, planes.demo.api_key("acme"))
    threads = [threading.Thread(target=senders.send, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    try:
        yield senders
    finally:
        senders.stop.set()
        for thread in threads:
            thread.join(60)


def begin_move(control: httpx.Client, root: dict[str, str], placement: str) -> str:
    """The id of its operation."""
    asked = control.post("/api/tenants/acme/move", headers=root, json={"placement": placement})
    assert asked.status_code == 202, asked.text
    return str(asked.json()["data"]["operation_id"])


def finished(control: httpx.Client, root: dict[str, str], operation_id: str) -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        answer = control.get(f"/api/tenants/acme/operations/{operation_id}", headers=root)
        operation: dict[str, Any] = answer.json()["data"]
        return operation if operation["finished_at"] else None

    return eventually(look, "acme has moved", seconds=180)


def killed_at(planes: Planes, process: Process, operation_id: str, step: str) -> None:
    """As soon as the move has begun this step."""
    begun = "select 1 from control.operation_steps where operation_id = $1 and name = $2 and started_at is not null"
    eventually(lambda: planes.rows(begun, UUID(operation_id), step), f"the move has come to {step}", seconds=90)
    process.kill()
    process.wait(30)


def names_of_alerts(plane: httpx.Client, api_key: str) -> set[str]:
    names: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        answer = plane.get(f"/api/alerts?limit=1000&cursor={cursor}", headers={"x-api-key": api_key})
        page = answer.raise_for_status().json()["data"]
        names += [alert["name"] for alert in page["items"]]
        cursor = page["next_cursor"]
    assert len(names) == len(set(names)), "none is there twice"
    return set(names)


@pytest.fixture
def planes(folder: Path) -> Iterator[Planes]:
    with two_planes(folder) as found:
        yield found


@pytest.fixture
def own_url(folder: Path) -> Iterator[str]:
    """Of the database server that acme's own plane has."""
    with running(folder / "own" / "postgres", FAST) as url:
        yield url


def test_no_accepted_alert_is_lost(planes: Planes, own_url: str) -> None:
    with planes.control() as control, planes.tenant() as shared, planes.dedicated(own_url) as dedicated:
        root, key = planes.root(control), planes.demo.api_key("acme")
        with sending(planes, [str(shared.base_url), str(dedicated.base_url)]) as senders:
            for placement, plane in (("dedicated", dedicated), ("shared", shared)):
                senders.until_more(30)
                operation = finished(control, root, begin_move(control, root, placement))
                assert operation["state"] == "succeeded", operation
                senders.until_more(30)
                said_yes = set(senders.accepted)
                assert said_yes - names_of_alerts(plane, key) == set()
        assert senders.accepted - names_of_alerts(shared, key) == set()
        assert senders.answers <= {200, 202, 401, 403, 503}
        assert dedicated.get("/api/alerts", headers={"x-api-key": key}).status_code == 401


def test_a_killed_control_plane_finishes_the_move(planes: Planes, own_url: str) -> None:
    """Killed twice on the way there and twice on the way back; senders wait meanwhile, and lose nothing."""
    key = planes.demo.api_key("acme")
    with planes.tenant() as shared, planes.dedicated(own_url) as dedicated:
        ways = (("dedicated", dedicated, ("freeze", "switch")), ("shared", shared, ("copy", "remove")))
        with sending(planes, [str(shared.base_url), str(dedicated.base_url)]) as senders:
            for placement, plane, (first, second) in ways:
                senders.until_more(30)
                with planes.control_to_kill() as (process, control):
                    root = planes.root(control)
                    operation_id = begin_move(control, root, placement)
                    killed_at(planes, process, operation_id, first)
                with planes.control_to_kill() as (process, _):
                    killed_at(planes, process, operation_id, second)
                with planes.control() as control:
                    operation = finished(control, root, operation_id)
                assert operation["state"] == "succeeded", operation
                senders.until_more(30)
                said_yes = set(senders.accepted)
                assert said_yes - names_of_alerts(plane, key) == set()
        assert senders.accepted - names_of_alerts(shared, key) == set()
        assert senders.answers <= {200, 202, 401, 403, 503}
        assert dedicated.get("/api/alerts", headers={"x-api-key": key}).status_code == 401
