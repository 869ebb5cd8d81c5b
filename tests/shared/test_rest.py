"""The endpoint layer by itself: a handler's signature is its contract."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any
from uuid import UUID

import httpx
import pytest
import pytest_asyncio
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import text
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response

from shared.errors import BadRequest, Conflict, Unauthorized
from shared.pages import Page, PageQuery
from shared.tx import Actor, ReadTx, WriteTx
from shared.web import rest
from shared.web.errors import HANDLERS
from shared.web.middleware import RequestMiddleware
from shared.web.operations import Api, Operation
from shared.web.ratelimit import RateLimiter
from shared.web.rest import Edge, routes
from tests.shared.conftest import OneSchema
from tests.support.tenant_plane import data, fields_of, refused

ALICE = Actor(id="alice", kind="user", name="alice", role="admin", permissions=frozenset())


class Thing(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=10)]
    size: Annotated[int, Field(ge=0)] = 1


class Seen(BaseModel):
    id: UUID | None = None
    version: int = 3
    told: dict[str, Any] = {}


class Wanted(PageQuery):
    colour: list[str] = []
    weight: int | None = None


api = Api(tag="things", kind="Thing", plural="things")


@api.get("/api/things")
async def list_things(tx: ReadTx, query: PageQuery) -> Page[Thing]:
    names = (await tx.session.execute(text("select name from things order by name"))).scalars().all()
    return Page(items=[Thing(name=name) for name in names], total=len(names), limit=query.size, offset=query.skip)


@api.post("/api/things", status=201)
async def create_thing(tx: WriteTx, body: Thing) -> Thing:
    await tx.session.execute(text("insert into things values (:name)"), {"name": body.name})
    return body


@api.post("/api/things/refused", status=201, errors=[Conflict])
async def refuse_thing(tx: WriteTx, body: Thing) -> Thing:
    await tx.session.execute(text("insert into things values (:name)"), {"name": body.name})
    raise Conflict("No.")


@api.post("/api/things/crashing", status=201)
async def crash_thing(tx: WriteTx, body: Thing) -> Thing:
    await tx.session.execute(text("insert into things values (:name)"), {"name": body.name})
    raise RuntimeError("a secret")


@api.get("/api/echo/{thing_id}/{name}")
async def echo(
    thing_id: UUID, name: Annotated[str, Field(max_length=5)], query: Wanted, actor: Actor, if_match: int | None
) -> Seen:
    told = {"name": name, "colour": query.colour, "actor": actor.id, "if_match": if_match, "offset": query.offset}
    return Seen(id=thing_id, told=told)


@api.get("/api/echo/{thing_id}/fixed")
async def fixed(thing_id: UUID) -> Seen:
    return Seen(id=thing_id, told={"fixed": True})


@api.post("/api/raw", access="public", max_body_bytes=10)
async def take_raw(request: Request, raw: bytes) -> Response:
    return Response(raw, media_type=request.headers.get("content-type"))


@api.post("/api/stream", access="public")
async def take_stream(stream: AsyncIterator[bytes]) -> Seen:
    return Seen(told={"sizes": [len(chunk) async for chunk in stream if chunk]})


@api.get("/api/public", access="public")
async def read_public(actor: Actor) -> Seen:
    return Seen(told={"actor": actor.id})


@api.delete("/api/things/{name}", status=204)
async def delete_thing(tx: WriteTx, name: str) -> None:
    await tx.session.execute(text("delete from things where name = :name"), {"name": name})


@pytest_asyncio.fixture
async def client(database: OneSchema) -> AsyncIterator[httpx.AsyncClient]:
    async def authenticate(request: Request, _: Operation) -> Actor:
        if "authorization" not in request.headers:
            raise Unauthorized("Who are you?")
        return ALICE

    edge = Edge(database=database, authenticate=authenticate, limiter=RateLimiter({"viewer": 10**6, "admin": 10**6}))
    app = Starlette(
        routes=list(routes(api.operations, edge)),
        middleware=[Middleware(RequestMiddleware)],
        exception_handlers=HANDLERS,
    )
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    headers = {"authorization": "Bearer x"}
    async with httpx.AsyncClient(transport=transport, base_url="http://test", headers=headers) as client:
        yield client


ID = "01a212e8-8323-71c8-bcda-f95b377e5059"


async def names(client: httpx.AsyncClient) -> list[str]:
    return [item["name"] for item in data(await client.get("/api/things"))["items"]]


async def test_every_kind_of_argument_arrives(client: httpx.AsyncClient, database: OneSchema) -> None:
    response = await client.get(f"/api/echo/{ID}/blue?colour=a,b&colour=c&offset=7", headers={"if-match": '"12"'})
    assert data(response) == {
        "id": ID,
        "version": 3,
        "told": {"name": "blue", "colour": ["a", "b", "c"], "actor": "alice", "if_match": 12, "offset": 7},
    }
    assert response.headers["etag"] == '"3"'
    assert database.opened == []


async def test_written_segments_come_before_parameters(client: httpx.AsyncClient) -> None:
    assert data(await client.get(f"/api/echo/{ID}/fixed"))["told"] == {"fixed": True}


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/api/echo/nonsense/blue", "path.thing_id"),
        (f"/api/echo/{ID}/yellow", "path.name"),
        (f"/api/echo/{ID}/blue?colour=a&shape=b", "query.shape"),
        (f"/api/echo/{ID}/blue?offset=x", "query.offset"),
        (f"/api/echo/{ID}/blue?weight=large", "query.weight"),
    ],
)
async def test_where_a_wrong_argument_stands(client: httpx.AsyncClient, path: str, field: str) -> None:
    assert fields_of(refused(await client.get(path), 422, "VALIDATION_ERROR")) == [field]


async def test_several_wrong_fields_are_told_at_once(client: httpx.AsyncClient, database: OneSchema) -> None:
    error = refused(await client.post("/api/things", json={"name": "", "size": -1, "x": 1}), 422, "VALIDATION_ERROR")
    assert fields_of(error) == ["body.name", "body.size", "body.x"]
    assert error["detail"].startswith("3 fields are wrong; body.name: ")
    assert database.opened == []


@pytest.mark.parametrize(
    "kind",
    [
        "application/json",
        "application/json; charset=utf-8",
        "application/json;charset=UTF-8",
        "application/vnd.api+json",
        "text/plain",
        "",
    ],
)
async def test_the_media_type_is_not_asked_for(client: httpx.AsyncClient, kind: str) -> None:
    body = '{"name": "grün"}'.encode()
    response = await client.post("/api/things", content=body, headers={"content-type": kind})
    assert data(response, 201) == {"name": "grün", "size": 1}


@pytest.mark.parametrize(
    "raw", [b"{", b"x", b'{"name": "a"} x', b"\xff\xfe", '{"name": "grün"}'.encode("utf-16"), b"[" * 500]
)
async def test_a_body_that_is_not_json(client: httpx.AsyncClient, raw: bytes) -> None:
    refused(await client.post("/api/things", content=raw), 400, "BAD_REQUEST")
    assert await names(client) == []


@pytest.mark.parametrize("raw", [b"", b"{}", b"null", b"[]", b"5"])
async def test_a_body_that_is_json_and_nothing_more(client: httpx.AsyncClient, raw: bytes) -> None:
    refused(await client.post("/api/things", content=raw), 422, "VALIDATION_ERROR")
    assert await names(client) == []


async def test_bodies_have_a_largest_size(client: httpx.AsyncClient) -> None:
    assert (await client.post("/api/raw", content=b"0123456789")).content == b"0123456789"
    error = refused(await client.post("/api/raw", content=b"0123456789a"), 413, "PAYLOAD_TOO_LARGE")
    assert error["detail"] == "The body is larger than 10 bytes."

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b"0123456789"

    refused(await client.post("/api/raw", content=endless()), 413, "PAYLOAD_TOO_LARGE")
    large = b'{"name": "' + b"x" * 1024 * 1024 + b'"}'
    refused(await client.post("/api/things", content=large), 413, "PAYLOAD_TOO_LARGE")


async def test_what_is_refused_or_crashes_leaves_nothing(client: httpx.AsyncClient, database: OneSchema) -> None:
    refused(await client.post("/api/things/refused", json={"name": "a"}), 409, "CONFLICT")
    crash = await client.post("/api/things/crashing", json={"name": "b"})
    assert refused(crash, 500, "ERROR")["detail"] == "internal error"
    assert "secret" not in crash.text
    assert database.opened == ["write", "write"]
    assert await names(client) == []


async def test_a_read_cannot_write_and_a_public_operation_needs_nobody(client: httpx.AsyncClient) -> None:
    assert data(await client.get("/api/public", headers={"authorization": ""}))["told"] == {"actor": "anonymous"}
    del client.headers["authorization"]
    response = await client.get("/api/things")
    refused(response, 401, "UNAUTHORIZED")
    assert response.headers["www-authenticate"] == "Bearer"


async def test_an_answer_without_a_body(client: httpx.AsyncClient) -> None:
    await client.post("/api/things", json={"name": "a"})
    response = await client.delete("/api/things/a")
    assert (response.status_code, response.content) == (204, b"")
    assert await names(client) == []


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("PUT", "/api/things", "GET, HEAD, POST"),
        ("TRACE", "/api/public", "GET, HEAD"),
        ("GET", "/api/things/a", "DELETE"),
    ],
)
async def test_a_method_that_is_not_possible(client: httpx.AsyncClient, method: str, path: str, allow: str) -> None:
    response = await client.request(method, path)
    refused(response, 405, "METHOD_NOT_ALLOWED")
    assert response.headers["allow"] == allow


async def test_a_path_that_does_not_exist(client: httpx.AsyncClient) -> None:
    assert refused(await client.get("/api/nothing"), 404, "NOT_FOUND")["detail"] == "Nothing here."


async def test_twins_under_one_key_write_once(client: httpx.AsyncClient) -> None:
    posts = [client.post("/api/things", json={"name": "a"}, headers={"idempotency-key": "k"}) for _ in range(10)]
    answers = await asyncio.gather(*posts)
    assert {(answer.status_code, answer.content) for answer in answers} == {(201, b'{"data":{"name":"a","size":1}}')}
    assert await names(client) == ["a"]
    other = await client.post("/api/things", json={"name": "b"}, headers={"idempotency-key": "k"})
    refused(other, 409, "CONFLICT")
    assert await names(client) == ["a"]


async def test_a_refusal_keeps_no_key(client: httpx.AsyncClient) -> None:
    headers = {"idempotency-key": "k"}
    for _ in range(2):
        refused(await client.post("/api/things/refused", json={"name": "a"}, headers=headers), 409, "CONFLICT")
    data(await client.post("/api/things", json={"name": "a"}, headers=headers), 201)


def test_a_handler_that_does_not_fit_its_path_is_refused_at_import() -> None:
    async def forgets(tx: ReadTx) -> Thing:
        raise NotImplementedError

    async def invents(tx: ReadTx, colour: str) -> Thing:
        raise NotImplementedError

    with pytest.raises(TypeError, match=r"do not fit /api/x/\{name\}"):
        Api(tag="x").get("/api/x/{name}")(forgets)
    with pytest.raises(TypeError, match="do not fit /api/x"):
        Api(tag="x").get("/api/x")(invents)


async def test_a_stream_is_read_by_its_handler_however_long(client: httpx.AsyncClient) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield bytes(1024 * 1024)

    assert data(await client.post("/api/stream", content=chunks()))["told"] == {"sizes": [1024 * 1024] * 3}


@pytest.mark.parametrize("messages", [["http.disconnect"], ["http.request", "http.disconnect"], ["http.request"]])
async def test_a_stream_that_stops_before_its_end_is_given_up(messages: list[str]) -> None:
    coming = iter(messages)

    async def receive() -> dict[str, Any]:
        for kind in coming:
            return {"type": kind, "body": b"x", "more_body": True}
        await asyncio.Event().wait()
        raise AssertionError("nothing ever comes")

    request = Request({"type": "http", "method": "POST", "headers": []}, receive)
    with pytest.raises(BadRequest):
        [chunk async for chunk in rest.arriving(request, 0.05)]


@pytest.mark.parametrize("etag", ["x", '"x"', "1, 2", "-1"])
async def test_an_if_match_that_is_none(client: httpx.AsyncClient, etag: str) -> None:
    refused(await client.get(f"/api/echo/{ID}/blue", headers={"if-match": etag}), 400, "BAD_REQUEST")


async def test_a_body_that_never_ends_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that sends one byte and waits must not hold a place for good."""
    monkeypatch.setattr(rest, "BODY_SECONDS", 0.05)

    async def receive() -> dict[str, Any]:
        await asyncio.Event().wait()
        raise AssertionError("nothing ever comes")

    request = Request({"type": "http", "method": "POST", "headers": []}, receive)
    with pytest.raises(BadRequest, match=r"^The body did not arrive within 0\.05 s\.$"):
        await rest.whole_body(request, 1024)
