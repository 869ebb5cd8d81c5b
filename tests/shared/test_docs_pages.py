"""The interactive documents: every page answers, every asset it names answers, and nothing leads to another host."""

import gzip
import json
import re
from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from shared.web import docs

DOCUMENT = {"openapi": "3.1.0", "info": {"title": "Opsplane API", "version": "1"}, "paths": {}}
PAGES = ["/docs", "/redoc", "/graphql"]
NAMES = sorted({*docs.VENDORED, *docs.OWN})
MEBIBYTE = 1024 * 1024
STYLE_LOADS = re.compile(r"""@import|url\(\s*["']?+(?!data:)""")
"""What makes a style fetch something; the possessive quote keeps it from being skipped."""
SCRIPT_LOADS = re.compile(r"""\bsrc:\s*["'](?:https?:)?//|fonts\.g(?:oogleapis|static)|cdn\.redoc""")
"""An image or a script that a vendored script would fetch without being asked. Plain links stay."""


def asking(app: Starlette) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://opsplane.test")


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async def graphql(_: Request) -> Response:
        return docs.graphql_page()

    routes = [*docs.docs_routes(lambda: json.dumps(DOCUMENT).encode()), Route("/graphql", graphql)]
    async with asking(Starlette(routes=routes)) as client:
        yield client


def referenced(page: str) -> list[str]:
    return re.findall(r'(?:src|href)="([^"]*)"', page)


def content(name: str) -> bytes:
    return docs.OWN[name].encode() if name in docs.OWN else gzip.decompress((docs.VENDOR / f"{name}.gz").read_bytes())


async def test_the_document_is_given_and_built_once() -> None:
    asked = []

    def openapi() -> bytes:
        asked.append(1)
        return json.dumps(DOCUMENT).encode()

    async with asking(Starlette(routes=docs.docs_routes(openapi))) as client:
        answers = [await client.get("/openapi.json") for _ in range(2)]
    assert [answer.json() for answer in answers] == [DOCUMENT, DOCUMENT]
    assert answers[0].headers["content-type"] == "application/json"
    assert len(asked) == 1


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_and_all_it_names_answer(client: httpx.AsyncClient, path: str) -> None:
    page = await client.get(path)
    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "<title>Opsplane API" in page.text
    assets = [url for url in referenced(page.text) if url != "data:,"]
    assert len(assets) >= 3
    for url in assets:
        assert url.startswith("/docs/assets/")
        answer = await client.get(url)
        kind = "text/css" if ".css?" in url else "text/javascript"
        assert answer.status_code == 200
        assert answer.headers["content-type"] == f"{kind}; charset=utf-8"
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert answer.content == content(url.removeprefix("/docs/assets/").partition("?")[0])


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_names_no_other_host_and_runs_no_inline_script(client: httpx.AsyncClient, path: str) -> None:
    page = await client.get(path)
    assert "//" not in page.text
    assert re.findall(r"<script[^>]*>(?!</script>)", page.text) == []
    policy = dict(part.strip().split(" ", 1) for part in page.headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert not {"script-src", "script-src-elem", "connect-src"} & policy.keys(), "both follow default-src"
    assert set(" ".join(policy.values()).split()) <= {"'self'", "'none'", "'unsafe-inline'", "data:", "blob:"}
    assert [name for name, value in policy.items() if "'unsafe-inline'" in value] == ["style-src"]


@pytest.mark.parametrize("name", NAMES)
def test_an_asset_loads_nothing_from_another_host(name: str) -> None:
    text = content(name).decode()
    assert (STYLE_LOADS if name.endswith(".css") else SCRIPT_LOADS).findall(text) == []
    assert name in docs.VENDORED or "http" not in text.replace("'https:'", "")


def test_the_validator_is_off_and_the_ide_offers_the_header() -> None:
    assert "validatorUrl: null" in docs.OWN["swagger.js"]
    assert "Authorization" in docs.OWN["graphiql.js"]


@pytest.mark.parametrize(
    ("accepted", "packed"),
    [
        ("gzip", True),
        ("br, gzip;q=0.5", True),
        ("GZIP; q=1", True),
        ("*", True),
        ("gzip;q=0", False),
        ("gzip;q=0.000, *", False),
        ("br", False),
        ("identity", False),
        ("", False),
    ],
)
async def test_an_asset_is_packed_only_for_those_who_take_it(
    client: httpx.AsyncClient, accepted: str, packed: bool
) -> None:
    answer = await client.get("/docs/assets/react.production.min.js", headers={"accept-encoding": accepted})
    assert answer.headers.get("content-encoding") == ("gzip" if packed else None)
    assert answer.headers["vary"] == "accept-encoding"
    assert answer.content == content("react.production.min.js")


@pytest.mark.parametrize("query", ["", "?v=", "?v=000000000000"])
async def test_another_version_is_not_kept(client: httpx.AsyncClient, query: str) -> None:
    assert (await client.get(f"/docs/assets/swagger.js{query}")).headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("name", ["LICENSES.md", "swagger-ui.css.gz", "..%2Fdocs.py", "%2e%2e%2fdocs.py", "x", "a%00b"])
async def test_nothing_else_of_the_directory_is_served(client: httpx.AsyncClient, name: str) -> None:
    assert (await client.get(f"/docs/assets/{name}")).status_code == 404


def test_vendored_files_are_the_list_small_and_reproducible() -> None:
    assert {path.name.removesuffix(".gz") for path in docs.VENDOR.glob("*.gz")} == docs.VENDORED
    licences = (docs.VENDOR / "LICENSES.md").read_text()
    for name in docs.VENDORED:
        packed = (docs.VENDOR / f"{name}.gz").read_bytes()
        assert len(packed) < MEBIBYTE
        assert packed[3:8] == bytes(5), "no name and no time in the header, as gzip -n leaves them"
        assert name in licences
