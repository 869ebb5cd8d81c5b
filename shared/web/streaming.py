"""Answers too long to hold: pushed by their writer at the pace of the receiver."""

from collections.abc import Awaitable, Callable, Mapping

from starlette.responses import StreamingResponse
from starlette.types import Send

Write = Callable[[bytes], Awaitable[None]]


class Pushed(StreamingResponse):
    """``push`` runs inside of the answer: when the receiver goes, it is cancelled. One that fails half-way leaves an
    answer without an end, which no client takes for a whole one.
    """

    def __init__(
        self, push: Callable[[Write], Awaitable[object]], media_type: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__((), media_type=media_type, headers=headers)
        self._push = push

    async def stream_response(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})

        async def write(data: bytes) -> None:
            await send({"type": "http.response.body", "body": data, "more_body": True})

        await self._push(write)
        await send({"type": "http.response.body", "body": b"", "more_body": False})
