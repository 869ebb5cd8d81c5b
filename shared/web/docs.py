"""Interactive documents of the API: Swagger UI, ReDoc and GraphiQL, all from vendored files, without a CDN.

Scripts come from files of ours only (a strict Content-Security-Policy), so the pages' own few lines are assets too.
"""

import gzip
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

VENDOR = Path(__file__).parent / "vendor"
VENDORED = frozenset({
    "swagger-ui.css", "swagger-ui-bundle.js", "redoc.standalone.js", "graphiql.min.css", "graphiql.min.js",
    "react.production.min.js", "react-dom.production.min.js",
})  # fmt: skip
OWN = {
    "page.css": "html, body, #page { height: 100%; margin: 0; }",
    "swagger.js": """
SwaggerUIBundle({
  url: '/openapi.json', dom_id: '#page', deepLinking: true, persistAuthorization: false, validatorUrl: null,
  tryItOutEnabled: true, displayRequestDuration: true, filter: true, docExpansion: 'list',
});
""",
    "redoc.js": """
const text = 'system-ui, sans-serif';
Redoc.init('/openapi.json', {
  expandResponses: '200,201',
  theme: { typography: {
    fontFamily: text, headings: { fontFamily: text }, code: { fontFamily: 'ui-monospace, monospace' },
  } },
}, document.getElementById('page'));
""",
    "graphiql.js": """
const protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';
const fetcher = GraphiQL.createFetcher({ url: '/graphql', subscriptionUrl: `${protocol}//${location.host}/graphql` });
ReactDOM.createRoot(document.getElementById('page')).render(React.createElement(GraphiQL, {
  fetcher, defaultEditorToolsVisibility: 'headers',
  defaultHeaders: '{\\n  "Authorization": "Bearer "\\n}',
  defaultQuery: '{\\n  overview {\\n    notAcknowledged\\n    openBySeverity { severity count }\\n  }\\n}\\n',
}));
""",
}
ASSETS = "/docs/assets"
MEDIA_TYPES = {".css": "text/css", ".js": "text/javascript"}
CONTENT_SECURITY_POLICY = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:;"
    " object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
REDOC_SECURITY_POLICY = f"{CONTENT_SECURITY_POLICY}; worker-src blob:"
"""ReDoc's search runs in a worker that it makes from a string."""


@dataclass(frozen=True)
class Asset:
    packed: bytes
    media_type: str
    version: str


def docs_routes(openapi: Callable[[], bytes]) -> list[Route]:
    """``openapi`` gives the document's bytes; it is asked once."""
    known: list[bytes] = []

    async def document(_: Request) -> Response:
        if not known:
            known.append(openapi())
        return Response(known[0], media_type="application/json")

    async def swagger(_: Request) -> Response:
        return _page("Opsplane API", ["swagger-ui.css", "page.css"], ["swagger-ui-bundle.js", "swagger.js"])

    async def redoc(_: Request) -> Response:
        scripts = ["redoc.standalone.js", "redoc.js"]
        return _page("Opsplane API reference", ["page.css"], scripts, REDOC_SECURITY_POLICY)

    return [
        Route("/openapi.json", document),
        Route("/docs", swagger),
        Route("/redoc", redoc),
        Route(ASSETS + "/{name}", asset),
    ]


def graphql_page() -> Response:
    scripts = ["react.production.min.js", "react-dom.production.min.js", "graphiql.min.js", "graphiql.js"]
    return _page("Opsplane API: GraphQL", ["graphiql.min.css", "page.css"], scripts)


async def asset(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in VENDORED and name not in OWN:
        raise HTTPException(404)
    found = _asset(name)
    # Only the version that a page names may stay; any other URL would keep old content for a year.
    asked = request.query_params.get("v") == found.version
    headers = {
        "cache-control": "public, max-age=31536000, immutable" if asked else "no-cache",
        "vary": "accept-encoding",
    }
    if not _takes_gzip(request.headers.get("accept-encoding", "")):
        return Response(gzip.decompress(found.packed), headers=headers, media_type=found.media_type)
    return Response(found.packed, headers={**headers, "content-encoding": "gzip"}, media_type=found.media_type)


@cache
def _asset(name: str) -> Asset:
    own = OWN.get(name)
    packed = (VENDOR / f"{name}.gz").read_bytes() if own is None else gzip.compress(own.encode(), mtime=0)
    return Asset(packed, MEDIA_TYPES[Path(name).suffix], hashlib.sha256(packed).hexdigest()[:12])


def _takes_gzip(accepted: str) -> bool:
    weights: dict[str, str] = {}
    for part in accepted.lower().replace(" ", "").split(","):
        coding, _, weight = part.partition(";q=")
        weights[coding] = weight or "1"
    weight = weights.get("gzip", weights.get("*", "0"))
    return weight.strip("0.") != ""


def _page(title: str, styles: Sequence[str], scripts: Sequence[str], policy: str = CONTENT_SECURITY_POLICY) -> Response:
    links = "".join(f'<link rel="stylesheet" href="{_url(name)}">' for name in styles)
    tags = "".join(f'<script src="{_url(name)}"></script>' for name in scripts)
    html = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">{links}'
        f'</head><body><div id="page"></div>{tags}</body></html>'
    )
    headers = {"content-security-policy": policy, "cache-control": "no-cache"}
    return Response(html, headers=headers, media_type="text/html")


def _url(name: str) -> str:
    return f"{ASSETS}/{name}?v={_asset(name).version}"
