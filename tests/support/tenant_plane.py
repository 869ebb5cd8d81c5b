"""A whole tenant plane in the test's process: real application, real Postgres; only the control plane is played."""

import asyncio
import itertools
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import uuid4

import asyncpg
import httpx
import jwt
import uvicorn
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import event
from sqlalchemy.engine import make_url
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from shared.contracts.limits import Limits
from shared.contracts.tenants import Standing, TenantWanted
from shared.tokens import plane_audience, sign
from shared.tx import Actor, Tenant, utc_now
from tenant_plane import housekeeping, worker
from tenant_plane.app import create_app
from tenant_plane.core import provision
from tenant_plane.core.permissions import ROLES
from tenant_plane.core.tenancy import TenantDatabase
from tenant_plane.settings import Settings
from tests.support.statements import Statements

PASSWORD = "only-for-tests"
KID = "test-key"
PLENTY = {"anonymous": 100_000, "viewer": 100_000, "operator": 100_000, "admin": 100_000, "ingestion": 100_000}
TABLES = (
    "alerts",
    "alert_events",
    "incidents",
    "incident_alerts",
    "incident_timeline",
    "dead_letters",
    "api_keys",
    "events",
    "idempotency_keys",
    "usage_days",
    "held_payloads",
    "audit_log",
    "impersonations",
)
NOT_PICTURED = {"audit_log"}
"""A refused call may leave an entry there; that is no change of what the tenant has."""
T = TypeVar("T")
_numbers = itertools.count(1)


async def until(look: Callable[[], Awaitable[T | None]], *, seconds: float = 5.0) -> T:
    """The first answer of ``look`` that is not None; what happens by itself is waited for here and nowhere else."""
    async with asyncio.timeout(seconds):
        while (found := await look()) is None:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    return found


