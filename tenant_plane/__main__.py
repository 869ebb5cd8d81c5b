"""A tenant plane as a process: ``python -m tenant_plane`` prepares the database, serves and works.

``… prepare``, ``… api`` and ``… worker`` do one of these each, for deployments that run them apart.
"""

import asyncio
import sys

import httpx
from sqlalchemy.engine import make_url

from shared.logs import configure_logs
from shared.web.serve import serve
from tenant_plane.app import create_app
from tenant_plane.core.provision import Migrated, TenantsNotMigrated, prepare_database
from tenant_plane.settings import Settings
from tenant_plane.worker_app import create_worker_app


async def prepare(settings: Settings) -> Migrated:
    password = make_url(settings.tenant_app_database_url).password or ""
    return await prepare_database(settings.tenant_database_url, password)


async def run(settings: Settings, *, with_worker: bool) -> None:
    async with httpx.AsyncClient(base_url=settings.control_plane_url) as control_plane:
        app = create_app(settings, control_plane=control_plane, with_worker=with_worker)
        await serve(app, settings.host, settings.tenant_plane_port)


async def main(arguments: list[str]) -> None:
    settings = Settings()  # from the environment
    configure_logs()
    match arguments:
        case []:
            await prepare(settings)
            await run(settings, with_worker=True)
        case ["prepare"]:
            if failed := (await prepare(settings)).failed:
                raise SystemExit(str(TenantsNotMigrated(failed)))
        case ["api"]:
            await run(settings, with_worker=False)
        case ["worker"]:
            await serve(create_worker_app(settings), settings.host, settings.tenant_plane_port)
        case _:
            raise SystemExit("usage: python -m tenant_plane [prepare | api | worker]")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
