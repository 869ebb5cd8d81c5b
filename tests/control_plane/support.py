"""A control plane under test: the real application on a real Postgres, and a fake tenant plane to call by HTTP."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import jwt
import pyotp
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
from control_plane.identity.rules import Role, totp
from control_plane.identity.schemas import UserCreate
from control_plane.settings import ControlSettings
from control_plane.tenants import service as tenants
from control_plane.tenants.schemas import TenantCreate
from shared.contracts.archive import ArchiveDigest, TableDigest
from shared.contracts.impersonations import Impersonation
from shared.contracts.tenants import Standing, TenantWanted
from shared.errors import AppError
from shared.tokens import Verifier, plane_audience, public_keys
from shared.tx import utc_now

APP_PASSWORD = "it's a secret"
PASSWORD = "correct horse battery"
SECRET = "0123456789abcdef0123456789abcdef"
ROOT_EMAIL = "root@opsplane.example"


@dataclass
class MovableClock:
    offset: timedelta = timedelta()
    held: datetime | None = None

    def __call__(self) -> datetime:
        return (self.held or utc_now()) + self.offset

    def hold(self) -> None:
        """Only ``offset`` moves it from now on: nothing depends on how long the test takes."""
        self.held = utc_now()


@dataclass
class FakeTenantPlane:
    """Answers by the contract in ``shared/contracts`` and refuses what a real one would refuse.

    ``rows``: what each tenant has accepted. ``status`` is for all calls, ``broken`` for tenants, ``failing`` for calls
    like ``PUT archive``. ``is_dedicated``: it stands for the plane of each tenant that it is asked about.
    """

    is_dedicated: bool = False
    keys: httpx.AsyncClient | None = None
    status: int = 200
    answer: Any = None
    tenants: dict[str, TenantWanted] = field(default_factory=dict)
    rows: dict[str, list[str]] = field(default_factory=dict)
    impersonations: dict[UUID, Impersonation] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)
    failing: set[str] = field(default_factory=set)

    def app(self) -> Starlette:
        tenant = "/internal/tenants/{tenant_id}"
        return Starlette(
            routes=[
                Route(tenant, self.ensure, methods=["PUT"]),
                Route(tenant, self.remove, methods=["DELETE"]),
                Route(f"{tenant}/impersonations/{{impersonation_id}}", self.impersonation, methods=["PUT"]),
                Route(f"{tenant}/archive", self.write_archive, methods=["GET"]),
                Route(f"{tenant}/archive", self.read_archive, methods=["PUT"]),
                Route(f"{tenant}/archive/digest", self.digest, methods=["GET"]),
            ]
        )

    def accept(self, tenant_id: str, row: str) -> bool:
        """As a sender: what is answered with 2xx must never get lost."""
        takes = tenant_id in self.tenants and self.tenants[tenant_id].state == Standing.ACTIVE
        if takes:
            self.rows[tenant_id].append(row)
        return takes

    async def called(self, request: Request, what: str) -> Response | None:
        """None: go on."""
        assert self.keys is not None
        jwks = (await self.keys.get("/.well-known/jwks.json")).json()
        token = request.headers["authorization"].removeprefix("Bearer ")

        async def find(kid: str) -> Any:
            return public_keys(jwks).get(kid)

        tenant_id = request.path_params["tenant_id"]
        audience = plane_audience(tenant_id if self.is_dedicated else None)
        try:
            claims = await Verifier(find, audience).verify(token)
        except AppError as error:
            return JSONResponse({"error": error.detail}, error.status)
        assert (claims.role, claims.tenant_id) == ("control_plane", None)
        self.calls.append(tenant_id)
        status = 500 if tenant_id in self.broken or what in self.failing else self.status
        return None if status == 200 else JSONResponse({"error": what}, status)

    async def ensure(self, request: Request) -> Response:
        if (refused := await self.called(request, "PUT tenant")) is not None:
            return refused
        tenant_id = request.path_params["tenant_id"]
        wanted = TenantWanted.model_validate_json(await request.body())
        known = self.tenants.get(tenant_id)
        if self.answer is None and (known is None or known.generation <= wanted.generation):
            self.tenants[tenant_id] = wanted
            self.rows.setdefault(tenant_id, [])
        now = self.tenants.get(tenant_id, wanted)
        actual = {"tenant_id": tenant_id, "state": now.state, "schema_version": 1, "generation": now.generation}
        return JSONResponse(self.answer or actual)

    async def remove(self, request: Request) -> Response:
        if (refused := await self.called(request, "DELETE tenant")) is not None:
            return refused
        self.tenants.pop(request.path_params["tenant_id"], None)
        self.rows.pop(request.path_params["tenant_id"], None)
        return Response(status_code=204)

    async def impersonation(self, request: Request) -> Response:
        if (refused := await self.called(request, "PUT impersonation")) is not None:
            return refused
        told = Impersonation.model_validate_json(await request.body())
        assert str(told.id) == request.path_params["impersonation_id"]
        self.impersonations[told.id] = told
        return Response(status_code=204)

    async def write_archive(self, request: Request) -> Response:
        if (refused := await self.called(request, "GET archive")) is not None:
            return refused
        tenant_id = request.path_params["tenant_id"]
        held = {"wanted": self.tenants[tenant_id].model_dump(mode="json"), "rows": self.rows[tenant_id]}
        return JSONResponse(held)

    async def read_archive(self, request: Request) -> Response:
        if (refused := await self.called(request, "PUT archive")) is not None:
            return refused
        tenant_id, held = request.path_params["tenant_id"], await request.json()
        if tenant_id in self.tenants:
            return JSONResponse({"error": "is there already"}, 409)
        self.tenants[tenant_id] = TenantWanted.model_validate(held["wanted"])
        self.rows[tenant_id] = held["rows"][:-1] if "lossy" in self.failing else held["rows"]
        return await self.digest(request)

    async def digest(self, request: Request) -> Response:
        if (refused := await self.called(request, "GET digest")) is not None:
            return refused
        tenant_id = request.path_params["tenant_id"]
        if tenant_id not in self.tenants:
            return JSONResponse({"error": "is not there"}, 404)
        rows = self.rows[tenant_id]
        table = TableDigest(rows=len(rows), sha256=hashlib.sha256(json.dumps(rows).encode()).hexdigest())
        found = ArchiveDigest(tenant_id=tenant_id, schema_version=1, tables={"alerts": table})
        return JSONResponse(found.model_dump(mode="json"))


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
    dedicated: FakeTenantPlane
    clock: MovableClock
    password_hash: str

    async def add_tenant(self, tenant_id: str, name: str | None = None) -> None:
        """An active one, without asking the tenant plane."""
        command = TenantCreate(
            tenant_id=tenant_id, name=name or tenant_id.title(), plan="pro", contact_email="ops@x.example"
        )
        async with self.database.write(SYSTEM) as tx:
            requested = await tenants.request_tenant(tx, command)
            await tenants.note_applied(tx, tenant_id, requested.generation)

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

    async def enrol(self, user_id: UUID) -> str:
        """The secret of a new second factor."""
        secret = pyotp.random_base32()
        async with self.database.write(SYSTEM) as tx:
            await identity.enrol(tx, user_id, secret, self.app.state.sessions.factors)
        return secret

    def otp(self, secret: str, steps: int = 0) -> str:
        """The code of now, or of so many steps later."""
        return totp.code_of(secret, totp.step_of(self.clock()) + steps)

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
        secret = await self.enrol(await self.add_user(ROOT_EMAIL, is_super_admin=True))
        return bearer((await self.sign_in(ROOT_EMAIL, otp=self.otp(secret)))["token"])

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

    async def pass_time(self, seconds: float) -> None:
        """For what the reconciler waits for. Not the clock: tokens between the planes would come from the future."""
        since = f"- make_interval(secs => {seconds})"
        await self.execute(f"update tenants set next_try_at = next_try_at {since}, delete_after = delete_after {since}")
        await self.execute(f"update operations set lease_until = lease_until {since}")
        await self.execute(f"update operation_steps set deadline_at = deadline_at {since}")

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


def control_plane(
    admin_url: str, password_hash: str, tenant_plane: httpx.AsyncClient | None = None, **changes: Any
) -> ControlPlane:
    """``changes``: settings that differ from those of most tests."""
    plane, dedicated, clock = FakeTenantPlane(), FakeTenantPlane(is_dedicated=True), MovableClock()
    tenant_plane = tenant_plane or httpx.AsyncClient(
        transport=httpx.ASGITransport(app=plane.app()), base_url="http://tenant-plane"
    )
    dedicated_planes = httpx.AsyncClient(transport=httpx.ASGITransport(app=dedicated.app()))
    known = {"dedicated_planes": {"acme": "http://acme-plane"}, "delete_grace_days": 30}
    settings = settings_for(admin_url, **{**known, **changes})
    app = create_app(settings, tenant_plane=tenant_plane, dedicated_planes=dedicated_planes, clock=clock)
    client = httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://control-plane")
    plane.keys = dedicated.keys = client
    return ControlPlane(app, client, app.state.database, plane, dedicated, clock, password_hash)


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def claims_of(token: str) -> dict[str, Any]:
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return claims
