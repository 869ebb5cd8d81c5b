"""Joins the domains' GraphQL types into one schema: context, loaders, limits, errors.

Every resolver opens its own short read, every mutation field its own write. A document is measured by hand before it
runs (tokens, depth, aliases, cost), and an error leaves with the same code as over REST; unexpected ones are logged
and masked.
"""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar

import strawberry
import structlog
from graphql import (
    GraphQLError,
)
from pydantic import BaseModel, Field, ValidationError
from starlette.websockets import WebSocket
from strawberry.dataloader import DataLoader
from strawberry.extensions import MaskErrors
from strawberry.schema.config import StrawberryConfig
from strawberry.tools import merge_types
from strawberry.types.execution import ExecutionContext

from shared.database import runs_twice
from shared.errors import AppError, FieldError, Forbidden, Invalid
from shared.fields import rfc3339
from shared.pages import PageQuery
from shared.trace import current_trace_id
from shared.tx import ANONYMOUS, Actor, Database, ReadTx, WriteTx
from shared.web.errors import INTERNAL
from shared.web.refusals import Refusals
from tenant_plane.core.actors import Actors
from tenant_plane.core.graph_limits import DocumentLimits, TokenLimit
from tenant_plane.core.live import Hub

log = structlog.get_logger()
T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)


@dataclass
class GraphContext:
    """One per request or subscription. Loaders live as long as it does and are shared by nobody."""

    database: Database
    hub: Hub
    actors: Actors
    refusals: Refusals | None = None
    actor: Actor = ANONYMOUS
    credential: str = ""
    connection_params: Any = None
    spend: Callable[[], Awaitable[None]] | None = None
    """Counts one operation; set on WebSockets, where a connection carries many. Raises RateLimited."""
    socket: WebSocket | None = None
    _loaders: dict[tuple[Any, ...], DataLoader[Any, Any]] = field(default_factory=dict)

    def read(self) -> AbstractAsyncContextManager[ReadTx]:
        return self.database.read(self.actor)

    async def write(self, verb: Callable[[WriteTx], Awaitable[T]]) -> T:
        """One mutation field, one transaction; once more when Postgres preferred another one."""

        async def run() -> T:
            async with self.database.write(self.actor) as tx:
                return await verb(tx)

        try:
            return await runs_twice(run)
        except Forbidden as error:
            if self.refusals is not None:
                await self.refusals.keep(self.actor, "graphql", error)
            raise

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
