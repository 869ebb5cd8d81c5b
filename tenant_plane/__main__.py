"""A tenant plane as a process of its own: ``python -m tenant_plane``, or ``… prepare`` for the database only."""

import asyncio
import sys

import httpx
from sqlalchemy.engine import make_url

from shared.logs import configure_logs
from shared.web.serve import serve
from tenant_plane.app import create_app
from tenant_plane.core.provision import prepare_database
from tenant_plane.settings import Settings


async def prepare(settings: Settings) -> None:
    await prepare_database(settings.tenant_database_url, make_url(settings.tenant_app_database_url).password or "")


async def run(settings: Settings) -> None:
    async with httpx.AsyncClient(base_url=settings.control_plane_url) as control_plane:
        app = create_app(settings, control_plane=control_plane)
        await serve(app, settings.host, settings.tenant_plane_port)


async def main(arguments: list[str]) -> None:
    settings = Settings()  # from the environment
    configure_logs()
    await prepare(settings)
    if arguments != ["prepare"]:
        await run(settings)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
