"""The web frontend as a process of its own, with the API's documentation: what is left of the origin in a cluster.

``python -m infra.local.web``; OPSPLANE_HOST and OPSPLANE_WEB_PORT choose where.
"""

import asyncio
import os
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Mount

from infra.local.options import ROOT
from infra.local.origin import document
from infra.local.static import Frontend
from shared.logs import configure_logs
from shared.web import docs, openapi
from shared.web.errors import HANDLERS
from shared.web.health import health_routes
from shared.web.middleware import RequestMiddleware
from shared.web.ratelimit import RateLimiter
from shared.web.serve import serve


def create_web(frontend: Path) -> Starlette:
    """``frontend`` is the built one."""
    return Starlette(
        routes=[
            *health_routes({}),
            *docs.docs_routes(lambda: openapi.encode(document())),
            Mount("/", Frontend(frontend)),
        ],
        middleware=[Middleware(RequestMiddleware, limiter=RateLimiter())],
        exception_handlers=HANDLERS,
    )


if __name__ == "__main__":
    configure_logs()
    asyncio.run(
        serve(
            create_web(ROOT / "frontend" / "dist"),
            os.environ.get("OPSPLANE_HOST", "127.0.0.1"),
            int(os.environ.get("OPSPLANE_WEB_PORT", "8080")),
        )
    )
