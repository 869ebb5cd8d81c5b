"""Requests a minute: told in every answer, refused with a time to come again, and never at the senders' doors."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import asyncpg
import httpx
import pytest_asyncio
from sqlalchemy import event
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from shared.tx import Tenant
from tests.support.tenant_plane import Plane, data, generic_alert, graph_errors, refused, running_plane, served

LIMITS = {"anonymous": 1, "viewer": 3, "operator": 5, "admin": 7}
LIST = "/api/incidents"


@pytest_asyncio.fixture(scope="module")
async def strict(admin_url: str, plane: Plane) -> AsyncIterator[Plane]:
    async with running_plane(admin_url, issuer=plane.issuer, requests_per_minute=LIMITS) as strict:
        yield strict


def begin_anew(plane: Plane) -> None:
    """At the beginning of a later minute, so that no test lies in two of them."""
    plane.clock.forward(seconds=120 - plane.clock.seconds() % 60)


def counters(response: httpx.Response) -> tuple[str, str]:
    return response.headers["x-ratelimit-limit"], response.headers["x-ratelimit-remaining"]


async def test_a_caller_is_told_and_then_refused(strict: Plane, tenant: Tenant) -> None:
    begin_anew(strict)
    async with strict.client(tenant, "viewer") as viewer, strict.client(tenant, "operator") as operator:
        answers = [await viewer.get(LIST) for _ in range(3)]
        assert [counters(answer) for answer in answers] == [("3", "2"), ("3", "1"), ("3", "0")]
        response = await viewer.get(LIST)
        error = refused(response, 429, "RATE_LIMIT")
        assert counters(response) == ("3", "0")
        wait = int(response.headers["retry-after"])
        assert 1 <= wait <= 61
        assert error["detail"] == f"More than 3 requests in a minute; the next is welcome in {wait} s."
        assert counters(await operator.get(LIST)) == ("5", "4")
        strict.clock.forward(seconds=wait)
        assert counters(await viewer.get(LIST)) == ("3", "2")


async def test_refused_and_missing_things_count_too(strict: Plane, tenant: Tenant) -> None:
    begin_anew(strict)
    async with strict.client(tenant, "viewer") as viewer:
        answers = [
            await viewer.get("/api/incidents/INC-9"),
            await viewer.post(LIST, json={}),
            await viewer.get(f"{LIST}?limit=0"),
            await viewer.get(LIST),
        ]
    assert [answer.status_code for answer in answers] == [404, 422, 422, 429]
    assert [counters(answer)[1] for answer in answers] == ["2", "1", "0", "0"]


async def test_graphql_counts_with_rest(strict: Plane, tenant: Tenant) -> None:
    begin_anew(strict)
    async with strict.client(tenant, "viewer") as viewer:
        first = await viewer.post("/graphql", json={"query": "{ incidents { totalCount } }"})
        assert counters(first) == ("3", "2")
        await graph_errors(viewer, "{ nothing }")
        await viewer.get(LIST)
        refused(await viewer.post("/graphql", json={"query": "{ __typename }"}), 429, "RATE_LIMIT")


async def test_two_people_and_two_tenants_count_apart(strict: Plane, plane: Plane, tenant: Tenant) -> None:
    begin_anew(strict)
    other = await plane.new_tenant()
    token = strict.issuer.token(tenant.id, "viewer", email="ana@acme.example")
    async with (
        strict.client(tenant, "viewer") as first,
        strict.client(None, authorization=f"Bearer {token}") as second,
        strict.client(other, "viewer") as third,
    ):
        for client in (first, second, third):
            assert counters(await client.get(LIST)) == ("3", "2")


async def test_two_processes_count_together(strict: Plane, tenant: Tenant, admin_url: str) -> None:
    begin_anew(strict)
    async with running_plane(admin_url, issuer=strict.issuer, requests_per_minute=LIMITS) as second:
        second.app.state.edge.limiter.clock = strict.clock.seconds
        async with strict.client(tenant, "admin") as here, second.client(tenant, "admin") as there:
            answers = [await client.get(LIST) for client in (here, there) * 4]
    assert [counters(answer)[1] for answer in answers] == ["6", "5", "4", "3", "2", "1", "0", "0"]
    assert [answer.status_code for answer in answers] == [200] * 7 + [429]


async def test_at_once_from_everywhere_exactly_the_limit_gets_through(
    strict: Plane, tenant: Tenant, admin_url: str
) -> None:
    begin_anew(strict)
    async with running_plane(admin_url, issuer=strict.issuer, requests_per_minute=LIMITS) as second:
        second.app.state.edge.limiter.clock = strict.clock.seconds
        async with strict.client(tenant, "admin") as here, second.client(tenant, "admin") as there:
            answers = await asyncio.gather(*(client.get(LIST) for client in (here, there) * 10))
    assert sorted(answer.status_code for answer in answers) == [200] * 7 + [429] * 13
    let_through = [counters(answer)[1] for answer in answers if answer.status_code == 200]
    assert sorted(let_through) == ["0", "1", "2", "3", "4", "5", "6"]


async def test_a_flood_costs_the_database_nothing(strict: Plane, tenant: Tenant) -> None:
    begin_anew(strict)
    async with strict.client(tenant, "viewer") as viewer:
        for _ in range(4):
            await viewer.get(LIST)
        seen: list[str] = []
        with listened(strict, seen):
            for _ in range(10):
                refused(await viewer.get(LIST), 429, "RATE_LIMIT")
    assert seen == []


async def test_each_process_counts_alone_while_the_counters_are_away(strict: Plane, tenant: Tenant) -> None:
    begin_anew(strict)
    none = Tenant("none", "public")
    async with strict.client(tenant, "viewer") as viewer:
        await viewer.get(LIST)
        await strict.rows(none, "alter table plane.request_counts rename to lost")
        answers = [await viewer.get(LIST) for _ in range(3)]
        await strict.rows(none, "alter table plane.lost rename to request_counts")
    assert [answer.status_code for answer in answers] == [200, 200, 429]


async def test_old_windows_are_forgotten(strict: Plane, tenant: Tenant) -> None:
    begin_anew(strict)
    none, count = Tenant("none", "public"), "select count(*) as rows from plane.request_counts where caller like $1"
    async with strict.client(tenant, "viewer") as viewer:
        await viewer.get(LIST)
        strict.clock.forward(minutes=3)
        await viewer.get(LIST)
    assert (await strict.rows(none, count, f"{tenant.id}:%"))[0]["rows"] == 2
    await strict.app.state.edge.limiter.forget_old()
    assert (await strict.rows(none, count, f"{tenant.id}:%"))[0]["rows"] == 1


async def test_the_plan_says_how_many(plane: Plane, tenant: Tenant, admin_url: str) -> None:
    await plane.set_wanted(tenant, requests_per_minute={"viewer": 2, "operator": 4})
    async with running_plane(admin_url, issuer=plane.issuer, requests_per_minute={}) as place:
        for role, limit in (("viewer", "2"), ("operator", "4"), ("admin", "1000")):
            async with place.client(tenant, role) as client:
                assert counters(await client.get(LIST))[0] == limit
        async with place.client(tenant, "admin") as admin:
            body = {"name": "ci", "scope": "viewer"}
            plain = data(await admin.post("/api/apikeys", json=body), 201)["api_key"]
            fast = data(await admin.post("/api/apikeys", json={**body, "rate_limit_rps": 3}), 201)["api_key"]
            slow = data(await admin.post("/api/apikeys", json={**body, "rate_limit_rps": 1}), 201)["api_key"]
        for key, limit in ((plain, "2"), (fast, "2"), (slow, "1")):
            async with place.client(None, **{"x-api-key": key}) as machine:
                assert counters(await machine.get(LIST))[0] == limit
        async with place.client(None, **{"x-api-key": plain}) as machine:
            await machine.get(LIST)
            refused(await machine.get(LIST), 429, "RATE_LIMIT")


async def key_of(place: Plane, tenant: Tenant, scope: str, rps: int) -> str:
    async with place.client(tenant, "admin") as admin:
        body = {"name": "ci", "scope": scope, "rate_limit_rps": rps}
        return str(data(await admin.post("/api/apikeys", json=body), 201)["api_key"])


async def test_a_key_with_a_rate_of_its_own_is_held_to_it_in_every_second_by_all_processes(
    plane: Plane, tenant: Tenant, admin_url: str
) -> None:
    async with (
        running_plane(admin_url, issuer=plane.issuer, requests_per_minute={}) as first,
        running_plane(admin_url, issuer=plane.issuer, requests_per_minute={}) as second,
    ):
        key = await key_of(first, tenant, "viewer", 4)
        now = first.clock.seconds() // 60 * 60 + 90.5
        for place in (first, second):
            place.app.state.edge.limiter.clock = lambda: now
        async with (
            first.client(None, **{"x-api-key": key}) as here,
            second.client(None, **{"x-api-key": key}) as there,
        ):
            for _ in range(3):
                answers = await asyncio.gather(*(client.get(LIST) for client in (here, there) * 6))
                assert sorted(answer.status_code for answer in answers) == [200] * 4 + [429] * 8
                assert sorted(counters(answer) for answer in answers) == [
                    *[("4", "0")] * 9,
                    ("4", "1"),
                    ("4", "2"),
                    ("4", "3"),
                ]
                waits = {answer.headers.get("retry-after") for answer in answers}
                resets = {float(answer.headers["x-ratelimit-reset"]) for answer in answers}
                assert (waits, resets) == ({None, "1"}, {now + 0.5})
                now += 1


async def test_a_key_s_own_rate_lifts_neither_the_plan_s_nor_a_throttle(
    plane: Plane, tenant: Tenant, admin_url: str
) -> None:
    """It is bound by both, and told of the window that has less room; both are counted by one statement."""
    await plane.set_wanted(tenant, requests_per_minute={"viewer": 5})
    async with running_plane(admin_url, issuer=plane.issuer, requests_per_minute={}) as place:
        key = await key_of(place, tenant, "viewer", 3)
        now = place.clock.seconds() // 60 * 60 + 90.5
        place.app.state.edge.limiter.clock = lambda: now
        async with place.client(None, **{"x-api-key": key}) as machine:
            await machine.get("/healthz")
            seen: list[str] = []
            with listened(place, seen):
                assert [counters(await machine.get(LIST)) for _ in range(3)] == [("3", "2"), ("3", "1"), ("3", "0")]
            assert len([statement for statement in seen if "request_counts" in statement]) == 3
            assert "in a second" in refused(await machine.get(LIST), 429, "RATE_LIMIT")["detail"]
            now += 1
            assert [counters(await machine.get(LIST)) for _ in range(2)] == [("5", "1"), ("5", "0")]
            now += 1
            answer = await machine.get(LIST)
            assert "More than 5 requests in a minute" in refused(answer, 429, "RATE_LIMIT")["detail"]
            assert (counters(answer), answer.headers["retry-after"]) == (("5", "0"), "28")
            now += 28
            await plane.set_wanted(tenant, requests_per_minute={"viewer": 1})
            place.clock.forward(seconds=60)  # nobody relies on having heard of it
            assert counters(await machine.get(LIST)) == ("1", "0")
            now += 1
            refused(await machine.get(LIST), 429, "RATE_LIMIT")


async def test_a_sender_s_key_with_a_rate_is_refused_only_where_it_does_not_send(
    plane: Plane, tenant: Tenant, admin_url: str
) -> None:
    await plane.set_wanted(tenant, requests_per_minute={"viewer": 2})
    async with running_plane(admin_url, issuer=plane.issuer, requests_per_minute={}) as place:
        key = await key_of(place, tenant, "ingestion", 1)
        now = place.clock.seconds() // 60 * 60 + 90.5
        place.app.state.edge.limiter.clock = lambda: now
        async with place.client(None, **{"x-api-key": key}) as machine:
            for _ in range(2):
                refused(await machine.get(LIST), 403, "FORBIDDEN")
                refused(await machine.get(LIST), 429, "RATE_LIMIT")
                now += 1
            refused(await machine.get(LIST), 429, "RATE_LIMIT")
            answers = [await machine.post("/api/webhook", json=generic_alert()) for _ in range(5)]
            assert [answer.status_code for answer in answers] == [200] * 5


async def test_every_answer_has_the_three_headers(strict: Plane, tenant: Tenant) -> None:
    begin_anew(strict)
    async with strict.client(tenant, "operator") as operator, strict.client() as nobody:
        answers = [
            await operator.get("/api/nothing/here"),
            await operator.delete(LIST),
            await operator.get(LIST, headers={"x-tenant-id": "other"}),
            await nobody.get("/healthz"),
            await nobody.get("/graphql"),
            await nobody.get("/internal/fleet"),
            await operator.post("/graphql", content=b"{"),
        ]
    assert [answer.status_code for answer in answers][:4] == [404, 405, 403, 200]
    for answer in answers:
        assert {"x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"} <= set(answer.headers), answer


async def test_a_sender_is_never_refused(strict: Plane, tenant: Tenant) -> None:
    begin_anew(strict)
    async with strict.client(tenant, "operator") as operator:
        answers = [await operator.post("/api/webhook", json=generic_alert()) for _ in range(20)]
        answers += [await operator.post("/webhook", content=b"[]") for _ in range(5)]
        assert [answer.status_code for answer in answers] == [200] * 20 + [202] * 5
        assert {counters(answer) for answer in answers} == {("5", "5")}
        assert counters(await operator.get(LIST)) == ("5", "4")
        for _ in range(5):
            await operator.get(LIST)
        refused(await operator.get(LIST), 429, "RATE_LIMIT")
        data(await operator.post("/api/webhook", json=generic_alert()))


async def test_guessing_credentials_counts_by_address_but_not_at_the_senders_doors(strict: Plane) -> None:
    begin_anew(strict)
    async with strict.client(authorization="Bearer opk_acme_nobody") as guesser:
        first = await guesser.get(LIST)
        refused(first, 401, "UNAUTHORIZED")
        assert counters(first) == ("1", "0")
        refused(await guesser.get(LIST), 429, "RATE_LIMIT")
        refused(await guesser.get("/api/alerts"), 401, "UNAUTHORIZED")  # each operation counts for itself
        answers = [await guesser.post("/api/webhook", json=generic_alert()) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [401, 401, 401]


async def test_operations_over_one_websocket_count_one_by_one(strict: Plane, tenant: Tenant) -> None:
    begin_anew(strict)
    query = {"query": "{ incidents { totalCount } }"}
    async with served(strict.app) as port, graph_socket(port, strict.issuer.token(tenant.id, "viewer")) as socket:
        for number in range(3):
            await socket.send(json.dumps({"id": str(number), "type": "subscribe", "payload": query}))
            answers = [json.loads(await asyncio.wait_for(socket.recv(), 5)) for _ in ("next", "complete")]
            assert answers[0]["payload"] == {"data": {"incidents": {"totalCount": 0}}}
        await socket.send(json.dumps({"id": "3", "type": "subscribe", "payload": query}))
        refusal = json.loads(await asyncio.wait_for(socket.recv(), 5))
    assert (refusal["type"], refusal["payload"][0]["extensions"]["code"]) == ("error", "RATE_LIMIT")


@contextmanager
def listened(plane: Plane, seen: list[str]) -> Iterator[None]:
    """Every statement on the plane's pool, those that count requests included."""

    def straight(record: asyncpg.connection.LoggedQuery) -> None:
        seen.append(record.query)

    def on_checkout(connection: Any, *_: Any) -> None:
        connection.driver_connection.add_query_logger(straight)

    engine = plane.app.state.directory.engine.sync_engine
    event.listen(engine, "checkout", on_checkout)
    try:
        yield
    finally:
        event.remove(engine, "checkout", on_checkout)


@asynccontextmanager
async def graph_socket(port: int, token: str) -> AsyncIterator[ClientConnection]:
    protocol = Subprotocol("graphql-transport-ws")
    async with connect(f"ws://127.0.0.1:{port}/graphql", subprotocols=[protocol]) as socket:
        await socket.send(json.dumps({"type": "connection_init", "payload": {"authorization": f"Bearer {token}"}}))
        assert json.loads(await asyncio.wait_for(socket.recv(), 5))["type"] == "connection_ack"
        yield socket
