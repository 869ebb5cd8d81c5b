"""Interactive documents of the API."""

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


def docs_routes(openapi: Callable[[], bytes]) -> list[Route]:
    async def openapi_json(_: Request) -> Response:
        return Response(openapi(), media_type="application/json")

    return [Route("/openapi.json", openapi_json)]


def graphql_page() -> bytes:
    return b"<!doctype html><title>GraphQL</title>"