class Clock:
    """The real time plus what a test has added; moving it is one call, never a sleep."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return utc_now() + self.ahead

    def monotonic(self) -> float:
        return time.monotonic() + self.ahead.total_seconds()

    def seconds(self) -> float:
        return time.time() + self.ahead.total_seconds()

    def forward(self, **span: float) -> None:
        self.ahead += timedelta(**span)


class Issuer:
    """Plays the control plane: it signs tokens and shows its public key."""

    def __init__(self) -> None:
        self.key, self.kid = Ed25519PrivateKey.generate(), KID
        self.answers = True
        self.asked = 0
        self.app = Starlette(routes=[Route("/.well-known/jwks.json", self._jwks)])

    def rotate(self) -> None:
        """Immediately: what the old key has signed counts no longer."""
        self.key, self.kid = Ed25519PrivateKey.generate(), f"{KID}-{uuid4()}"

    async def _jwks(self, _: Request) -> JSONResponse:
        self.asked += 1
        if not self.answers:
            return JSONResponse({}, 503)
        jwk = jwt.algorithms.OKPAlgorithm.to_jwk(self.key.public_key(), as_dict=True)
        return JSONResponse({"keys": [{**jwk, "kid": self.kid, "alg": "EdDSA", "use": "sig"}]})

    def token(
        self,
        tenant_id: str | None,
        role: str = "admin",
        *,
        email: str | None = None,
        expires_in: int = 900,
        audience: str | Sequence[str] = "opsplane",
        key: Ed25519PrivateKey | None = None,
        **more: Any,
    ) -> str:
        now = int(time.time())
        email = email or f"{role}@{tenant_id}.example"
        claims = {
            "sub": f"user-{email}",
            "email": email,
            "name": email,
            "role": role,
            "tenant_id": tenant_id,
            "sid": str(uuid4()),
            "iat": now,
            "exp": now + expires_in,
            **more,
        }
        return sign(claims, key=key or self.key, kid=self.kid, audience=audience)


@dataclass
class Plane:
    app: Starlette
    issuer: Issuer
    clock: Clock
    owner_url: str
    provisioner: provision.Provisioner = field(init=False)

    def __post_init__(self) -> None:
        self.provisioner = provision.Provisioner(self.owner_url)

    @property
    def database(self) -> TenantDatabase:
        database: TenantDatabase = self.app.state.database
        return database

    @contextmanager
    def statements(self) -> Iterator[Statements]:
        """Counts what goes through SQLAlchemy and what goes straight to asyncpg."""
        engine = self.app.state.directory.engine.sync_engine
        counted = Statements()

        def through_sqlalchemy(_: Any, __: Any, statement: str, *rest: Any) -> None:
            counted.add(statement)

        def straight(record: asyncpg.connection.LoggedQuery) -> None:
            counted.add(record.query)

        def on_checkout(connection: Any, *rest: Any) -> None:
            connection.driver_connection.add_query_logger(straight)

        def on_checkin(connection: Any, *rest: Any) -> None:
            connection.driver_connection.remove_query_logger(straight)

        listeners = (
            ("before_cursor_execute", through_sqlalchemy),
            ("checkout", on_checkout),
            ("checkin", on_checkin),
        )
        for name, listener in listeners:
            event.listen(engine, name, listener)
        try:
            yield counted
        finally:
            for name, listener in listeners:
                event.remove(engine, name, listener)

    async def rows(self, tenant: Tenant, sql: str, *values: Any) -> list[asyncpg.Record]:
        """Read, or spoil, a tenant's tables past the application, as the owner."""
        connection = await asyncpg.connect(self.owner_url, server_settings={"search_path": tenant.schema})
        try:
            return await connection.fetch(sql, *values)
        finally:
            await connection.close()

    async def picture(self, tenant: Tenant) -> Mapping[str, str]:
        """Everything a tenant has, one digest per table: equal pictures mean that nothing changed. That a key was used
        is no change.
        """
        sql = " union all ".join(
            f"select '{table}' as name, count(*) || ':' || coalesce(md5(string_agg(t.row, '|' order by t.row)), '')"
            f" as digest from (select (to_jsonb(t) - '{{last_used_at, last_used_address}}'::text[])::text as row"
            f" from {table} t) as t"
            for table in TABLES
            if table not in NOT_PICTURED
        )
        return {row["name"]: row["digest"] for row in await self.rows(tenant, sql)}

    @asynccontextmanager
    async def unchanged(self, tenant: Tenant) -> AsyncIterator[None]:
        """A refusal changes nothing."""
        before = await self.picture(tenant)
        yield
        assert await self.picture(tenant) == before

    async def new_tenant(self, name: str | None = None) -> Tenant:
        tenant_id = name or f"tenant-{next(_numbers)}-{uuid4().hex[:6]}"
        wanted = TenantWanted(name=tenant_id.title(), plan="pro", state=Standing.ACTIVE)
        await self.provisioner.ensure(tenant_id, wanted)
        return Tenant(tenant_id, provision.schema_of(tenant_id), tenant_id.title())

    def control_plane(self) -> httpx.AsyncClient:
        """With the token that opens /internal."""
        audience = plane_audience(self.app.state.directory.pinned)
        token = self.issuer.token(None, "system", audience=audience)
        return self.client(authorization=f"Bearer {token}")

    async def set_wanted(self, tenant: Tenant, state: Standing = Standing.ACTIVE, **limits: Any) -> None:
        """What the control plane says about a tenant; each time newer than before."""
        await self._tell(tenant, state, limits=Limits(**limits))

    async def set_leaving(self, tenant: Tenant, delete_after: datetime) -> None:
        """It waits for its deletion."""
        await self._tell(tenant, Standing.SUSPENDED, delete_after=delete_after)

    async def _tell(self, tenant: Tenant, state: Standing, **more: Any) -> None:
        wanted = TenantWanted(name=tenant.name, plan="pro", state=state, generation=next(_numbers), **more)
        async with self.control_plane() as client:
            answer = await client.put(f"/internal/tenants/{tenant.id}", json=wanted.model_dump(mode="json"))
        assert (answer.status_code, answer.json()["state"]) == (200, state), answer.text

    async def tick(self, name: str) -> None:
        """One turn of a tick, over all tenants, at the time of ``clock``."""
        ticks = {tick.name: tick for tick in worker.ticks(self.database, self.app.state.directory, self.clock)}
        await ticks[name].run()

    async def sweep(self) -> None:
        """The turn of every tenant that has waited long enough, at the time of ``clock``."""
        directory = self.app.state.directory
        while waiting := await housekeeping.next_to_sweep(directory, self.clock()):
            await worker.in_turn(waiting, lambda tenant: housekeeping.sweep(self.database, tenant))

    async def react(self, kind: str, tenant: Tenant, incident_id: str) -> None:
        """What the queue does with the event of this kind that was recorded for an incident."""
        sql = "select id from events where kind = $1 and body ->> 'incident_id' = $2"
        (event,) = await self.rows(tenant, sql, kind, incident_id)
        await worker.reactions(self.database, self.app.state.directory)[kind](tenant.id, event["id"])

    def client(self, tenant: Tenant | None = None, role: str = "admin", **headers: str) -> httpx.AsyncClient:
        if tenant is not None:
            headers = {"authorization": f"Bearer {self.issuer.token(tenant.id, role)}", **headers}
        transport = httpx.ASGITransport(app=self.app, raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url="http://test", headers=headers)

    def actor(self, tenant: Tenant, role: str = "admin") -> Actor:
        name = f"{role}@{tenant.id}.example"
        return Actor(id=f"user-{name}", kind="user", name=name, role=role, permissions=ROLES[role], tenant=tenant)


