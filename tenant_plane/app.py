"""The tenant plane, put together: settings, database, domains, doors."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import strawberry
from sqlalchemy import text
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import BaseRoute, Route, WebSocketRoute

from shared.database import absence_is_unavailable, create_engine
from shared.errors import Unavailable
from shared.tokens import Verifier, plane_audience
from shared.tx import Clock, utc_now
from shared.web import docs, health, openapi
from shared.web.answers import Answers
from shared.web.counts import SharedCounts
from shared.web.errors import HANDLERS
from shared.web.middleware import RequestMiddleware
from shared.web.operations import Operation
from shared.web.ratelimit import DEFAULT_LIMITS, RateLimiter
from shared.web.refusals import Refusals
from shared.web.rest import Edge, routes
from shared.work.ticks import Tick, run_ticks
from tenant_plane.access.rest import api as access
from tenant_plane.alerts.graph import AlertQueries
from tenant_plane.alerts.live import alerts_changed
from tenant_plane.alerts.rest import api as alerts
from tenant_plane.alerts.schemas import AlertsChanged
from tenant_plane.analytics.graph import OverviewQueries
from tenant_plane.audit.graph import AuditQueries
from tenant_plane.audit.rest import api as audit
from tenant_plane.core.actors import Actors
from tenant_plane.core.api_keys import ApiKeys
from tenant_plane.core.archive import Archives
from tenant_plane.core.directory import TenantDirectory
from tenant_plane.core.graph import GraphContext, build_schema
from tenant_plane.core.graph_door import GraphDoor
from tenant_plane.core.impersonations import Impersonations
from tenant_plane.core.key_uses import KeyUses
from tenant_plane.core.keys import SigningKeys
from tenant_plane.core.live import Hub
from tenant_plane.core.provision import Provisioner
from tenant_plane.core.tenancy import TenantDatabase
from tenant_plane.core.websocket import live
from tenant_plane.impersonations.rest import api as impersonations_api
from tenant_plane.incidents.graph import IncidentMutations, IncidentQueries, IncidentSubscriptions
from tenant_plane.incidents.live import incidents_changed, timeline_added
from tenant_plane.incidents.rest import api as incidents
from tenant_plane.incidents.schemas import IncidentChanged, TimelineAdded
from tenant_plane.ingest import rest as ingest
from tenant_plane.ingest.batcher import Batcher
from tenant_plane.internal import Inside, internal_routes
from tenant_plane.settings import Settings
from tenant_plane.usage.graph import UsageQueries
from tenant_plane.usage.jobs import RequestCounts
from tenant_plane.usage.rest import api as usage
from tenant_plane.worker import REACTIONS, run_worker

OPERATIONS: list[Operation] = [
    *access.operations,
    *alerts.operations,
    *audit.operations,
    *impersonations_api.operations,
    *incidents.operations,
    *ingest.operations,
    *usage.operations,
]
PRESENTERS = {
    AlertsChanged.kind: alerts_changed,
    IncidentChanged.kind: incidents_changed,
    TimelineAdded.kind: timeline_added,
}
TITLE = "Opsplane tenant plane"
DESCRIPTION = "Alerts in, incidents out, and everything a responder does with them."


def schema() -> strawberry.Schema:
    return build_schema(
        queries=[IncidentQueries, AlertQueries, OverviewQueries, AuditQueries, UsageQueries],
        mutations=[IncidentMutations],
        subscriptions=[IncidentSubscriptions],
    )


def create_app(
    settings: Settings,
    *,
    control_plane: httpx.AsyncClient,
    with_worker: bool = True,
    with_own_ticks: bool = True,
    clock: Clock = utc_now,
) -> Starlette:
    """``control_plane`` is only asked for its public keys; the plane works on while it is away.

    ``with_own_ticks`` is for every process that answers requests: they write down what only this process knows.
    """
    engine = create_engine(settings.tenant_app_database_url, pool_size=settings.pool_size)
    database = TenantDatabase(engine, clock=clock, reactions=REACTIONS)
    directory = TenantDirectory(engine, settings.pinned_tenant, settings.requests_per_minute)
    key_uses, requests = KeyUses(database, clock), RequestCounts(database)
    limiter = RateLimiter(
        {**DEFAULT_LIMITS, **settings.requests_per_minute}, counts=SharedCounts(engine, "plane"), spent=requests.note
    )
    answers = Answers(SharedCounts(engine, "plane"), clock)
    signing_keys = SigningKeys(engine, control_plane)
    api_keys = ApiKeys(database, directory, now=clock, used=key_uses.note)
    impersonations = Impersonations(database, directory, now=clock)
    actors = Actors(Verifier(signing_keys.find), api_keys, directory, impersonations)
    hub = Hub(settings.tenant_app_database_url, database, directory, PRESENTERS, actors.of_credential)
    refusals = Refusals(database.note)
    edge = Edge(
        database=database,
        authenticate=actors.of_request,
        limiter=limiter,
        refusals=refusals,
    )
    provisioner = Provisioner(settings.tenant_database_url)
    batcher = Batcher(database)
    inside = Inside(
        engine=engine,
        database=database,
        directory=directory,
        provisioner=provisioner,
        archives=Archives(settings.tenant_database_url),
        verifier=Verifier(signing_keys.find, plane_audience(settings.pinned_tenant)),
        clock=clock,
    )
    own_ticks = [
        Tick("save_key_uses", 5, key_uses.save),
        Tick("save_request_counts", 10, requests.save),
        Tick("save_answers", 5, answers.save),
        Tick("forget_request_counts", 60, limiter.forget_old),
    ]

    async def database_answers() -> None:
        async with absence_is_unavailable(), engine.connect() as connection:
            await connection.execute(text("select 1"))

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        stop = asyncio.Event()
        tasks = [
            asyncio.create_task(hub.run(stop)),
            asyncio.create_task(provisioner.refill()),
        ]
        if with_own_ticks:
            tasks.append(asyncio.create_task(run_ticks(own_ticks, stop)))
        if with_worker:
            tasks.append(asyncio.create_task(run_worker(settings.tenant_app_database_url, database, directory, stop)))
        try:
            yield
        finally:
            stop.set()
            await batcher.close()
            await asyncio.gather(*tasks, return_exceptions=True)
            for save in (key_uses.save, requests.save):
                with contextlib.suppress(Unavailable):
                    await save()
            await engine.dispose()

    document = openapi.document(TITLE, "1", DESCRIPTION, OPERATIONS)
    graph = GraphDoor(schema(), context=lambda: GraphContext(database, hub, actors, refusals), page=docs.graphql_page)
    all_routes: list[BaseRoute] = [
        *routes(OPERATIONS, edge),
        *internal_routes(inside),
        Route("/graphql", graph, methods=["GET", "POST"]),
        WebSocketRoute("/graphql", graph),
        WebSocketRoute("/ws", live),
        *health.health_routes({"tenant_database": database_answers}),
        *docs.docs_routes(lambda: openapi.encode(document)),
    ]
    app = Starlette(
        routes=all_routes,
        middleware=[
            Middleware(RequestMiddleware, limiter=limiter, answers=answers),
            Middleware(GZipMiddleware, minimum_size=8192, compresslevel=1),
        ],
        exception_handlers=HANDLERS,
        lifespan=lifespan,
    )
    app.state.database, app.state.batcher, app.state.hub, app.state.clock = database, batcher, hub, clock
    app.state.answers = answers
    app.state.key_uses, app.state.requests, app.state.signing_keys = key_uses, requests, signing_keys
    app.state.actors, app.state.edge, app.state.directory = actors, edge, directory
    return app
