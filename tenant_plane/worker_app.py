"""The worker as a process of its own: reactions and ticks; beside them only health and metrics are answered."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from sqlalchemy import text
from starlette.applications import Starlette

from shared.database import absence_is_unavailable, create_engine
from shared.web import health
from shared.web.errors import HANDLERS
from tenant_plane.core.directory import TenantDirectory
from tenant_plane.core.tenancy import TenantDatabase
from tenant_plane.settings import Settings
from tenant_plane.worker import REACTIONS, run_worker

log = structlog.get_logger()


def create_worker_app(settings: Settings) -> Starlette:
    """Works as long as its lifespan lasts. Several may run at once, beside processes that answer requests."""
    engine = create_engine(settings.tenant_app_database_url, pool_size=settings.pool_size)
    database = TenantDatabase(engine, reactions=REACTIONS)
    directory = TenantDirectory(engine, settings.pinned_tenant, settings.requests_per_minute)

    async def database_answers() -> None:
        async with absence_is_unavailable(), engine.connect() as connection:
            await connection.execute(text("select 1"))

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        stop = asyncio.Event()
        work = asyncio.create_task(run_worker(settings.tenant_app_database_url, database, directory, stop))
        work.add_done_callback(lambda done: _end_unless(stop, done))
        try:
            yield
        finally:
            stop.set()
            await asyncio.gather(work, return_exceptions=True)
            await engine.dispose()

    return Starlette(
        routes=health.health_routes({"tenant_database": database_answers}),
        exception_handlers=HANDLERS,
        lifespan=lifespan,
    )


def _end_unless(stop: asyncio.Event, work: "asyncio.Task[None]") -> None:
    """A worker that answers its probes and does nothing would never be restarted."""
    if not stop.is_set():
        log.error("worker_ended", exc_info=None if work.cancelled() else work.exception())
        signal.raise_signal(signal.SIGTERM)
