"""``/scim/v2``: SCIM's own content type, errors and query language, so beside our operations and not among them.

One route for everything below, so that a wrong path or method is a SCIM error too.
"""

import json
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter, ValidationError
from scim2_models import (
    URI,
    Context,
    Error,
    InvalidFilterException,
    InvalidSyntaxException,
    InvalidValueException,
    ListResponse,
    NotFoundException,
    PatchOp,
    Reference,
    ResponseParameters,
    SCIMException,
    ScimFilter,
    SearchRequest,
)
from scim2_models.path import CompareOperator, Comparison, FilterNode, LogicalExpr, ValuePath
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from control_plane.core.permissions import Permission
from control_plane.scim import discovery, service
from control_plane.scim.errors import (
    AccountElsewhere,
    NoAddress,
    ScimTokenInvalid,
    ScimUserNotFound,
    UnknownRole,
    UserNameTaken,
)
from control_plane.scim.rules import Lookup
from control_plane.scim.schemas import POLICY, ScimPage, ScimUser
from shared.database import runs_twice
from shared.errors import AppError, TooLarge
from shared.fields import Text
from shared.tx import ANONYMOUS, Actor, Tenant
from shared.web.rest import Edge, arriving

PREFIX = "/scim/v2"
CONTENT_TYPE = "application/scim+json"
MOST_BYTES = 256 * 1024
MOST_CHARACTERS = 1000
REQUESTS_PER_MINUTE = 1000
PROJECTIONS = ("attributes", "excludedAttributes")
STORABLE: TypeAdapter[str] = TypeAdapter(Text)
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"]
PERMISSIONS = frozenset({Permission.MEMBERS_PROVISION, Permission.MEMBERS_MANAGE})
SCIM_TYPES: dict[type[AppError], str] = {
    AccountElsewhere: "uniqueness",
    NoAddress: "invalidValue",
    UnknownRole: "invalidValue",
    UserNameTaken: "uniqueness",
}


@dataclass(frozen=True, slots=True)
class _Call:
    """One request that has shown a valid token."""

    edge: Edge
    actor: Actor
    request: Request
    parts: Sequence[str]
    """Of the path, below the prefix."""

    @property
    def base_url(self) -> str:
        return base_url(self.request)

    async def body(self) -> Any:
        content = bytearray()
        async for chunk in arriving(self.request):
            content += chunk
            if len(content) > MOST_BYTES:
                raise TooLarge(f"The body is larger than {MOST_BYTES:,} bytes.")
        try:
            body = json.loads(content)
            for text in _texts(body):
                STORABLE.validate_python(text)
        except ValidationError:
            raise InvalidValueException(detail="A text holds a character that can't be stored.") from None
        except (ValueError, RecursionError):  # the latter: ten thousand brackets
            raise InvalidSyntaxException(detail="The body is not JSON.") from None
        return body


TOO_MANY = 429
Handler = Callable[[_Call], Awaitable[Response]]


def scim_routes(edge: Edge) -> list[Route]:
    async def endpoint(request: Request) -> Response:
        try:
            return await _answer(edge, request)
        except (AppError, SCIMException, ValidationError) as refusal:
            error, headers = _said(refusal)
        try:
            await _note_refusal(edge, request, error)
        except AppError as failure:
            error, headers = _said(failure)
        return _error(error, headers)

    return [Route(path, endpoint, methods=METHODS) for path in (PREFIX, f"{PREFIX}/{{rest:path}}")]


def base_url(request: Request) -> str:
    """What a directory must be told; ``OPSPLANE_PUBLIC_URL``, else what was asked for."""
    configured: str | None = request.app.state.public_url
    return f"{configured or str(request.base_url).rstrip('/')}{PREFIX}"


async def _answer(edge: Edge, request: Request) -> Response:
    actor = await _authenticated(edge, request)
    request.scope["actor"] = actor
    await edge.limiter.check(request, actor, spend=True)
    async with edge.database.write(actor) as tx:
        await service.note_use(tx)
    call = _Call(edge, actor, request, [part for part in request.url.path.removeprefix(PREFIX).split("/") if part])
    method, methods = "GET" if request.method == "HEAD" else request.method, _methods(call.parts)
    if not methods:
        raise NotFoundException
    if method not in methods:
        allowed = ", ".join(sorted(methods))
        error = Error(status=405, detail=f"{request.method} is not possible here; {allowed} is.")
        return _error(error, {"allow": allowed})
    return await methods[method](call)


