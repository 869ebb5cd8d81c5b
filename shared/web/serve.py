"""A plane as a process of its own."""

import uvicorn
from starlette.types import ASGIApp


async def serve(app: ASGIApp, host: str, port: int) -> None:
    """Until SIGTERM or SIGINT. Our middleware writes the log lines; uvicorn keeps quiet."""
    config = uvicorn.Config(app, host, port, log_config=None, access_log=False, lifespan="on")
    await uvicorn.Server(config).serve()
