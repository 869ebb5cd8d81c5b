"""A plane as a process of its own."""

import uvicorn
from starlette.types import ASGIApp

STOP_SECONDS = 25
"""For requests that are being answered; open WebSockets would last for ever. Less than a pod is given to end."""


async def serve(app: ASGIApp, host: str, port: int) -> None:
    """Until SIGTERM or SIGINT. Our middleware writes the log lines; uvicorn keeps quiet."""
    config = uvicorn.Config(
        app,
        host,
        port,
        log_config=None,
        access_log=False,
        lifespan="on",
        timeout_graceful_shutdown=STOP_SECONDS,
    )
    await uvicorn.Server(config).serve()
