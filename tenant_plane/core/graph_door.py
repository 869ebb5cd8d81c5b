"""``/graphql``: the schema behind HTTP and WebSocket."""

from collections.abc import Callable

import strawberry
from cross_web import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.exceptions import ConnectionRejectionError
from strawberry.subscriptions import GRAPHQL_TRANSPORT_WS_PROTOCOL

from shared.errors import AppError, BadRequest, TooLarge
from shared.web.operations import MAX_BODY_BYTES, Operation
from tenant_plane.core.actors import credential_of
from tenant_plane.core.graph import GraphContext


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
            context.credential = credential_of(request) or ""
            request.scope["actor"] = context.actor
            request.scope["operation"] = GRAPHQL
            await request.app.state.edge.limiter.check(request, context.actor, spend=True)
        else:
            context.socket = request
            limiter = request.app.state.edge.limiter
            context.spend = lambda: limiter.check(request, context.actor, spend=True)
        return context

    async def on_ws_connect(self, context: GraphContext) -> None:
        params = context.connection_params if isinstance(context.connection_params, dict) else {}
        given = params.get("authorization") or params.get("Authorization")
        if not isinstance(given, str):
            raise ConnectionRejectionError()
        assert context.socket is not None, "only a WebSocket connects"
        try:
            context.credential = given.removeprefix("Bearer ").strip()
            context.actor = await context.actors.of_socket(context.socket, context.credential)
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