async def _authenticated(edge: Edge, request: Request) -> Actor:
    """Guesses are counted by address, as everywhere."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    try:
        if scheme.lower() != "bearer" or not token.strip():
            raise ScimTokenInvalid
        async with edge.database.read(ANONYMOUS) as tx:
            tenant_id = await service.find_directory(tx, token.strip())
    except ScimTokenInvalid:
        await edge.limiter.check(request, ANONYMOUS, spend=True)
        raise
    return Actor(
        id=f"scim:{tenant_id}",
        kind="api_key",
        name="SCIM directory",
        role="scim",
        permissions=PERMISSIONS,
        tenant=Tenant(id=tenant_id, schema=""),
        requests_per_minute=REQUESTS_PER_MINUTE,
    )


async def _list_users(call: _Call) -> Response:
    return await _found(
        call, SearchRequest[ScimUser].model_validate(dict(call.request.query_params), scim_policy=POLICY)
    )


async def _search_users(call: _Call) -> Response:
    """RFC 7644, 3.4.3: the same with the query in the body, where no log sees it."""
    body = await call.body()
    return await _found(
        call, SearchRequest[ScimUser].model_validate(body, scim_ctx=Context.SEARCH_REQUEST, scim_policy=POLICY)
    )


async def _found(call: _Call, search: SearchRequest[ScimUser]) -> Response:
    async with call.edge.database.read(call.actor) as tx:
        if search.filter is None:
            page = await service.list_users(tx, search.start_index, search.count)
        else:
            page = await service.find_users(tx, *_lookup(str(search.filter)))
    return _page(call, page, search)


async def _create_user(call: _Call) -> Response:
    user = ScimUser.model_validate(await call.body(), scim_ctx=Context.RESOURCE_CREATION_REQUEST, scim_policy=POLICY)

    async def write() -> ScimUser:
        async with call.edge.database.write(call.actor) as tx:
            return await service.create_user(tx, user)

    return _one(call, await runs_twice(write), Context.RESOURCE_CREATION_RESPONSE, status=201)


async def _get_user(call: _Call) -> Response:
    async with call.edge.database.read(call.actor) as tx:
        user = await service.get_user(tx, _user_id(call))
    return _one(call, user, Context.RESOURCE_QUERY_RESPONSE)


async def _replace_user(call: _Call) -> Response:
    user = ScimUser.model_validate(await call.body(), scim_ctx=Context.RESOURCE_REPLACEMENT_REQUEST, scim_policy=POLICY)

    async def write() -> ScimUser:
        async with call.edge.database.write(call.actor) as tx:
            return await service.replace_user(tx, _user_id(call), user)

    return _one(call, await runs_twice(write), Context.RESOURCE_REPLACEMENT_RESPONSE)


async def _patch_user(call: _Call) -> Response:
    patch = PatchOp[ScimUser].model_validate(
        await call.body(), scim_ctx=Context.RESOURCE_PATCH_REQUEST, scim_policy=POLICY
    )

    async def write() -> ScimUser:
        async with call.edge.database.write(call.actor) as tx:
            return await service.patch_user(tx, _user_id(call), patch)

    return _one(call, await runs_twice(write), Context.RESOURCE_PATCH_RESPONSE)


async def _delete_user(call: _Call) -> Response:
    async def write() -> None:
        async with call.edge.database.write(call.actor) as tx:
            await service.delete_user(tx, _user_id(call))

    await runs_twice(write)
    return Response(status_code=204)


async def _discover(call: _Call) -> Response:
    found = discovery.documents(call.base_url, call.parts)
    if found is None:
        raise NotFoundException
    return _json(found)


USERS: dict[str, Handler] = {"GET": _list_users, "POST": _create_user}
USER: dict[str, Handler] = {"GET": _get_user, "PUT": _replace_user, "PATCH": _patch_user, "DELETE": _delete_user}
SEARCH: dict[str, Handler] = {"POST": _search_users}
DISCOVERY: dict[str, Handler] = {"GET": _discover}


def _methods(parts: Sequence[str]) -> dict[str, Handler]:
    if list(parts) in (["Users", ".search"], [".search"]):  # users are all that there is
        return SEARCH
    if parts[:1] == ["Users"]:
        return {1: USERS, 2: USER}.get(len(parts), {})
    return DISCOVERY if parts and parts[0] in discovery.COLLECTIONS else {}


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (list, dict)):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _texts(inner)


def _user_id(call: _Call) -> UUID:
    try:
        return UUID(call.parts[1])
    except ValueError:
        raise ScimUserNotFound from None


def _lookup(expression: str) -> tuple[Lookup, str]:
    """``userName eq "ana"``, ``emails[type eq "work"].value eq "…"`` and the like. Raises InvalidFilterException."""
    node: FilterNode = ScimFilter[ScimUser](expression).ast
    inside = ""
    if isinstance(node, ValuePath) and isinstance(node.val_filter, LogicalExpr):
        inside, node = f"{node.attr_path}.", node.val_filter.terms[-1]
    if isinstance(node, Comparison) and node.op is CompareOperator.eq and isinstance(node.value, str):
        name = f"{inside}{node.attr_path}".lower().removeprefix(f"{ScimUser.__schema__}:".lower())
        name = "emails.value" if name == "emails" else name
        if name in set(Lookup) and len(node.value) <= MOST_CHARACTERS:
            return Lookup(name), node.value
    raise InvalidFilterException(detail=f"Only {', '.join(Lookup)} can be looked for, and only with eq.")


def _located(call: _Call, user: ScimUser) -> ScimUser:
    if user.meta is not None:
        user.meta.location = Reference[URI](f"{call.base_url}/Users/{user.id}")
    return user


def _one(call: _Call, user: ScimUser, context: Context, status: int = 200) -> Response:
    shown = _located(call, user).model_dump(scim_ctx=context, response_parameters=_parameters(call.request))
    headers = {"location": shown["meta"]["location"]} if status == 201 and "meta" in shown else {}
    return _json(shown, status, headers)


def _page(call: _Call, page: ScimPage, search: SearchRequest[ScimUser]) -> Response:
    answer = ListResponse[ScimUser](
        total_results=page.total,
        start_index=page.start_index,
        items_per_page=len(page.users),
        resources=[_located(call, user) for user in page.users],
    )
    return _json(answer.model_dump(scim_ctx=Context.RESOURCE_QUERY_RESPONSE, response_parameters=search))


def _parameters(request: Request) -> ResponseParameters[ScimUser]:
    asked = {name: request.query_params[name] for name in PROJECTIONS if name in request.query_params}
    return ResponseParameters[ScimUser].model_validate(asked, scim_policy=POLICY)


async def _note_refusal(edge: Edge, request: Request, error: Error) -> None:
    """For the tenant's admins; a failure of ours is none, nor is a request that showed no valid token, nor one that
    came too often: its refusal must not cost more than its answer.
    """
    actor: Actor | None = request.scope.get("actor")
    if actor is None or error.status == TOO_MANY or (error.status or 500) >= 500:
        return
    async with edge.database.write(actor) as tx:
        asked = f"{request.method} {request.url.path.removeprefix(PREFIX)}"
        await service.note_refusal(tx, asked, error.detail or f"status {error.status}")


def _said(refusal: AppError | SCIMException | ValidationError) -> tuple[Error, dict[str, str]]:
    """The error in SCIM's own form, and its headers."""
    if isinstance(refusal, SCIMException):
        return refusal.to_error(), {}
    if isinstance(refusal, ValidationError):
        return Error.from_validation_errors(refusal)[0], {}
    headers = {} if refusal.retry_after_seconds is None else {"retry-after": str(refusal.retry_after_seconds)}
    if refusal.status == 401:
        headers["www-authenticate"] = "Bearer"
    status = 400 if refusal.status == 422 else refusal.status
    return Error(status=status, scim_type=SCIM_TYPES.get(type(refusal)), detail=refusal.detail), headers


def _error(error: Error, headers: Mapping[str, str] | None = None) -> Response:
    return _json(error.model_dump(), error.status or 500, headers)


def _json(content: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(json.dumps(content), status, dict(headers or {}), CONTENT_TYPE)
