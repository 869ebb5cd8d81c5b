"""``/healthz`` the process runs; ``/readyz`` it can do its work; ``/health`` both in words; ``/metrics`` for
Prometheus.
"""

import json
from collections.abc import Awaitable, Callable, Mapping

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from shared.errors import AppError
from shared.fields import rfc3339
from shared.tx import utc_now
from shared.web.render import JSON

Check = Callable[[], Awaitable[None]]
"""Returns when the thing works; raises an AppError, or OSError, when it does not."""


def health_routes(checks: Mapping[str, Check]) -> list[Route]:
    async def healthz(_: Request) -> Response:
        return _json({"status": "ok", "timestamp": rfc3339(utc_now())}, 200)

    async def readyz(_: Request) -> Response:
        components = await _components(checks)
        ready = all(state == "ok" for state in components.values())
        body = {"status": "ready" if ready else "not ready", "timestamp": rfc3339(utc_now()), "components": components}
        return _json(body, 200 if ready else 503)

    async def health(_: Request) -> Response:
        components = await _components(checks)
        healthy = all(state == "ok" for state in components.values())
        return _json({"status": "ok" if healthy else "degraded", "components": components}, 200 if healthy else 503)

    async def metrics(_: Request) -> Response:
        return Response(generate_latest(), 200, media_type=CONTENT_TYPE_LATEST)

    return [
        Route("/healthz", healthz),
        Route("/readyz", readyz),
        Route("/health", health),
        Route("/metrics", metrics),
    ]


async def _components(checks: Mapping[str, Check]) -> dict[str, str]:
    states = {}
    for name, check in checks.items():
        try:
            await check()
            states[name] = "ok"
        except (AppError, OSError) as error:
            states[name] = str(error)
    return states


def _json(body: object, status: int) -> Response:
    return Response(json.dumps(body), status, media_type=JSON)
