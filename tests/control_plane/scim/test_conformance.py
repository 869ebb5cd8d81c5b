"""scim2-tester, a checker of SCIM servers that knows nothing of ours, finds nothing wrong."""

import asyncio
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

import httpx
from scim2_client.engines.wsgi import WSGISCIMClient
from scim2_tester import Status, check_server

from tests.control_plane.scim.conftest import Directory
from tests.support.tenant_plane import served

OURS = {"check_remove_attribute: PATCH modify() did not remove attribute 'active'"}
"""A member is active or not; there is no third, so taking the word away changes nothing."""


def forwarding(origin: str) -> Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]:
    """A WSGI application that asks the real server over HTTP: the checker's own client for that needs httpx2."""

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        headers = {
            name[5:].replace("_", "-").lower(): value for name, value in environ.items() if name.startswith("HTTP_")
        }
        headers["content-type"] = environ.get("CONTENT_TYPE", "")
        query = f"?{environ['QUERY_STRING']}" if environ["QUERY_STRING"] else ""
        answer = httpx.request(
            environ["REQUEST_METHOD"],
            f"{origin}{environ['PATH_INFO']}{query}",
            headers={**headers, "host": environ["SERVER_NAME"]},
            content=environ["wsgi.input"].read(),
        )
        start_response(f"{answer.status_code} {HTTPStatus(answer.status_code).phrase}", list(answer.headers.items()))
        return [answer.content]

    return app


async def test_the_checker_finds_nothing_wrong(directory: Directory) -> None:
    async with served(directory.control.app) as port:
        client = WSGISCIMClient(
            forwarding(f"http://127.0.0.1:{port}"),
            base_url=str(directory.client.base_url).rstrip("/"),
            headers={"authorization": f"Bearer {directory.token}"},
        )
        results = await asyncio.to_thread(check_server, client)
    wrong = [f"{r.title}: {r.reason}" for r in results if r.status in (Status.ERROR, Status.CRITICAL)]
    assert set(wrong) == OURS
    assert len([r for r in results if r.status == Status.SUCCESS]) >= 20
