"""``/internal``: what only the control plane may ask. Not routed from outside; guarded all the same."""

from pydantic import TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from shared.contracts.tenants import TenantId, TenantWanted
from shared.errors import Invalid, Unauthorized
from shared.tokens import Verifier
from tenant_plane.core.provision import Provisioner

TENANT_ID: TypeAdapter[str] = TypeAdapter(TenantId)


def internal_routes(provisioner: Provisioner, verifier: Verifier) -> list[Route]:
    async def put_tenant(request: Request) -> Response:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            raise Unauthorized("This needs the control plane's token.")
        await verifier.verify(token)
        try:
            tenant_id = TENANT_ID.validate_python(request.path_params["tenant_id"])
            wanted = TenantWanted.model_validate_json(await request.body())
        except ValidationError as error:
            raise Invalid(str(error.errors()[0]["msg"])) from None
        actual = await provisioner.ensure(tenant_id, wanted)
        return Response(actual.model_dump_json(), media_type="application/json")

    return [Route("/internal/tenants/{tenant_id}", put_tenant, methods=["PUT"])]
