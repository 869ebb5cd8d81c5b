"""Work after the commit: ticks that come again, reactions that are tried again; one that fails disturbs no other."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
import pytest_asyncio
from structlog.testing import capture_logs

from infra.local.postgres import throw_away
from shared.errors import Unavailable
from shared.work import queue
from shared.work.queue import AT_ONCE, Reaction, install_queue, run_queue
from shared.work.ticks import Tick, run_ticks
from tests.support.tenant_plane import until


@pytest_asyncio.fixture(scope="module")
async def queue_url() -> AsyncIterator[str]:
    """A server of its own: a queue has one worker's reactions only."""
    with throw_away() as url:
        connection = await asyncpg.connect(url)
        await install_queue(connection)
        await install_queue(connection)  # safe to repeat
        await connection.close()
        yield url


class Seen:
    """Reactions that write down what they were asked for; ``fails`` says how many times each refuses first."""

    def __init__(self, with_error: Exception | None = None, **fails: int) -> None:
        self.calls: Counter[tuple[str, UUID]] = Counter()
        self.done: list[tuple[str, str, UUID]] = []
        self._fails, self._error = fails, with_error or RuntimeError("not yet")

    def reaction(self, kind: str) -> Reaction:
        async def react(tenant_id: str, event_id: UUID) -> None:
            self.calls[kind, event_id] += 1
            if self.calls[kind, event_id] <= self._fails.get(kind, 0):
                raise self._error
            self.done.append((kind, tenant_id, event_id))

        return react

    def has_done(self, number: int) -> Any:
        async def look() -> bool | None:
            return len(self.done) >= number or None

        return look


@asynccontextmanager
async def working(url: str, reactions: Mapping[str, Reaction]) -> AsyncIterator[None]:
    stop = asyncio.Event()
    task = asyncio.create_task(run_queue(url, reactions, stop))
    try:
        yield
    finally:
        stop.set()
        await asyncio.wait_for(task, 10)


async def put(url: str, kind: str, payload: bytes | None = None) -> UUID:
    event_id = uuid4()
    connection = await asyncpg.connect(url)
    body = payload or json.dumps({"tenant_id": "acme", "event_id": str(event_id)}).encode()
    await connection.execute(
        "insert into queue.pgqueuer (priority, entrypoint, payload, status) values (0, $1, $2, 'queued')", kind, body
    )
    await connection.close()
    return event_id


async def left(url: str) -> int:
    connection = await asyncpg.connect(url)
    number: int = await connection.fetchval("select count(*) from queue.pgqueuer")
    await connection.close()
    return number


async def test_a_reaction_hears_of_its_event_and_only_of_its_kind(queue_url: str) -> None:
    seen = Seen()
    first, second = await put(queue_url, "a"), await put(queue_url, "b")
    async with working(queue_url, {"a": seen.reaction("a"), "b": seen.reaction("b")}):
        third = await put(queue_url, "a")  # while the worker listens
        await until(seen.has_done(3), seconds=20)

        async def empty() -> bool | None:
            return await left(queue_url) == 0 or None

        await until(empty)
    assert sorted(seen.done) == sorted([("a", "acme", first), ("b", "acme", second), ("a", "acme", third)])


async def test_a_reaction_that_fails_is_tried_again_and_the_others_go_on(queue_url: str) -> None:
    seen = Seen(bad=1)
    bad, good = await put(queue_url, "bad"), [await put(queue_url, "good") for _ in range(5)]
    async with working(queue_url, {"bad": seen.reaction("bad"), "good": seen.reaction("good")}):
        await until(seen.has_done(6), seconds=20)
    assert (seen.calls["bad", bad], [seen.calls["good", event] for event in good]) == (2, [1] * 5)
    assert seen.done[-1] == ("bad", "acme", bad)  # the good ones did not wait for it


async def test_a_database_that_is_away_makes_nobody_give_up(queue_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "ATTEMPTS", 1)
    seen = Seen(with_error=Unavailable("The database does not answer."), a=2)
    event = await put(queue_url, "a")
    async with working(queue_url, {"a": seen.reaction("a")}):
        await until(seen.has_done(1), seconds=20)
    assert seen.calls["a", event] == 3


