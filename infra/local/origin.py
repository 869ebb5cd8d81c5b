"""One origin, two services: requests go to a plane by their path, everything else is the web frontend.

The same split as the Gateway's routes in a cluster (infra/k8s); the planes never overlap in paths.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Mount
from starlette.types import ASGIApp, Receive, Scope, Send

from control_plane import app as control
from infra.local.installation import Installation
from infra.local.static import Frontend
from shared.web import docs, openapi
from shared.web.errors import HANDLERS
from shared.web.health import Check, health_routes
from shared.web.middleware import RequestMiddleware, unversioned
from tenant_plane import app as tenant

CONTROL = (
    "/api/auth",
    "/api/tenants",
    "/api/plans",
    "/api/users",
    "/api/billing",
    "/api/demo",
    "/.well-known",
    "/scim",
)
TENANT = ("/api", "/graphql", "/ws", "/webhook", "/v2", "/generic")


def document() -> dict[str, object]:
    """The API of the whole origin."""
    return openapi.document(
        "Opsplane API",
        "1",
        "Alerts in, incidents out, and everything a responder does with them; tenants, users and plans beside it.",
        [*control.OPERATIONS, *tenant.OPERATIONS],
    )


def create_origin(installation: Installation, frontend: Path, checks: dict[str, Check]) -> Starlette:
    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with (
            installation.control.router.lifespan_context(installation.control),
            installation.tenant.router.lifespan_context(installation.tenant),
        ):
            yield

    own = Starlette(
        routes=[
            *health_routes(checks),
            *docs.docs_routes(lambda: openapi.encode(document())),
            Mount("/", Frontend(frontend)),
        ],
        middleware=[Middleware(RequestMiddleware, limiter=installation.control.state.limiter)],
        exception_handlers=HANDLERS,
    )
    origin = Starlette(lifespan=lifespan)
    # Not a Mount: its pattern has no match for a path with a line break, which would get Starlette's own 404.
    origin.router.default = Split(installation.control, installation.tenant, own)
    return origin


class Split:
    def __init__(self, control_app: ASGIApp, tenant_app: ASGIApp, own: ASGIApp) -> None:
        self._control = control_app
        self._tenant = tenant_app
        self._own = own

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = unversioned(scope["path"])
        if _below(path, CONTROL):
            await self._control(scope, receive, send)
        elif _below(path, TENANT):
            await self._tenant(scope, receive, send)
        else:
            await self._own(scope, receive, send)


def _below(path: str, prefixes: tuple[str, ...]) -> bool:
    return any(path == prefix or path.startswith(prefix + "/") for prefix in prefixes)
