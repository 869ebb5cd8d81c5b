"""A whole tenant plane in the test's process: real application, real Postgres; only the control plane is played."""

import itertools
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy.engine import make_url
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from shared.contracts.tenants import TenantWanted
from shared.tokens import Audience, sign
from shared.tx import Actor, Tenant, utc_now
from tenant_plane.app import create_app
from tenant_plane.core import provision
from tenant_plane.core.permissions import ROLES
from tenant_plane.core.tenancy import TenantDatabase
from tenant_plane.settings import Settings

PASSWORD = "only-for-tests"
KID = "test-key"
PLENTY = {"anonymous": 100_000, "viewer": 100_000, "operator": 100_000, "admin": 100_000, "ingestion": 100_000}
_numbers = itertools.count(1)


class Clock:
    """The real time plus what a test has added; moving it is one call, never a sleep."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return utc_now() + self.ahead

    def forward(self, **span: float) -> None:
        self.ahead += timedelta(**span)


class Issuer:
    """Plays the control plane: it signs tokens and shows its public key."""

    def __init__(self) -> None:
        self.key = Ed25519PrivateKey.generate()
        self.answers = True
        self.app = Starlette(routes=[Route("/.well-known/jwks.json", self._jwks)])

    async def _jwks(self, _: Request) -> JSONResponse:
        if not self.answers:
            return JSONResponse({}, 503)
        jwk = jwt.algorithms.OKPAlgorithm.to_jwk(self.key.public_key(), as_dict=True)
        return JSONResponse({"keys": [{**jwk, "kid": KID, "alg": "EdDSA", "use": "sig"}]})

    def token(
        self,
        tenant_id: str | None,
        role: str = "admin",
        *,
        email: str | None = None,
        expires_in: int = 900,
        audience: Audience = "opsplane",
        key: Ed25519PrivateKey | None = None,
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
        }
        return sign(claims, key=key or self.key, kid=KID, audience=audience)


@dataclass
class Plane:
    app: Starlette
    issuer: Issuer
    clock: Clock
    owner_url: str

    @property
    def database(self) -> TenantDatabase:
        database: TenantDatabase = self.app.state.database
        return database

    async def new_tenant(self, name: str | None = None) -> Tenant:
        tenant_id = name or f"tenant-{next(_numbers)}-{uuid4().hex[:6]}"
        wanted = TenantWanted(name=tenant_id.title(), plan="pro", state="active")
        await provision.Provisioner(self.owner_url).ensure(tenant_id, wanted)
        return Tenant(tenant_id, provision.schema_of(tenant_id), tenant_id.title())

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
async def running_plane(owner_url: str, *, with_worker: bool = False) -> AsyncIterator[Plane]:
    await provision.prepare_database(owner_url, PASSWORD)
    issuer, clock = Issuer(), Clock()
    settings = Settings(
        tenant_database_url=owner_url, tenant_app_database_url=app_url(owner_url), requests_per_minute=PLENTY
    )
    control = httpx.AsyncClient(transport=httpx.ASGITransport(app=issuer.app), base_url="http://control")
    app = create_app(settings, control_plane=control, with_worker=with_worker, clock=clock)
    async with control, app.router.lifespan_context(app):
        yield Plane(app, issuer, clock, owner_url)


def generic_alert(**fields: Any) -> dict[str, Any]:
    return {"title": "High CPU", "severity": "critical", "service": "payments-api", "namespace": "production", **fields}


def later(**span: float) -> str:
    return (datetime.now(UTC) + timedelta(**span)).isoformat()
