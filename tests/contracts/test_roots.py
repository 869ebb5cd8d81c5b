"""What seeds ask for outside the API's tree: health, metrics, documents, keys, and the same tree below /api/v1."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from infra.local.postgres import throw_away
from tests.support.origin import InProcess, installed


@pytest_asyncio.fixture(scope="module")
async def origin(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[InProcess]:
    folder: Path = tmp_path_factory.mktemp("installation")
    with throw_away() as url:
        async with installed(url, folder) as origin:
            yield origin


async def get(origin: InProcess, path: str) -> httpx.Response:
    async with origin.client(origin.demo.api_key("acme")) as client:
        return await client.get(path)


@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        ("/health", "application/json"),
        ("/healthz", "application/json"),
        ("/readyz", "application/json"),
        ("/metrics", "text/plain"),
        ("/openapi.json", "application/json"),
        ("/.well-known/jwks.json", "application/json"),
    ],
)
async def test_a_root_answers_without_a_credential(origin: InProcess, path: str, media_type: str) -> None:
    async with origin.client() as client:
        answer = await client.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(media_type)


@pytest.mark.parametrize("path", ["incidents", "alerts", "webhook/dead-letter", "rbac/permissions"])
async def test_v1_is_the_same_tree(origin: InProcess, path: str) -> None:
    plain, versioned = await get(origin, f"/api/{path}"), await get(origin, f"/api/v1/{path}")
    assert plain.status_code == versioned.status_code == 200
    assert plain.content == versioned.content


@pytest.mark.parametrize("path", ["/api/nothing/here", "/nothing", "/api/incidents/a%0Ab", "/no%0Apath", "/api/a%00b"])
async def test_an_unknown_path_has_the_error_shape(origin: InProcess, path: str) -> None:
    answer = await get(origin, path)
    assert answer.status_code == 404
    assert set(answer.json()) == {"error", "code", "trace_id", "detail", "status_code"}


async def test_the_served_document_is_the_contract(origin: InProcess) -> None:
    snapshot = (Path(__file__).parent / "openapi.json").read_text()
    assert (await get(origin, "/openapi.json")).json() == httpx.Response(200, text=snapshot).json()
