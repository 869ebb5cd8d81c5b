"""The control plane as a process of its own: ``python -m control_plane``, or ``… prepare`` for the database only."""

import asyncio
import sys

import httpx
from sqlalchemy.engine import make_url

from control_plane.app import create_app
from control_plane.core.prepare import prepare_database
from control_plane.settings import ControlSettings
from shared.logs import configure_logs
from shared.web.serve import serve


async def prepare(settings: ControlSettings) -> None:
    """Needs the owner's URL; a deployment that prepares in a job of its own leaves it out when serving."""
    if settings.control_database_url is not None:
        await prepare_database(
            settings.control_database_url, make_url(settings.control_app_database_url).password or ""
        )


async def run(settings: ControlSettings) -> None:
    async with httpx.AsyncClient(base_url=settings.tenant_plane_url) as tenant_plane:
        app = create_app(settings, tenant_plane=tenant_plane)
        await serve(app, settings.host, settings.control_plane_port)


async def main(arguments: list[str]) -> None:
    settings = ControlSettings()  # from the environment
    configure_logs()
    await prepare(settings)
    if arguments != ["prepare"]:
        await run(settings)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