def app_url(owner_url: str) -> str:
    url = make_url(owner_url).set(username=provision.APP_ROLE, password=PASSWORD)
    return url.render_as_string(hide_password=False)


@asynccontextmanager
async def running_plane(
    owner_url: str,
    *,
    with_worker: bool = False,
    requests_per_minute: Mapping[str, int] = PLENTY,
    issuer: Issuer | None = None,
    app_database_url: str | None = None,
    prepare: bool = True,
    pinned_tenant: str | None = None,
) -> AsyncIterator[Plane]:
    """``prepare=False`` is a plane whose database is away. All its clocks are ``plane.clock``; its own ticks turn when
    a test says so.
    """
    if prepare:
        await provision.prepare_database(owner_url, PASSWORD)
    issuer, clock = issuer or Issuer(), Clock()
    settings = Settings(
        tenant_database_url=owner_url,
        tenant_app_database_url=app_database_url or app_url(owner_url),
        requests_per_minute=dict(requests_per_minute),
        pinned_tenant=pinned_tenant,
    )
    control = httpx.AsyncClient(transport=httpx.ASGITransport(app=issuer.app), base_url="http://control")
    app = create_app(settings, control_plane=control, with_worker=with_worker, with_own_ticks=False, clock=clock)
    app.state.actors.keys.clock = app.state.directory.clock = clock.monotonic
    app.state.actors.impersonations.clock = clock.monotonic
    app.state.edge.limiter.clock, app.state.edge.limiter.counts.clock = clock.seconds, clock.monotonic
    async with control, app.router.lifespan_context(app):
        yield Plane(app, issuer, clock, owner_url)


class Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals belong to the test run."""
        yield


@asynccontextmanager
async def served(app: Any) -> AsyncIterator[int]:
    """An application on a real port of this process, for clients that speak WebSocket or look at the wire."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = Server(uvicorn.Config(app, lifespan="off", log_config=None, ws_max_size=1024 * 1024))
    task = asyncio.create_task(server.serve(sockets=[listener]))

    async def started() -> bool | None:
        return server.started or None

    await until(started)
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        await task
        listener.close()


def generic_alert(**fields: Any) -> dict[str, Any]:
    return {"title": "High CPU", "severity": "critical", "service": "payments-api", "namespace": "production", **fields}


def later(**span: float) -> str:
    return (datetime.now(UTC) + timedelta(**span)).isoformat()


def data(response: httpx.Response, status: int = 200) -> Any:
    """What a good answer holds."""
    assert response.status_code == status, response.text
    return response.json()["data"]


def refused(response: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The body of a refusal, after a look at its shape."""
    body: dict[str, Any] = response.json()
    assert (response.status_code, body["code"]) == (status, code), response.text
    assert body["status_code"] == status
    assert body["error"] == body["detail"]
    assert body["trace_id"] == response.headers["x-trace-id"]
    return body


def fields_of(body: Mapping[str, Any]) -> list[str]:
    """The paths of the wrong fields in a 422."""
    return [error["field"] for error in body["errors"]]


async def opened(client: httpx.AsyncClient, **fields: Any) -> dict[str, Any]:
    """An incident that a person opened."""
    body = {"title": "Checkout is down", "severity": "high", **fields}
    incident: dict[str, Any] = data(await client.post("/api/incidents", json=body), 201)
    return incident


async def fired(client: httpx.AsyncClient, **fields: Any) -> dict[str, Any]:
    """The answer to one alert in our own format."""
    answer: dict[str, Any] = data(await client.post("/api/webhook", json=generic_alert(**fields)))
    return answer


async def incident_of(client: httpx.AsyncClient, reference: str) -> dict[str, Any]:
    incident: dict[str, Any] = data(await client.get(f"/api/incidents/{reference}"))
    return incident


async def timeline_of(client: httpx.AsyncClient, reference: str) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = data(await client.get(f"/api/incidents/{reference}/timeline?limit=5000"))["items"]
    return entries


def moves(entries: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """From a timeline: the steps of the state machine."""
    return [(e["payload"]["from"], e["payload"]["to"]) for e in entries if e["event_type"] == "status_changed"]


async def asked(client: httpx.AsyncClient, query: str, **variables: Any) -> Any:
    """The data of a GraphQL answer without errors."""
    answer = (await client.post("/graphql", json={"query": query, "variables": variables})).json()
    assert "errors" not in answer, answer
    return answer["data"]


async def graph_errors(client: httpx.AsyncClient, query: str, **variables: Any) -> list[dict[str, Any]]:
    """The errors of a GraphQL answer."""
    answer = (await client.post("/graphql", json={"query": query, "variables": variables})).json()
    errors: list[dict[str, Any]] = answer["errors"]
    return errors
