"""REST on Starlette: requests are bound to the operations' handlers, their answers rendered, their errors shaped.

What a handler may take and return stands in ``operations.py``. Why our own layer:
infra/docs/decisions/0002-endpoint-layer.md.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args, get_origin
from urllib.parse import parse_qsl

from pydantic import BaseModel, ValidationError
from pydantic_core import from_json
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from shared.database import runs_twice
from shared.errors import AppError, BadRequest, FieldError, Forbidden, Invalid, MethodNotAllowed, TooLarge, Unauthorized
from shared.tx import ANONYMOUS, Actor, Database
from shared.web import idempotency, ratelimit, render
from shared.web.operations import Operation
from shared.web.refusals import Refusals

BODY_SECONDS = 30
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
ETAG = re.compile(r'^(?:W/)?"?(\d{1,18})"?$')


@dataclass(frozen=True, kw_only=True)
class Edge:
    """What a plane gives its endpoints: who is calling, where the data is, how often they may call."""

    database: Database
    authenticate: Callable[[Request, Operation], Awaitable[Actor]]
    limiter: ratelimit.RateLimiter
    refusals: Refusals | None = None


def routes(operations: Sequence[Operation], edge: Edge) -> list[Route]:
    """One route per path, so that a wrong method is a 405 with the whole Allow header."""
    by_path: dict[str, dict[str, Operation]] = {}
    for operation in sorted(operations, key=lambda o: o.sort_key):
        by_path.setdefault(operation.path, {})[operation.method] = operation
    return [_route(path, methods, edge) for path, methods in by_path.items()]


def _route(path: str, methods: Mapping[str, Operation], edge: Edge) -> Route:
    allowed = sorted({*methods, *(["HEAD"] if "GET" in methods else [])})

    async def endpoint(request: Request) -> Response:
        operation = methods.get("GET" if request.method == "HEAD" else request.method)
        if operation is None:
            request.scope["response_headers"] = {"allow": ", ".join(allowed)}
            raise MethodNotAllowed(f"{request.method} is not possible here; {', '.join(allowed)} is.")
        request.scope["operation"] = operation
        try:
            return await _answer(operation, edge, request)
        except Forbidden as error:
            if edge.refusals is not None:
                await edge.refusals.keep_call(request, operation, error)
            raise

    # Every method reaches us: Starlette's own 405 would not carry the error shape.
    return Route(path, endpoint, methods=["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUERY"])


async def _answer(operation: Operation, edge: Edge, request: Request) -> Response:
    if operation.key_field is not None:
        request.scope["body"] = await whole_body(request, operation.max_body_bytes)
        request.scope["key_in_body"] = _text_in(request.scope["body"], operation.key_field)
    actor = ANONYMOUS if operation.access == "public" else await _authenticated(operation, edge, request)
    request.scope["actor"] = actor
    await edge.limiter.check(request, actor, spend=operation.is_rate_limited)
    render.profile_of(request, operation.profile)  # an unknown one is refused before anything is stored
    arguments, raw = await _arguments(operation, request, actor)
    if "tx" not in operation.hints:
        return render.response(operation, request, await operation.handler(**arguments))
    if not operation.writes:
        async with edge.database.read(actor) as tx:
            return render.response(operation, request, await operation.handler(tx=tx, **arguments))
    key = idempotency.key_of(request) if operation.idempotent else None

    async def write() -> Response:
        async with edge.database.write(actor) as tx:
            if key is None:
                return render.response(operation, request, await operation.handler(tx=tx, **arguments))
            call = idempotency.Call.of(request, actor, key, raw)
            if (stored := await idempotency.claim(tx, call)) is not None:
                return stored
            response = render.response(operation, request, await operation.handler(tx=tx, **arguments))
            await idempotency.keep(tx, call, response)
            return response

    return await runs_twice(write)


async def _authenticated(operation: Operation, edge: Edge, request: Request) -> Actor:
    """Whoever tries credentials is counted by address, so that guessing is slow; ingest routes refuse nobody for it."""
    try:
        return await edge.authenticate(request, operation)
    except Unauthorized:
        await edge.limiter.check(request, ANONYMOUS, spend=operation.is_rate_limited)
        raise


def _text_in(body: bytes, field: str) -> str | None:
    try:
        value = from_json(body.removeprefix(BYTE_ORDER_MARK))
    except ValueError:
        return None
    found = value.get(field) if isinstance(value, dict) else None
    return found.strip() if isinstance(found, str) else None


async def _arguments(operation: Operation, request: Request, actor: Actor) -> tuple[dict[str, Any], bytes]:
    hints, raw = operation.hints, b""
    offered = {"actor": actor, "request": request, "stream": arriving(request)}
    arguments: dict[str, Any] = {name: value for name, value in offered.items() if name in hints}
    if "if_match" in hints:
        arguments["if_match"] = _if_match(request)
    if "body" in request.scope:
        raw = request.scope["body"]
    elif operation.takes_body:
        raw = await whole_body(request, operation.max_body_bytes)
    if "raw" in hints:
        arguments["raw"] = raw
    where = "path"
    try:
        for name, adapter in operation.path_adapters.items():
            where = f"path.{name}"
            arguments[name] = adapter.validate_python(request.path_params[name])
        where = "query"
        if operation.query is not None:
            arguments["query"] = operation.query.model_validate(_query(operation.query, request.scope["query_string"]))
        where = "body"
        if operation.body is not None:
            arguments["body"] = operation.body.validate_json(raw or b"{}")
    except ValidationError as error:
        raise _invalid(where, error) from None
    return arguments, raw


def _query(model: type[BaseModel], query_string: bytes) -> dict[str, Any]:
    """``?status=a&status=b`` and ``?status=a,b`` both fill a list field; ``profile`` belongs to the renderer."""
    lists = {info.alias or name for name, info in model.model_fields.items() if _is_list(info.annotation)}
    values: dict[str, Any] = {}
    for name, value in parse_qsl(query_string.decode("latin-1"), keep_blank_values=True):
        if name in lists:
            values.setdefault(name, []).extend(part for part in value.split(",") if part)
        elif name != "profile":
            values[name] = value
    return values


def _is_list(annotation: Any) -> bool:
    return any(get_origin(candidate) is list for candidate in (annotation, *get_args(annotation)))


def _invalid(where: str, error: ValidationError) -> AppError:
    details = error.errors(include_url=False, include_context=False, include_input=False)
    if details[0]["type"] == "json_invalid":
        return BadRequest("The body is not valid JSON: " + details[0]["msg"].removeprefix("Invalid JSON: "))
    errors = [
        FieldError(field=".".join(str(part) for part in (where, *detail["loc"])), message=detail["msg"])
        for detail in details
    ]
    first = f"{errors[0].field}: {errors[0].message}"
    return Invalid(first if len(errors) == 1 else f"{len(errors)} fields are wrong; {first}", errors=errors)


def _if_match(request: Request) -> int | None:
    header = request.headers.get("if-match")
    if header is None or header.strip() == "*":
        return None
    found = ETAG.match(header.strip())
    if found is None:
        raise BadRequest('If-Match must be the ETag of an earlier answer, for example "3".')
    return int(found[1])


async def whole_body(request: Request, limit: int) -> bytes:
    """At most ``limit`` bytes. Whoever falls silent, or goes, is refused as a bad request."""
    chunks, size = [], 0
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.stream():
                size += len(chunk)
                if size > limit:
                    raise TooLarge(f"The body is larger than {limit:,} bytes.")
                chunks.append(chunk)
    except TimeoutError:
        raise BadRequest(f"The body did not arrive within {BODY_SECONDS} s.") from None
    except ClientDisconnect:
        raise BadRequest("The connection closed before the whole body arrived.") from None
    return b"".join(chunks)


async def arriving(request: Request, silent_seconds: float = BODY_SECONDS) -> AsyncIterator[bytes]:
    """A long body as it comes. Whoever falls silent for so long, or goes, holds nothing up."""
    stream = request.stream()
    try:
        while True:
            async with asyncio.timeout(silent_seconds):
                chunk = await anext(stream, None)
            if chunk is None:
                return
            yield chunk
    except TimeoutError:
        raise BadRequest(f"Nothing came for {silent_seconds} s before the end of the body.") from None
    except ClientDisconnect:
        raise BadRequest("The connection closed before the whole body arrived.") from None
