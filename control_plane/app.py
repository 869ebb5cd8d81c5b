"""The composition root: settings, database, keys, adapters, flows, and the Starlette application on top of them."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial

import httpx
import structlog
from starlette.applications import Starlette
from starlette.middleware import Middleware

from control_plane.adapters.mail import mail_of
from control_plane.adapters.oidc import OidcProviders
from control_plane.adapters.outgoing import OutgoingHttp
from control_plane.adapters.tenant_plane import HttpTenantPlane
from control_plane.audit.rest import api as audit_api
from control_plane.billing import service as billing
from control_plane.billing.rest import api as billing_api
from control_plane.core.actors import bearer_authentication
from control_plane.core.database import SCHEMA, ControlDatabase
from control_plane.identity import jobs as identity_jobs
from control_plane.identity import service as identity
from control_plane.identity.flows import AccountFlows, ImpersonationFlows, SessionFlows
from control_plane.identity.keys import SigningKeys
from control_plane.identity.passwords import PasswordChecker
from control_plane.identity.rest import jwks_route
from control_plane.identity.rest import operations as identity_operations
from control_plane.identity.tokens import TokenIssuer
from control_plane.identity.vault import FactorVault, KeyVault
from control_plane.paying import Paying, choose_payments
from control_plane.placing import choose_placement, tenant_at
from control_plane.plans.rest import api as plans_api
from control_plane.provisioning import jobs as provisioning_jobs
from control_plane.provisioning.flows.rounds import Rounds
from control_plane.provisioning.rest import api as provisioning_api
from control_plane.quotas import jobs as quotas_jobs
from control_plane.quotas import service as quotas
from control_plane.quotas.flows import UsageFlows
from control_plane.quotas.rates import RequestRates
from control_plane.quotas.rest import api as quotas_api
from control_plane.scim import service as scim
from control_plane.scim.protocol import scim_routes
from control_plane.scim.rest import api as scim_api
from control_plane.settings import ControlSettings
from control_plane.sso import jobs as sso_jobs
from control_plane.sso import service as sso
from control_plane.sso.flows import SsoFlows
from control_plane.sso.rest import api as sso_api
from control_plane.sso.vault import ClientSecretVault
from control_plane.tenants import jobs as tenants_jobs
from control_plane.tenants.archive.export import Exporter
from control_plane.tenants.archive.importing import Importer
from control_plane.tenants.archive.restoring import Vaults
from control_plane.tenants.archive.spool import Spool
from control_plane.tenants.flows import TenantFlows
from control_plane.tenants.planes import PlaneOfTenant, ServingPlanes
from control_plane.tenants.rest import api as tenants_api
from shared.database import create_engine
from shared.errors import AppError
from shared.tokens import Verifier
from shared.tx import Clock, utc_now
from shared.web.counts import SharedCounts
from shared.web.errors import HANDLERS
from shared.web.health import health_routes
from shared.web.middleware import RequestMiddleware
from shared.web.operations import Operation
from shared.web.ratelimit import DEFAULT_LIMITS, RateLimiter
from shared.web.refusals import Refusals
from shared.web.rest import Edge, routes
from shared.work.ticks import Tick, run_ticks

log = structlog.get_logger()
OPERATIONS: tuple[Operation, ...] = (
    *audit_api.operations,
    *identity_operations,
    *sso_api.operations,
    *scim_api.operations,
    *tenants_api.operations,
    *plans_api.operations,
    *quotas_api.operations,
    *billing_api.operations,
    *provisioning_api.operations,
)
STOP_SECONDS = 10


def create_app(
    settings: ControlSettings,
    *,
    tenant_plane: httpx.AsyncClient,
    dedicated_planes: httpx.AsyncClient | None = None,
    clock: Clock = utc_now,
) -> Starlette:
    """The caller has prepared the database, and closes ``tenant_plane``, the client of the shared plane.

    ``dedicated_planes`` reaches all other planes by their URLs; by default a client of our own.
    Ticks and the closing of the database belong to the lifespan; without one the application still answers.
    """
    engine = create_engine(settings.control_app_database_url, pool_size=settings.control_pool_size)
    database = ControlDatabase(engine, clock=clock)
    secret = settings.key_encryption_secret.get_secret_value()
    keys = SigningKeys(
        database,
        KeyVault(secret),
        clock=clock,
        lead=timedelta(seconds=settings.signing_key_lead_seconds),
        days=settings.signing_key_days,
    )
    issuer = TokenIssuer(keys, settings.access_token_seconds, clock)
    sessions = SessionFlows(database, PasswordChecker(), issuer, FactorVault(secret), settings.refresh_token_days)
    smtp_url = settings.smtp_url.get_secret_value() if settings.smtp_url else None
    mail = mail_of(smtp_url, settings.mail_from, settings.public_url)
    accounts = AccountFlows(database, sessions, mail, settings.open_registration, settings.public_url)
    single_sign_on = SsoFlows(
        database,
        ClientSecretVault(secret),
        OidcProviders(OutgoingHttp(allow_http=settings.sso_allow_http, networks=settings.sso_networks), clock=clock),
        sessions.signed_in,
        settings.refresh_token_days,
    )
    dedicated_planes = dedicated_planes or httpx.AsyncClient(trust_env=False)
    planes = HttpTenantPlane(
        tenant_plane, dedicated_planes, issuer.internal_token, partial(tenant_at, settings.dedicated_planes)
    )
    placement, rounds = choose_placement(settings, database, planes, str(tenant_plane.base_url))
    impersonations = ImpersonationFlows(database, issuer, PlaneOfTenant(database, placement), planes)
    usage = UsageFlows(database, ServingPlanes(database, placement), planes, clock)
    tenants = TenantFlows(
        database,
        planes,
        placement,
        limits_of=quotas.effective_limits,
        hear=(billing.look_soon,),
        forget=(sso.forget_tenant, scim.forget_tenant, identity.forget_tenant, quotas.forget_tenant),
        counts={
            "users": identity.count_members,
            "events_this_month": quotas.count_events_this_month,
            "events_limit": quotas.events_limits,
            "last_event_on": quotas.last_event_days,
            "standing": partial(billing.standings_of, grace_days=settings.billing_grace_days),
        },
        delete_grace_days=settings.delete_grace_days,
    )
    paying = choose_payments(settings, database, tenants.work_on, placement.offers)
    limits = {**DEFAULT_LIMITS, **settings.requests_per_minute}
    rates = RequestRates(database, settings.requests_per_minute)
    limiter = RateLimiter(limits, counts=SharedCounts(engine, SCHEMA))
    edge = Edge(
        database=database,
        authenticate=bearer_authentication(Verifier(keys.public_key), rates.of_member),
        limiter=limiter,
        refusals=Refusals(database.note),
    )
    app = Starlette(
        routes=[
            *routes(OPERATIONS, edge),
            jwks_route(keys),
            *scim_routes(edge),
            *health_routes({"database": database.check}),
        ],
        exception_handlers=HANDLERS,
        middleware=[Middleware(RequestMiddleware, limiter=limiter)],
        lifespan=lambda _: _lifespan(
            database,
            dedicated_planes,
            rounds,
            paying,
            keys,
            [
                Tick("forget_request_counts", 60, limiter.forget_old),
                *identity_jobs.ticks(sessions, impersonations, keys),
                *sso_jobs.ticks(single_sign_on),
                *tenants_jobs.ticks(tenants),
                *quotas_jobs.ticks(usage),
                *provisioning_jobs.ticks(rounds),
                *paying.ticks,
            ],
        ),
    )
    app.state.database, app.state.limiter = database, limiter
    app.state.sessions, app.state.accounts = sessions, accounts
    app.state.impersonations, app.state.signing_keys = impersonations, keys
    app.state.tenants = tenants
    app.state.usage, app.state.rates = usage, rates
    app.state.billing, app.state.paying = paying.flows, paying
    spool = Spool(settings.archive_max_bytes, settings.archive_folder)
    app.state.exporter = Exporter(database, planes, placement, spool)
    app.state.importer = Importer(
        database,
        planes,
        placement,
        Vaults(FactorVault(secret).opens, ClientSecretVault(secret).opens),
        spool=spool,
        activate=tenants.work_on,
    )
    app.state.sso = single_sign_on
    app.state.public_url = settings.public_url
    app.state.demo_accounts_path = settings.demo_accounts_path
    return app


@asynccontextmanager
async def _lifespan(
    database: ControlDatabase,
    dedicated_planes: httpx.AsyncClient,
    rounds: Rounds,
    paying: Paying,
    keys: SigningKeys,
    ticks: Sequence[Tick],
) -> AsyncIterator[None]:
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
        await paying.close()
        await rounds.close()
        await dedicated_planes.aclose()
        await database.close()
