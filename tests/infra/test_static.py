"""The built frontend: its files, the application for every page, and nothing else of the disk."""

from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from infra.local.static import Frontend

HTML = {"accept": "text/html"}


@pytest.fixture
def client(tmp_path: Path) -> httpx.AsyncClient:
    dist = tmp_path / "dist"
    (dist / "assets").mkdir(parents=True)
    (dist / "index.html").write_text("the application")
    (dist / "assets" / "a.js").write_text("a script")
    (dist / ".source-hash").write_text("hidden")
    (tmp_path / "secret.txt").write_text("secret")
    app = Starlette(routes=[Mount("/", Frontend(dist))])
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://test")


@pytest.mark.parametrize(
    "path", ["/assets/%00", "/index.html%00.js", "/%2e%2e/secret.txt", "/..%2fsecret.txt", "/.source-hash", "/no.js"]
)
async def test_what_is_no_file_of_the_build_is_not_found(client: httpx.AsyncClient, path: str) -> None:
    response = await client.get(path)
    assert (response.status_code, "secret" in response.text, "hidden" in response.text) == (404, False, False)


@pytest.mark.parametrize("path", ["/", "/incidents/INC-00000001", "/.source-hash", "/%00"])
async def test_a_persons_navigation_gets_the_application(client: httpx.AsyncClient, path: str) -> None:
    response = await client.get(path, headers=HTML)
    assert (response.status_code, response.text) == (200, "the application")
    assert (response.headers["cache-control"], "content-security-policy" in response.headers) == ("no-cache", True)


async def test_what_is_named_by_its_content_is_kept_for_good(client: httpx.AsyncClient) -> None:
    response = await client.get("/assets/a.js")
    assert (response.text, "immutable" in response.headers["cache-control"]) == ("a script", True)
    assert (await client.post("/assets/a.js")).status_code == 405
