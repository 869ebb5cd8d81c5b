"""What happens around every request, in pure ASGI: trace id, version prefix, headers, log line, metrics, crash shape.

A BaseHTTPMiddleware would cost about 100 microseconds a request and break streaming; these few lines do not.
"""

import time
from typing import Any

import structlog
from prometheus_client import Counter, Histogram
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.trace import current_address, current_trace_id, trace_id_from
from shared.web.answers import Answers
from shared.web.errors import on_crash
from shared.web.ratelimit import RateLimiter

log = structlog.get_logger()
REQUESTS = Counter("opsplane_http_requests_total", "HTTP requests", ["method", "operation", "status"])
SECONDS = Histogram("opsplane_http_request_seconds", "Time to the end of the answer", ["operation"])
QUIET = frozenset({"/healthz", "/readyz", "/metrics"})
SECURITY_HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "x-frame-options": "DENY",
}


class RequestMiddleware:
    """The outermost layer of a plane. ``/api/v1/…`` is the same tree as ``/api/…``."""

    def __init__(self, app: ASGIApp, limiter: RateLimiter | None = None, answers: Answers | None = None) -> None:
        self.app = app
        self.limiter = limiter
        self.answers = answers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            return await self.app(scope, receive, send)
        scope["path"] = unversioned(scope["path"])
        trace_id = trace_id_from(Headers(scope=scope).get("traceparent"))
        token = current_trace_id.set(trace_id)
        client = scope.get("client")
        address = current_address.set(client[0] if client else None)
        try:
            if scope["type"] == "websocket":
                await self.app(scope, receive, send)
            else:
                await self._http(scope, receive, send, trace_id)
        finally:
            current_address.reset(address)
            current_trace_id.reset(token)

    async def _http(self, scope: Scope, receive: Receive, send: Send, trace_id: str) -> None:
        started, status = time.perf_counter(), 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                if self.limiter is not None:
                    self.limiter.note_headers(HTTPConnection(scope))
                headers = MutableHeaders(scope=message)
                headers["x-trace-id"] = trace_id
                for name, value in {**SECURITY_HEADERS, **scope.get("response_headers", {})}.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            await self.app(scope, receive, send_with_headers)
        except Exception as error:
            response = await on_crash(Request(scope), error)
            if status == 0:
                await response(scope, receive, send_with_headers)
        finally:
            _account(scope, status, time.perf_counter() - started)
            if self.answers is not None and scope["path"] not in QUIET:
                self.answers.note(status)


def unversioned(path: str) -> str:
    return "/api/" + path.removeprefix("/api/v1/") if path.startswith("/api/v1/") else path


def _account(scope: Scope, status: int, seconds: float) -> None:
    """Neither the query string (it may hold an ingest key) nor a tenant reaches the log line or a metric's labels."""
    operation: Any = scope.get("operation")
    name = operation.id if operation is not None else "other"
    REQUESTS.labels(scope["method"], name, status).inc()
    SECONDS.labels(name).observe(seconds)
    if scope["path"] in QUIET:
        return
    actor = scope.get("actor")
    log.info(
        "request",
        method=scope["method"],
        path=scope["path"],
        operation=name,
        status=status,
        ms=round(seconds * 1000, 1),
        actor=actor.id if actor is not None else None,
        tenant=actor.tenant.id if actor is not None and actor.tenant is not None else None,
    )
