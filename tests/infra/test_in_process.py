"""Requests that never leave the process stream as real ones do."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from infra.local.in_process import InProcess
from shared.web.middleware import RequestMiddleware


class World:
    """An application that notes what happens in it."""

    def __init__(self) -> None:
        self.sent = 0
        self.received = 0
        self.ended = asyncio.Event()

    def client(self) -> httpx.AsyncClient:
        app = Starlette(
            routes=[
                Route("/count", self.count),
                Route("/take", self.take, methods=["PUT"]),
                Route("/refuse", self.refuse, methods=["PUT"]),
                Route("/break", self.breaks),
            ]
        )

        async def watched(scope: Scope, receive: Receive, send: Send) -> None:
            try:
                await RequestMiddleware(app)(scope, receive, send)
            finally:
                self.ended.set()

        transport = InProcess(lambda: watched)
        return httpx.AsyncClient(transport=transport, base_url="http://plane")

    async def count(self, _: Request) -> Response:
        async def numbers() -> AsyncIterator[bytes]:
            while self.sent < 1000:
                self.sent += 1
                yield b"x" * 1000

        return StreamingResponse(numbers())

    async def take(self, request: Request) -> Response:
        async for chunk in request.stream():
            self.received += len(chunk)
        return Response(str(self.received))

    async def refuse(self, _: Request) -> Response:
        return Response(status_code=409)

    async def breaks(self, _: Request) -> Response:
        async def numbers() -> AsyncIterator[bytes]:
            yield b"x"
            raise RuntimeError("half-way")

        return StreamingResponse(numbers())


async def chunks(count: int) -> AsyncIterator[bytes]:
    for _ in range(count):
        yield b"y" * 1000


async def test_the_whole_answer_comes() -> None:
    world = World()
    async with world.client() as client:
        answer = await client.get("/count")
    assert (answer.status_code, len(answer.content), world.sent) == (200, 1_000_000, 1000)


async def test_the_sender_goes_at_the_pace_of_the_receiver() -> None:
    world = World()
    async with world.client() as client, client.stream("GET", "/count") as answer:
        taken = 0
        async for chunk in answer.aiter_raw():
            taken += len(chunk)
            assert world.sent * 1000 <= taken + 3000
    assert taken == 1_000_000


async def test_a_receiver_that_goes_ends_the_sender() -> None:
    world = World()
    async with world.client() as client, client.stream("GET", "/count") as answer:
        await anext(answer.aiter_raw())
    await asyncio.wait_for(world.ended.wait(), 5)
    assert world.sent < 10


async def test_a_body_is_streamed() -> None:
    world = World()
    async with world.client() as client:
        answer = await client.put("/take", content=chunks(1000))
    assert answer.text == "1000000"


async def test_an_answer_may_come_before_the_body_is_read() -> None:
    world = World()
    async with world.client() as client:
        assert (await client.put("/refuse", content=chunks(1000))).status_code == 409


async def test_an_answer_that_breaks_is_not_taken_for_a_whole_one() -> None:
    async with World().client() as client:
        with pytest.raises(httpx.RemoteProtocolError):
            await client.get("/break")
