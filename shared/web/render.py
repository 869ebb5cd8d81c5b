"""One typed answer, three shapes. Handlers know nothing of it.

``atlas``  {"data": …}; a list's data is {"items", "total", "limit", "offset", "next_cursor"}. The default.
``k8s``    {"apiVersion", "kind", "metadata", "items"}; one object carries its fields as both ``spec`` and ``status``.
``bare``   the plural key with ``count``, ``total`` and ``page_token``; one object under its singular key, or as it is.

``vendor`` an answer as the API says it that this mount stands in for: without an envelope, nulls left out.

Chosen by ``?profile=``, then ``Accept: application/vnd.k8s+json``, then the API key's own profile, then the mount's
default. A vendor's mount speaks its one language to everybody.
"""

import json
from typing import Any

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from shared.errors import Invalid
from shared.pages import Page
from shared.web.operations import Operation

PROFILES = ("atlas", "k8s", "bare")
VENDOR = "vendor"
JSON = "application/json"


def profile_of(request: Request, default: str = "atlas") -> str:
    if default == VENDOR:
        return VENDOR
    asked = request.query_params.get("profile")
    if asked is not None:
        if asked not in PROFILES:
            raise Invalid(f"query.profile: must be one of {', '.join(PROFILES)}.")
        return asked
    if "application/vnd.k8s+json" in request.headers.get("accept", ""):
        return "k8s"
    actor = request.scope.get("actor")
    return (actor.profile if actor is not None else None) or default


def response(operation: Operation, request: Request, result: Any) -> Response:
    if isinstance(result, Response):
        return result
    if operation.returns is None:
        return Response(status_code=operation.status)
    profile = profile_of(request, operation.profile)
    status = request.scope.get("answer_status", operation.status)
    headers = {"etag": f'"{result.version}"'} if hasattr(result, "version") else None
    # The result is already typed: serialising it again through its adapter checks nothing a second time.
    if profile == "atlas":
        body = b'{"data":' + operation.returns.dump_json(result, by_alias=True) + b"}"
    elif profile == VENDOR:
        body = operation.returns.dump_json(result, by_alias=True, exclude_none=True)
    else:
        shape = _k8s if profile == "k8s" else _bare
        plain = operation.returns.dump_python(result, mode="json", by_alias=True)
        body = json.dumps(shape(operation, result, plain), ensure_ascii=False).encode()
    return Response(body, status, headers, JSON)


def _k8s(operation: Operation, result: Any, plain: Any) -> dict[str, Any]:
    if isinstance(result, Page):
        page = result.offset // result.limit + 1
        metadata: dict[str, Any] = {"totalCount": result.total, "page": page, "pageSize": result.limit}
        if result.next_cursor:
            metadata["continue"] = result.next_cursor
        return {"apiVersion": "v1", "kind": f"{operation.kind}List", "metadata": metadata, "items": plain["items"]}
    if not isinstance(plain, dict):
        return {"apiVersion": "v1", "kind": operation.kind, "metadata": {}, "spec": plain, "status": plain}
    metadata = {
        "name": plain.get("reference") or plain.get("name") or plain.get("id"),
        "uid": plain.get("id"),
        "creationTimestamp": plain.get("created_at"),
        "labels": plain.get("labels"),
    }
    present = {key: value for key, value in metadata.items() if value is not None}
    return {"apiVersion": "v1", "kind": operation.kind, "metadata": present, "spec": plain, "status": plain}


def _bare(operation: Operation, result: Any, plain: Any) -> Any:
    if isinstance(result, Page):
        body = {operation.plural: plain["items"], "count": len(plain["items"]), "total": result.total}
        return {**body, "page_token": result.next_cursor}
    singular = operation.plural.removesuffix("s")
    return {singular: plain} if isinstance(result, BaseModel) and hasattr(result, "id") else plain
