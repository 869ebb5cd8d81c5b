"""``/healthz`` the process runs; ``/readyz`` it can do its work; ``/health`` both in words; ``/metrics`` for
Prometheus: on this machine, or with OPSPLANE_METRICS_TOKEN as its bearer token.
"""

import json
import secrets
from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from shared.errors import AppError, Unauthorized
from shared.fields import rfc3339
from shared.tx import utc_now
from shared.web.render import JSON

Check = Callable[[], Awaitable[None]]
"""Returns when the thing works; raises an AppError, or OSError, when it does not."""
LOOPBACK = ("127.0.0.1", "::1")


class MetricsSettings(BaseSettings):
    """The same for every process of an installation: planes, worker, web."""

    model_config = SettingsConfigDict(env_prefix="OPSPLANE_", extra="ignore")

    metrics_token: Annotated[SecretStr, Field(min_length=16)] | None = None


def health_routes(checks: Mapping[str, Check]) -> list[Route]:
    metrics_token = MetricsSettings().metrics_token

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

    async def metrics(request: Request) -> Response:
        _require_prometheus(request, metrics_token)
        return Response(generate_latest(), 200, media_type=CONTENT_TYPE_LATEST)

    return [
        Route("/healthz", healthz),
        Route("/readyz", readyz),
        Route("/health", health),
        Route("/metrics", metrics),
    ]


def _require_prometheus(request: Request, token: SecretStr | None) -> None:
    """How busy an installation is, is for those who run it. Raises Unauthorized."""
    if request.client is not None and request.client.host in LOOPBACK:
        return
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    wanted = "" if token is None else token.get_secret_value()
    is_right = secrets.compare_digest(given.strip().encode(), wanted.encode())
    if scheme.lower() != "bearer" or not wanted or not is_right:
        raise Unauthorized(
            "Metrics are for this machine, and for whoever has OPSPLANE_METRICS_TOKEN as a bearer token."
        )


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
