"""Joins the domains' GraphQL types into one schema: context, loaders, limits, errors.

Every resolver opens its own short read, every mutation field its own write. A document is measured by hand before it
runs (tokens, depth, aliases, cost), and an error leaves with the same code as over REST; unexpected ones are logged
and masked.
"""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Annotated, Any, Generic, TypeVar

import strawberry
import structlog
from cross_web import HTTPException
from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLObjectType,
    IntValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
)
from pydantic import BaseModel, Field, ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.dataloader import DataLoader
from strawberry.exceptions import ConnectionRejectionError
from strawberry.extensions import MaskErrors, MaxTokensLimiter, SchemaExtension
from strawberry.schema.config import StrawberryConfig
from strawberry.subscriptions import GRAPHQL_TRANSPORT_WS_PROTOCOL
from strawberry.tools import merge_types
from strawberry.types.execution import ExecutionContext

from shared.errors import AppError, BadRequest, FieldError, Invalid, TooLarge
from shared.fields import rfc3339
from shared.pages import PageQuery
from shared.trace import current_trace_id
from shared.tx import ANONYMOUS, Actor, Database, ReadTx, WriteTx
from shared.web.errors import INTERNAL
from shared.web.operations import MAX_BODY_BYTES, Operation
from tenant_plane.core.actors import Actors
from tenant_plane.core.live import Hub

log = structlog.get_logger()
T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)
MOST_TOKENS = 2000
MOST_DEPTH = 8
MOST_ALIASES = 30
MOST_COST = 20_000
DEFAULT_FIRST = 50
"""The default of most ``first``."""


@dataclass
class GraphContext:
    """One per request or subscription. Loaders live as long as it does and are shared by nobody."""

    database: Database
    hub: Hub
    actors: Actors
    actor: Actor = ANONYMOUS
    connection_params: Any = None
    _loaders: dict[tuple[Any, ...], DataLoader[Any, Any]] = field(default_factory=dict)

    def read(self) -> AbstractAsyncContextManager[ReadTx]:
        return self.database.read(self.actor)

    def write(self) -> AbstractAsyncContextManager[WriteTx]:
        return self.database.write(self.actor)

    def loader(
        self, key: tuple[Any, ...], load: Callable[[list[Any]], Awaitable[Sequence[Any]]]
    ) -> DataLoader[Any, Any]:
        """The loader of one edge with one set of arguments: all its nodes of a request come in one statement."""
        if key not in self._loaders:
            self._loaders[key] = DataLoader(load_fn=load)
        return self._loaders[key]


Info = strawberry.Info[GraphContext, None]


@strawberry.type
class PageInfo:
    has_next_page: bool
    end_cursor: str | None


@strawberry.type
class Edge(Generic[T]):
    cursor: str
    node: T


@strawberry.type
class Connection(Generic[T]):
    edges: list[Edge[T]]
    page_info: PageInfo
    count: strawberry.Private[Callable[[], Awaitable[int]]]

    @strawberry.field
    async def total_count(self) -> int:
        """All that the filter lets through; counted only when asked for."""
        return await self.count()


def connection(
    nodes: Sequence[T], cursors: Sequence[str], next_cursor: str | None, count: Callable[[], Awaitable[int]]
) -> Connection[T]:
    edges = [Edge(cursor=cursor, node=node) for node, cursor in zip(nodes, cursors, strict=True)]
    info = PageInfo(has_next_page=next_cursor is not None, end_cursor=cursors[-1] if cursors else None)
    return Connection(edges=edges, page_info=info, count=count)


class PageAsked(BaseModel):
    """``first`` and ``after`` of a connection, checked as REST checks its page."""

    first: Annotated[int, Field(ge=1, le=1000)]
    after: Annotated[str, Field(max_length=500)] | None = None

    @property
    def query(self) -> PageQuery:
        return PageQuery(limit=self.first, cursor=self.after)


