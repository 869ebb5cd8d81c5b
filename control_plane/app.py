"""The composition root: settings, database, keys, adapters, flows, and the Starlette application on top of them."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import httpx
import structlog
from starlette.applications import Starlette
from starlette.middleware import Middleware

from control_plane.adapters.tenant_plane import HttpTenantPlane
from control_plane.core.actors import bearer_authentication
from control_plane.core.database import ControlDatabase
from control_plane.identity import jobs as identity_jobs
from control_plane.identity.flows import SessionFlows
from control_plane.identity.keys import SigningKeys
from control_plane.identity.passwords import PasswordChecker
from control_plane.identity.rest import api as identity_api
from control_plane.identity.rest import jwks_route
from control_plane.identity.tokens import TokenIssuer
from control_plane.identity.vault import KeyVault
from control_plane.plans.rest import api as plans_api
from control_plane.settings import ControlSettings
from control_plane.tenants import jobs as tenants_jobs
from control_plane.tenants.flows import TenantFlows
from control_plane.tenants.rest import api as tenants_api
from shared.database import create_engine
from shared.errors import AppError
from shared.tokens import Verifier
from shared.tx import Clock, utc_now
from shared.web.errors import HANDLERS
from shared.web.health import health_routes
from shared.web.middleware import RequestMiddleware
from shared.web.operations import Operation
from shared.web.ratelimit import RateLimiter
from shared.web.rest import Edge, routes
from shared.work.ticks import Tick, run_ticks

log = structlog.get_logger()
OPERATIONS: tuple[Operation, ...] = (*identity_api.operations, *tenants_api.operations, *plans_api.operations)
STOP_SECONDS = 10


def create_app(settings: ControlSettings, *, tenant_plane: httpx.AsyncClient, clock: Clock = utc_now) -> Starlette:
    """The caller has prepared the database, and closes ``tenant_plane``.

    Ticks and the closing of the database belong to the lifespan; without one the application still answers.
    """
    engine = create_engine(settings.control_app_database_url, pool_size=settings.control_pool_size)
    database = ControlDatabase(engine, clock=clock)
    keys = SigningKeys(database, KeyVault(settings.key_encryption_secret.get_secret_value()), clock=clock)
    issuer = TokenIssuer(keys, settings.access_token_seconds, clock)
    sessions = SessionFlows(database, PasswordChecker(), issuer, settings.refresh_token_days)
    tenants = TenantFlows(database, HttpTenantPlane(tenant_plane, issuer.internal_token))
    edge = Edge(
        database=database,
        authenticate=bearer_authentication(Verifier(keys.public_key)),
        limiter=RateLimiter(settings.requests_per_minute),
    )
    app = Starlette(
        routes=[*routes(OPERATIONS, edge), jwks_route(keys), *health_routes({"database": database.check})],
        exception_handlers=HANDLERS,
        middleware=[Middleware(RequestMiddleware)],
        lifespan=lambda _: _lifespan(database, keys, [*identity_jobs.ticks(sessions), *tenants_jobs.ticks(tenants)]),
    )
    app.state.database = database
    app.state.sessions = sessions
    app.state.tenants = tenants
    app.state.demo_accounts_path = settings.demo_accounts_path
    return app


@asynccontextmanager
async def _lifespan(database: ControlDatabase, keys: SigningKeys, ticks: Sequence[Tick]) -> AsyncIterator[None]:
    """A database that is away does not keep the plane from starting: ``/readyz`` tells, and requests get a 503."""
    stop = asyncio.Event()
    try:
        await keys.current()
    except AppError as error:
        log.warning("started_without_database", detail=error.detail)
    working = asyncio.create_task(run_ticks(ticks, stop))
    try:
        yield
    finally:
        stop.set()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(working, STOP_SECONDS)
        await database.close()