async def test_what_was_put_off_costs_no_attempt(queue_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "ATTEMPTS", 2)
    failures = iter([*[Unavailable("The database does not answer.")] * 3, RuntimeError("not yet"), None])
    done: list[UUID] = []

    async def react(_: str, event_id: UUID) -> None:
        if (failure := next(failures)) is not None:
            raise failure
        done.append(event_id)

    async def is_done() -> bool | None:
        return bool(done) or None

    event = await put(queue_url, "a")
    async with working(queue_url, {"a": react}):
        await until(is_done, seconds=20)
    assert done == [event]


async def test_so_many_run_at_once_and_no_more(queue_url: str) -> None:
    """A storm leaves thousands of jobs; together they must not take all connections of the plane."""
    running, most, gate = set[UUID](), 0, asyncio.Event()

    async def react(_: str, event_id: UUID) -> None:
        nonlocal most
        running.add(event_id)
        most = max(most, len(running))
        await gate.wait()
        running.remove(event_id)

    async def full() -> bool | None:
        return len(running) >= AT_ONCE or None

    async def empty() -> bool | None:
        return await left(queue_url) == 0 or None

    for _ in range(3 * AT_ONCE):
        await put(queue_url, "a")
    async with working(queue_url, {"a": react}):
        await until(full, seconds=20)
        gate.set()
        await until(empty, seconds=20)
    assert most == AT_ONCE


async def test_a_job_that_nobody_can_read_stands_in_nobodys_way(queue_url: str) -> None:
    seen = Seen()
    await put(queue_url, "a", b"nonsense")
    good = await put(queue_url, "a")
    async with working(queue_url, {"a": seen.reaction("a")}):
        await until(seen.has_done(1), seconds=20)
    assert seen.done == [("a", "acme", good)]


async def test_two_workers_share_the_work(queue_url: str) -> None:
    seen = Seen()
    events = [await put(queue_url, "a") for _ in range(20)]
    async with working(queue_url, {"a": seen.reaction("a")}), working(queue_url, {"a": seen.reaction("a")}):
        await until(seen.has_done(20), seconds=20)
    assert sorted(event for _, _, event in seen.done) == sorted(events)


async def test_a_tick_that_fails_comes_again_and_the_others_go_on() -> None:
    stop, turns = asyncio.Event(), Counter[str]()

    async def good() -> None:
        turns["good"] += 1

    async def bad() -> None:
        turns["bad"] += 1
        raise RuntimeError("not yet")

    async def enough() -> bool | None:
        return (turns["good"] >= 3 and turns["bad"] >= 3) or None

    task = asyncio.create_task(run_ticks([Tick("good", 0.001, good), Tick("bad", 0.001, bad)], stop))
    await until(enough)
    stop.set()
    await asyncio.wait_for(task, 5)


async def test_a_database_that_is_away_is_no_defect_of_the_tick() -> None:
    stop, turns = asyncio.Event(), Counter[str]()

    async def waiting() -> None:
        turns["waiting"] += 1
        raise Unavailable("The database does not answer.")

    async def enough() -> bool | None:
        return turns["waiting"] >= 3 or None

    with capture_logs() as logs:
        task = asyncio.create_task(run_ticks([Tick("waiting", 0.001, waiting)], stop))
        await until(enough)
        stop.set()
        await asyncio.wait_for(task, 5)
    assert {(line["event"], line["log_level"]) for line in logs} == {("tick_put_off", "warning")}


async def test_a_stop_does_not_wait_for_the_next_turn() -> None:
    stop, turned = asyncio.Event(), asyncio.Event()

    async def turn() -> None:
        turned.set()

    task = asyncio.create_task(run_ticks([Tick("hourly", 3600, turn)], stop))
    await asyncio.wait_for(turned.wait(), 5)
    stop.set()
    await asyncio.wait_for(task, 5)