def validated(model: type[M], **values: object) -> M:
    """Arguments as the same Pydantic model that REST uses; raises Invalid with the paths of the wrong fields."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        errors = [
            FieldError(field=".".join(map(str, detail["loc"])), message=detail["msg"])
            for detail in error.errors(include_url=False, include_context=False, include_input=False)
        ]
        raise Invalid(f"{errors[0].field}: {errors[0].message}", errors=errors) from None


class TokenLimit(MaxTokensLimiter):
    def __init__(self) -> None:
        super().__init__(MOST_TOKENS)


class DocumentLimits(SchemaExtension):
    """Depth, aliases and cost in one walk over the document, after validation and before any resolver."""

    def on_execute(self) -> Iterator[None]:
        measure = Measure(self.execution_context)
        if measure.depth > MOST_DEPTH:
            raise too_much(f"The document is {measure.depth} levels deep; {MOST_DEPTH} are possible.")
        if measure.aliases > MOST_ALIASES:
            raise too_much(f"The document has {measure.aliases} aliases; {MOST_ALIASES} are possible.")
        if measure.cost > MOST_COST:
            raise too_much(f"The document costs {measure.cost}; {MOST_COST} is possible. Ask for fewer rows.")
        yield


class Measure:
    """Every field and every use of a fragment costs one, times ``first`` of each list around it. Introspection is free:
    it touches no data.
    """

    def __init__(self, context: ExecutionContext) -> None:
        document = context.graphql_document
        assert document is not None
        self._variables = dict(context.variables or {})
        self._lists = _lists_of(context.schema)
        definitions = document.definitions
        self._fragments = {d.name.value: d for d in definitions if isinstance(d, FragmentDefinitionNode)}
        self.depth = self.aliases = self.cost = 0
        for definition in definitions:
            if isinstance(definition, OperationDefinitionNode) and _is_asked(definition, context.operation_name):
                for variable in definition.variable_definitions or ():
                    if isinstance(variable.default_value, IntValueNode):
                        self._variables.setdefault(variable.variable.name.value, int(variable.default_value.value))
                self._walk(definition.selection_set, depth=1, times=1)

    def _walk(self, selections: SelectionSetNode | None, *, depth: int, times: int) -> None:
        # The limits themselves bound the walk: a fragment bomb is over one of them long before it is unfolded.
        if selections is None or self.depth > MOST_DEPTH or self.aliases > MOST_ALIASES or self.cost > MOST_COST:
            return
        for node in selections.selections:
            if isinstance(node, FragmentSpreadNode):
                self.cost += times  # fragments that use each other twice double with every level
                self._walk(self._fragments[node.name.value].selection_set, depth=depth, times=times)
            elif isinstance(node, FieldNode):
                if node.name.value.startswith("__"):
                    continue
                self.depth = max(self.depth, depth)
                self.aliases += node.alias is not None
                self.cost += times
                self._walk(node.selection_set, depth=depth + 1, times=times * self._first(node))
            else:
                self._walk(getattr(node, "selection_set", None), depth=depth, times=times)

    def _first(self, node: FieldNode) -> int:
        for argument in node.arguments or ():
            if argument.name.value == "first":
                if isinstance(argument.value, IntValueNode):
                    return max(1, int(argument.value.value))
                if isinstance(argument.value, VariableNode):
                    given = self._variables.get(argument.value.name.value)
                    return max(1, given) if isinstance(given, int) else DEFAULT_FIRST
        return self._lists.get(node.name.value, 1)


@cache
def _lists_of(schema: strawberry.Schema) -> dict[str, int]:
    """How many a list field gives when the document does not say: the default of its ``first``."""
    return {
        name: definition.args["first"].default_value or DEFAULT_FIRST
        for type_ in schema._schema.type_map.values()
        if isinstance(type_, GraphQLObjectType)
        for name, definition in type_.fields.items()
        if "first" in definition.args
    }


def _is_asked(operation: OperationDefinitionNode, name: str | None) -> bool:
    return name is None or (operation.name is not None and operation.name.value == name)


def too_much(message: str) -> GraphQLError:
    return GraphQLError(message, extensions={"code": "QUERY_TOO_EXPENSIVE", "status": 400})


class Errors(MaskErrors):
    """Presents expected errors by their code; logs and masks all others."""

    def anonymise_error(self, error: GraphQLError) -> GraphQLError:
        original = error.original_error
        extensions: dict[str, Any] = {"trace_id": current_trace_id.get()}
        if isinstance(original, AppError):
            message = original.detail
            extensions |= {"code": original.code, "status": original.status}
        elif original is None or isinstance(original, GraphQLError):
            message = error.message
            extensions |= {"code": "BAD_REQUEST", "status": 400, **(error.extensions or {})}
        else:
            log.error("unexpected_error", path=error.path, exc_info=original)
            message = INTERNAL
            extensions |= {"code": "ERROR", "status": 500}
        return GraphQLError(
            message,
            nodes=error.nodes,
            source=error.source,
            positions=error.positions,
            path=error.path,
            extensions=extensions,
        )


class QuietSchema(strawberry.Schema):
    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        """Errors are logged once, by the extension that masks them."""


DATE_TIME = strawberry.scalar(
    name="DateTime",
    description="RFC 3339 in UTC with milliseconds, as over REST.",
    serialize=rfc3339,
    parse_value=datetime.fromisoformat,
)


def build_schema(
    queries: Sequence[type], mutations: Sequence[type], subscriptions: Sequence[type]
) -> strawberry.Schema:
    return QuietSchema(
        query=merge_types("Query", tuple(queries)),
        mutation=merge_types("Mutation", tuple(mutations)),
        subscription=merge_types("Subscription", tuple(subscriptions)),
        extensions=[Errors, TokenLimit, DocumentLimits],
        config=StrawberryConfig(disable_field_suggestions=True, scalar_map={datetime: DATE_TIME}),
    )


class GraphDoor(GraphQL[GraphContext, None]):
    """``/graphql``: POST and GET over HTTP, graphql-transport-ws for subscriptions, a page for people."""

    def __init__(
        self, schema: strawberry.Schema, *, context: Callable[[], GraphContext], page: Callable[[], Response]
    ) -> None:
        super().__init__(schema, graphql_ide=None, subscription_protocols=[GRAPHQL_TRANSPORT_WS_PROTOCOL])
        self._context = context
        self._page = page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await super().__call__(scope, receive, send)
            return
        request = Request(scope, limited(receive))
        if request.method == "GET" and "text/html" in request.headers.get("accept", ""):
            response = self._page()
        else:
            try:
                response = await self.run(request)
            except HTTPException as error:
                raise BadRequest(error.reason) from None
        await response(scope, receive, send)

    async def get_context(self, request: Request | WebSocket, response: Response | WebSocket) -> GraphContext:
        context = self._context()
        if isinstance(request, Request):
            context.actor = await context.actors.of_connection(request)
            request.scope["actor"] = context.actor
            request.scope["operation"] = GRAPHQL
            request.app.state.edge.limiter.check(request, context.actor, spend=True)
        return context

    async def on_ws_connect(self, context: GraphContext) -> None:
        params = context.connection_params if isinstance(context.connection_params, dict) else {}
        given = params.get("authorization") or params.get("Authorization")
        if not isinstance(given, str):
            raise ConnectionRejectionError()
        try:
            context.actor = await context.actors.of_credential(given.removeprefix("Bearer ").strip())
        except AppError:
            raise ConnectionRejectionError() from None


class _Named:
    id = "graphql"


GRAPHQL: Operation = _Named()  # type: ignore[assignment]
"""What the request log and the metrics call it."""


def limited(receive: Receive, limit: int = MAX_BODY_BYTES) -> Receive:
    size = 0

    async def receive_limited() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > limit:
            raise TooLarge(f"The body is larger than {limit:,} bytes.")
        return message

    return receive_limited
