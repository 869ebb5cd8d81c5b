"""HTTP from one plane to the other within a process, as streams in both directions.

httpx's own ASGITransport gathers the whole answer first; a tenant's archive would lie in memory.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, MutableMapping
from typing import Any

import httpx
from starlette.types import ASGIApp


class InProcess(httpx.AsyncBaseTransport):
    """The application is looked up when it is first asked, since each plane is made before the other."""

    def __init__(self, app: Callable[[], ASGIApp]) -> None:
        self._app = app

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        exchange = _Exchange(request)
        exchange.start(self._app())
        return await exchange.response()


class _Exchange(httpx.AsyncByteStream):
    """One request and its answer. The application waits until what it has sent is taken."""

    def __init__(self, request: httpx.Request) -> None:
        assert isinstance(request.stream, httpx.AsyncByteStream)
        self._request = request
        self._body = aiter(request.stream)
        self._sent: asyncio.Queue[MutableMapping[str, Any] | None] = asyncio.Queue(maxsize=1)
        self._closed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._all_received = self._all_sent = False

    def start(self, app: ASGIApp) -> None:
        url = self._request.url
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": self._request.method,
            "headers": [(name.lower(), value) for name, value in self._request.headers.raw],
            "scheme": url.scheme,
            "path": url.path,
            "raw_path": url.raw_path.split(b"?")[0],
            "query_string": url.query,
            "server": (url.host, url.port),
            "client": ("127.0.0.1", 0),
            "root_path": "",
        }

        async def run() -> None:
            try:
                await app(scope, self._receive, self._sent.put)
            finally:
                if not self._closed.is_set():
                    await self._sent.put(None)

        self._task = asyncio.create_task(run())

    async def response(self) -> httpx.Response:
        try:
            message = await self._next()
        except BaseException:
            await self.aclose()
            raise
        return httpx.Response(message["status"], headers=message.get("headers", []), stream=self)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        is_more = True
        while is_more:
            message = await self._next()
            is_more = message.get("more_body", False)
            self._all_sent = not is_more
            if message.get("body"):
                yield message["body"]

    async def aclose(self) -> None:
        """Whoever goes before the end is a client that has hung up."""
        self._closed.set()
        assert self._task is not None, "started before anybody can close it"
        if not self._all_sent:
            self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _next(self) -> MutableMapping[str, Any]:
        message = await self._sent.get()
        if message is None:
            raise httpx.RemoteProtocolError("The application ended without completing its answer.")
        return message

    async def _receive(self) -> MutableMapping[str, Any]:
        if self._all_received:
            await self._closed.wait()
            return {"type": "http.disconnect"}
        try:
            return {"type": "http.request", "body": await anext(self._body), "more_body": True}
        except StopAsyncIteration:
            self._all_received = True
            return {"type": "http.request", "body": b"", "more_body": False}
