"""Every refusal leaves in one shape: {"error", "code", "trace_id", "detail", "status_code"}; a 422 adds ``errors``."""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from shared.errors import AppError, FieldError
from shared.trace import current_trace_id
from shared.web.render import JSON, PROFILES

log = structlog.get_logger()
INTERNAL = "internal error"
K8S_STATUS = {"INVALID_TRANSITION": 409, "VALIDATION_ERROR": 400}
CODES = {404: "NOT_FOUND", 405: "METHOD_NOT_ALLOWED", 413: "PAYLOAD_TOO_LARGE"}


def body_of(status: int, code: str, detail: str, errors: list[FieldError] | None = None) -> dict[str, Any]:
    body = {"error": detail, "code": code, "trace_id": current_trace_id.get(), "detail": detail, "status_code": status}
    return {**body, "errors": [error.model_dump() for error in errors]} if errors else body


async def on_app_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, AppError)
    headers = {} if error.retry_after_seconds is None else {"retry-after": str(error.retry_after_seconds)}
    if error.status == 401:
        headers["www-authenticate"] = "Bearer"
    return refusal(request, error.status, error.code, error.detail, error.errors, headers)


async def on_http_error(request: Request, error: Exception) -> Response:
    """Starlette's own refusals: an unknown path, a broken form."""
    assert isinstance(error, HTTPException)
    code = CODES.get(error.status_code, "BAD_REQUEST" if error.status_code < 500 else "ERROR")
    detail = "Nothing here." if error.status_code == 404 else HTTPStatus(error.status_code).phrase
    return refusal(request, error.status_code, code, detail, None, error.headers or {})


async def on_crash(request: Request, error: Exception) -> Response:
    log.error("unexpected_error", path=request.url.path, exc_info=error)
    return refusal(request, 500, "ERROR", INTERNAL, None, {})


def refusal(
    request: Request, status: int, code: str, detail: str, errors: list[FieldError] | None, headers: Mapping[str, str]
) -> Response:
    body = body_of(status, code, detail, errors)
    if _wants_k8s(request):
        status = K8S_STATUS.get(code, status)
        body = {"apiVersion": "v1", "kind": "Error", "message": detail, **body, "status_code": status}
    return Response(json.dumps(body, ensure_ascii=False), status, dict(headers), JSON)


def _wants_k8s(request: Request) -> bool:
    asked = request.query_params.get("profile")
    if asked in PROFILES:
        return asked == "k8s"
    actor = request.scope.get("actor")
    return "application/vnd.k8s+json" in request.headers.get("accept", "") or getattr(actor, "profile", None) == "k8s"


HANDLERS = {AppError: on_app_error, HTTPException: on_http_error}
"""For Starlette. Crashes are caught further out, by ``RequestMiddleware``, which logs them once."""
