"""A control plane under test: the real application on a real Postgres, and a fake tenant plane to call by HTTP."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import jwt
from sqlalchemy import event, text
from sqlalchemy.engine import make_url
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from control_plane.app import create_app
from control_plane.core.database import ControlDatabase
from control_plane.core.system import SYSTEM
from control_plane.identity import service as identity
from control_plane.identity.rules import Role
from control_plane.identity.schemas import UserCreate
from control_plane.settings import ControlSettings
from control_plane.tenants import service as tenants
from control_plane.tenants.schemas import TenantCreate
from shared.contracts.tenants import TenantWanted
from shared.errors import AppError
from shared.tokens import Verifier, public_keys
from shared.tx import utc_now

APP_PASSWORD = "it's a secret"
PASSWORD = "correct horse battery"
SECRET = "0123456789abcdef0123456789abcdef"
ROOT_EMAIL = "root@opsplane.example"


@dataclass
class MovableClock:
    offset: timedelta = timedelta()

    def __call__(self) -> datetime:
        return utc_now() + self.offset


@dataclass
class FakeTenantPlane:
    """Answers by the contract in ``shared/contracts/tenants.py`` and refuses what a real one would refuse."""

    keys: httpx.AsyncClient | None = None
    status: int = 200
    answer: Any = None
    tenants: dict[str, TenantWanted] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)

    def app(self) -> Starlette:
        return Starlette(routes=[Route("/internal/tenants/{tenant_id}", self.ensure, methods=["PUT"])])

    async def ensure(self, request: Request) -> Response:
        assert self.keys is not None
        jwks = (await self.keys.get("/.well-known/jwks.json")).json()
        token = request.headers["authorization"].removeprefix("Bearer ")

        async def find(kid: str) -> Any:
            return public_keys(jwks).get(kid)

        try:
            claims = await Verifier(find, "opsplane-internal").verify(token)
        except AppError as error:
            return JSONResponse({"error": error.detail}, error.status)
        assert (claims.role, claims.tenant_id) == ("control_plane", None)
        tenant_id = request.path_params["tenant_id"]
        self.calls.append(tenant_id)
        wanted = TenantWanted.model_validate_json(await request.body())
        actual = {"tenant_id": tenant_id, "state": wanted.state, "schema_version": 1}
        if self.status == 200:
            self.tenants[tenant_id] = wanted
        return JSONResponse(self.answer or actual, self.status)


def runtime_url(admin_url: str) -> str:
    url = make_url(admin_url).set(username="opsplane_control", password=APP_PASSWORD)
    return url.render_as_string(hide_password=False)


def settings_for(admin_url: str, **changes: Any) -> ControlSettings:
    values = {"control_app_database_url": runtime_url(admin_url), "key_encryption_secret": SECRET}
    return ControlSettings(**{**values, **changes})


@dataclass
class ControlPlane:
    app: Starlette
    client: httpx.AsyncClient
    database: ControlDatabase
    plane: FakeTenantPlane
    clock: MovableClock
    password_hash: str

    async def add_tenant(self, tenant_id: str, name: str | None = None) -> None:
        """An active one, without asking the tenant plane."""
        command = TenantCreate(
            tenant_id=tenant_id, name=name or tenant_id.title(), plan="pro", contact_email="ops@x.example"
        )
        async with self.database.write(SYSTEM) as tx:
            await tenants.request_tenant(tx, command)
            await tenants.activate_tenant(tx, tenant_id)

    async def add_user(
        self, email: str, seats: Mapping[str, Role] | None = None, *, is_super_admin: bool = False
    ) -> UUID:
        command = UserCreate(
            email=email, name="Ana Ruiz", password_hash=self.password_hash, is_super_admin=is_super_admin
        )
        async with self.database.write(SYSTEM) as tx:
            user = await identity.create_user(tx, command)
            for tenant_id, role in (seats or {}).items():
                await identity.add_membership(tx, user.id, tenant_id, role)
        return user.id

    async def sign_in(self, email: str, **body: Any) -> dict[str, Any]:
        answer = await self.client.post("/api/auth/token", json={"email": email, "password": PASSWORD, **body})
        assert answer.status_code == 200, answer.text
        data: dict[str, Any] = answer.json()["data"]
        return data

    async def refresh(self, refresh_token: str, **body: Any) -> httpx.Response:
        return await self.client.post("/api/auth/refresh", json={"refresh_token": refresh_token, **body})

    async def me(self, token: str) -> httpx.Response:
        return await self.client.get("/api/auth/me", headers=bearer(token))

    async def super_admin(self) -> dict[str, str]:
        """Headers of a new super-admin."""
        await self.add_user(ROOT_EMAIL, is_super_admin=True)
        return bearer((await self.sign_in(ROOT_EMAIL))["token"])

    async def member(self, role: Role) -> dict[str, str]:
        """Headers of a new member of the new tenant ``acme``."""
        await self.add_tenant("acme")
        await self.add_user("ana@acme.example", {"acme": role})
        return bearer((await self.sign_in("ana@acme.example"))["token"])

    async def sql(self, statement: str) -> list[Any]:
        async with self.database.read(SYSTEM) as tx:
            return list((await tx.session.execute(text(statement))).all())

    async def execute(self, statement: str) -> None:
        async with self.database.write(SYSTEM) as tx:
            await tx.session.execute(text(statement))

    @contextmanager
    def statements(self) -> Iterator[list[str]]:
        """The SQL that runs inside the block."""
        seen: list[str] = []

        def note(_: Any, __: Any, statement: str, *___: Any) -> None:
            seen.append(statement)

        engine = self.database._engine.sync_engine
        event.listen(engine, "before_cursor_execute", note)
        try:
            yield seen
        finally:
            event.remove(engine, "before_cursor_execute", note)


def control_plane(admin_url: str, password_hash: str, tenant_plane: httpx.AsyncClient | None = None) -> ControlPlane:
    plane, clock = FakeTenantPlane(), MovableClock()
    tenant_plane = tenant_plane or httpx.AsyncClient(
        transport=httpx.ASGITransport(app=plane.app()), base_url="http://tenant-plane"
    )
    app = create_app(settings_for(admin_url), tenant_plane=tenant_plane, clock=clock)
    client = httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://control-plane")
    plane.keys = client
    return ControlPlane(app, client, app.state.database, plane, clock, password_hash)


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def claims_of(token: str) -> dict[str, Any]:
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return claims
