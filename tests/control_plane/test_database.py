"""Transactions: readers can't write, events share the commit, and a database that is away is a 503."""

from typing import ClassVar

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from control_plane.app import create_app
from control_plane.core.system import SYSTEM
from shared.tx import Event
from tests.control_plane.support import ControlPlane, settings_for


class SomethingHappened(Event):
    kind: ClassVar[str] = "something.happened"

    what: str


async def test_a_reader_can_not_write(control: ControlPlane) -> None:
    with pytest.raises(DBAPIError, match="read-only transaction"):
        async with control.database.read(SYSTEM) as tx:
            await tx.session.execute(text("delete from users"))


async def write_and_fail(control: ControlPlane) -> None:
    async with control.database.write(SYSTEM) as tx:
        tx.record(SomethingHappened(what="lost"))
        await tx.session.execute(text("select 1 / 0"))


async def test_events_are_written_in_the_same_commit(control: ControlPlane) -> None:
    async with control.database.write(SYSTEM) as tx:
        tx.record(SomethingHappened(what="a"))
        tx.record(SomethingHappened(what="b"))
    with pytest.raises(DBAPIError):
        await write_and_fail(control)
    rows = await control.sql("select kind, body, actor from events order by id")
    assert [tuple(row) for row in rows] == [
        ("something.happened", {"what": "a"}, "system"),
        ("something.happened", {"what": "b"}, "system"),
    ]


async def test_a_database_that_is_away_is_a_503_with_a_reason() -> None:
    settings = settings_for("postgresql://nobody@127.0.0.1:9/nothing")
    async with httpx.AsyncClient() as nowhere:
        app = create_app(settings, tenant_plane=nowhere)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://t") as client,
        ):
            body = {"email": "a@b.example", "password": "x"}
            answers = [
                await client.post("/api/auth/token", json=body),
                await client.get("/.well-known/jwks.json"),
                await client.get("/readyz"),
            ]
            alive = await client.get("/healthz")
    assert [answer.status_code for answer in answers] == [503, 503, 503]
    assert answers[0].json()["code"] == answers[1].json()["code"] == "UNAVAILABLE"
    assert answers[0].headers["retry-after"] == "2"
    assert alive.status_code == 200
