"""``/internal``: what only the control plane may ask. Not routed from outside; guarded all the same."""

from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from shared.contracts.archive import ExportNote
from shared.contracts.impersonations import Impersonation
from shared.contracts.tenants import TenantId, TenantWanted
from shared.errors import Invalid, NotFound, Unauthorized
from shared.tokens import Verifier
from shared.tx import Actor, Clock
from shared.web.operations import MAX_BODY_BYTES
from shared.web.rest import whole_body
from tenant_plane.core.archive import Archives
from tenant_plane.core.archive_door import TenantExported, archive_routes
from tenant_plane.core.directory import TenantDirectory
from tenant_plane.core.provision import Provisioner
from tenant_plane.core.tenancy import TenantDatabase, system_actor
from tenant_plane.impersonations import service as impersonations
from tenant_plane.reports import fleet_health, usage_report


class UsageQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    since: date
    after: str = ""


TENANT_ID: TypeAdapter[str] = TypeAdapter(TenantId)
USAGE_QUERY = TypeAdapter(UsageQuery)
T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, kw_only=True)
class Inside:
    """What stands behind the routes."""

    engine: AsyncEngine
    database: TenantDatabase
    directory: TenantDirectory
    provisioner: Provisioner
    archives: Archives
    verifier: Verifier
    clock: Clock

    async def authenticate(self, request: Request) -> None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            raise Unauthorized("This needs the control plane's token.")
        await self.verifier.verify(token)

    async def called(self, request: Request) -> str:
        """The tenant_id that the control plane asks about; in a pinned plane, its own only."""
        await self.authenticate(request)
        tenant_id = _valid(TENANT_ID, request.path_params["tenant_id"])
        self.directory.require_served(tenant_id)
        return tenant_id

    async def told(self, tenant_id: str) -> Actor:
        """Who writes down in the tenant what the control plane tells. Raises NotFound."""
        tenant = await self.directory.find(tenant_id)
        if tenant is None:
            raise NotFound("There is no such tenant here.")
        return system_actor(tenant, "control plane")


def internal_routes(inside: Inside) -> list[Route]:
    async def tenant(request: Request) -> Response:
        tenant_id = await inside.called(request)
        try:
            if request.method == "DELETE":
                await inside.provisioner.drop(tenant_id)
                return Response(status_code=204)
            wanted = await _body(request, TenantWanted)
            return _json(await inside.provisioner.ensure(tenant_id, wanted))
        finally:
            inside.directory.forget(tenant_id)

    async def usage(request: Request) -> Response:
        await inside.authenticate(request)
        query = _valid(USAGE_QUERY, dict(request.query_params))
        return _json(await usage_report(inside.database, inside.directory, query.since, query.after))

    async def fleet(request: Request) -> Response:
        await inside.authenticate(request)
        return _json(await fleet_health(inside.engine, inside.directory, inside.clock()))

    return [
        Route("/internal/tenants/{tenant_id}", tenant, methods=["PUT", "DELETE"]),
        _impersonation_route(inside),
        Route("/internal/usage", usage, methods=["GET"]),
        Route("/internal/fleet", fleet, methods=["GET"]),
        _export_note_route(inside),
        *archive_routes(inside.archives, inside.called),
    ]


def _impersonation_route(inside: Inside) -> Route:
    async def impersonation(request: Request) -> Response:
        tenant_id = await inside.called(request)
        told = await _body(request, Impersonation)
        if str(told.id) != request.path_params["impersonation_id"]:
            raise Invalid("The path names another impersonation than the body.")
        async with inside.database.write(await inside.told(tenant_id)) as tx:
            await impersonations.note_impersonation(tx, told)
        inside.directory.forget(tenant_id)
        return Response(status_code=204)

    return Route("/internal/tenants/{tenant_id}/impersonations/{impersonation_id}", impersonation, methods=["PUT"])


def _export_note_route(inside: Inside) -> Route:
    async def note(request: Request) -> Response:
        tenant_id = await inside.called(request)
        told = await _body(request, ExportNote)
        async with inside.database.write(await inside.told(tenant_id)) as tx:
            tx.record(TenantExported(tenant_id=tenant_id, **told.model_dump()))
        return Response(status_code=204)

    return Route("/internal/tenants/{tenant_id}/export", note, methods=["POST"])


def _valid(adapter: TypeAdapter[T], value: object) -> T:
    try:
        return adapter.validate_python(value)
    except ValidationError as error:
        raise Invalid(str(error.errors()[0]["msg"])) from None


async def _body(request: Request, model: type[M]) -> M:
    try:
        return model.model_validate_json(await whole_body(request, MAX_BODY_BYTES))
    except ValidationError as error:
        raise Invalid(str(error.errors()[0]["msg"])) from None


def _json(answer: BaseModel) -> Response:
    return Response(answer.model_dump_json(), media_type="application/json")
