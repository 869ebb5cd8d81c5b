"""A real SMTP server that keeps what it gets."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiosmtpd.smtp import SMTP


class Inbox:
    def __init__(self) -> None:
        self.envelopes: list[Any] = []
        self.is_full = False

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        if self.is_full:
            return "552 full"
        self.envelopes.append(envelope)
        return "250 OK"

    def text(self) -> str:
        content: bytes = self.envelopes[-1].content
        return content.decode()


@asynccontextmanager
async def smtp_server(inbox: Inbox, **options: Any) -> AsyncIterator[int]:
    """The port of one."""
    server = await asyncio.get_running_loop().create_server(lambda: SMTP(inbox, **options), "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]
