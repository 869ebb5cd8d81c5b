"""Killed in the middle of a storm, started again on the same data: nothing that was acknowledged is missing."""

import os
import signal
from pathlib import Path

import httpx
import pytest

from tests.crash.product import (
    TWICE,
    UNLINKED,
    WITHOUT_REACTION,
    Product,
    answers,
    names_of_alerts,
    postmaster,
    reactions_done,
    sending,
    sql,
    up,
)
from tests.support.processes import descendants, end, kill, wait_for_end
from tests.support.waiting import eventually


def first_incident(product: Product) -> None:
    """So that every later one has a neighbour, and its reaction something to write down."""
    with product.client() as client:
        client.post("/api/incidents", json={"title": "the first", "severity": "high"}).raise_for_status()


def nothing_is_missing(product: Product, acknowledged: set[str]) -> None:
    assert acknowledged - names_of_alerts(product) == set()
    reactions_done(product)
    assert [row["title"] for row in sql(product.data_dir, WITHOUT_REACTION)] in ([], ["the first"])
    assert sql(product.data_dir, TWICE) == []
    assert sql(product.data_dir, UNLINKED) == []


def test_a_killed_server_loses_nothing(folder: Path) -> None:
    with up(folder) as product:
        first_incident(product)
        with sending(product, "before the kill") as senders:
            senders.until(150)
            product.process.kill()
            product.process.wait(30)
    assert senders.refused <= {503}
    with up(folder) as again:
        nothing_is_missing(again, senders.acknowledged)
        with sending(again, "after the kill") as later:
            later.until(20)
        nothing_is_missing(again, senders.acknowledged | later.acknowledged)


def test_a_killed_database_loses_nothing(folder: Path) -> None:
    """Senders hear 503 meanwhile, never 500; the server finds the database again without a restart."""
    with up(folder) as product:
        first_incident(product)
        with sending(product, "around the kill") as senders:
            senders.until(100)
            killed = postmaster(product.data_dir)
            os.kill(killed, signal.SIGKILL)
            wait_for_end({killed})
            eventually(lambda: answers(f"{product.url}/readyz"), "the database is back", seconds=60)
            senders.until(len(senders.acknowledged) + 100)
        assert senders.refused <= {503}
        nothing_is_missing(product, senders.acknowledged)
    with up(folder) as again:
        nothing_is_missing(again, senders.acknowledged)


def test_everything_killed_at_once_loses_nothing(folder: Path) -> None:
    """As when the machine's memory runs out: server, supervisor and database in one moment."""
    with up(folder) as product:
        first_incident(product)
        with sending(product, "all at once") as senders:
            senders.until(100)
            family = product.family()
            for pid in family:
                kill(pid)
            wait_for_end(family)
    with up(folder) as again:
        nothing_is_missing(again, senders.acknowledged)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_no_process_is_left(folder: Path, number: signal.Signals) -> None:
    with up(folder) as product:
        family = product.family()
        assert postmaster(product.data_dir) in family
        end(product.process, number)
        wait_for_end(family)
    assert not (folder / "data/postgres/pg18/postmaster.pid").exists()
    assert "Traceback" not in (folder / "log").read_text()


def test_a_second_start_keeps_what_the_first_made(folder: Path) -> None:
    with up(folder) as product:
        first = (product.data_dir / "demo.json").read_text()
        secrets = (product.data_dir / "secrets.json").read_text()
        port = int(product.url.rpartition(":")[2])
        end(product.process, signal.SIGTERM)
    with up(folder, port) as again:
        assert (again.data_dir / "demo.json").read_text() == first
        assert (again.data_dir / "secrets.json").read_text() == secrets
        for tenant_id in ("acme", "globex"):
            answer = httpx.post(f"{again.url}/api/auth/token", json=again.demo.person(tenant_id, "viewer"))
            assert answer.status_code == 200
        with again.client() as client:
            assert client.get("/api/incidents").json()["data"]["total"] == 0
    for name in ("demo.json", "secrets.json"):
        assert (folder / "data" / name).stat().st_mode & 0o077 == 0


def test_a_second_server_on_the_same_data_shares_the_database(folder: Path) -> None:
    """Two servers, one data directory: what one acknowledges the other shows."""
    with up(folder) as product, up(folder) as other:
        assert postmaster(product.data_dir) in descendants(product.process.pid) | descendants(other.process.pid)
        with product.client() as client:
            client.post("/api/webhook", json={"title": "seen by both", "severity": "low"}).raise_for_status()
        assert "seen by both" in names_of_alerts(other)
        end(product.process, signal.SIGKILL)
        eventually(lambda: answers(f"{other.url}/readyz"), "the other one works on", seconds=60)
        assert "seen by both" in names_of_alerts(other)
