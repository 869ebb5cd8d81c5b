"""Interactive documents of the API: Swagger UI, ReDoc and GraphiQL, all from vendored files, without a CDN.

Scripts come from files of ours only (a strict Content-Security-Policy), so the pages' own few lines are assets too.
"""

import gzip
import mimetypes
from collections.abc import Callable
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

VENDOR = Path(__file__).parent / "vendor"
ASSETS = "/docs/assets"
CONTENT_SECURITY_POLICY = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:;"
    " worker-src 'self' blob:; connect-src 'self' ws: wss:; frame-ancestors 'none'; base-uri 'none'"
)
SCRIPTS = {
    "swagger.js": """
SwaggerUIBundle({
  url: '/openapi.json', dom_id: '#page', deepLinking: true, persistAuthorization: true, validatorUrl: null,
  tryItOutEnabled: true, displayRequestDuration: true, filter: true, docExpansion: 'list',
});
""",
    "redoc.js": """
Redoc.init('/openapi.json', { hideDownloadButton: false, expandResponses: '200,201' }, document.getElementById('page'));
""",
    "graphiql.js": """
const protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';
const fetcher = GraphiQL.createFetcher({ url: '/graphql', subscriptionUrl: `${protocol}//${location.host}/graphql` });
ReactDOM.createRoot(document.getElementById('page')).render(React.createElement(GraphiQL, {
  fetcher, shouldPersistHeaders: true, defaultEditorToolsVisibility: 'headers',
  defaultHeaders: '{\\n  "Authorization": "Bearer "\\n}',
  defaultQuery: '{\\n  overview {\\n    notAcknowledged\\n    openBySeverity { severity count }\\n  }\\n}\\n',
}));
""",
}
STYLES = {"page.css": "html, body, #page { height: 100%; margin: 0; }"}


def docs_routes(openapi: Callable[[], bytes]) -> list[Route]:
    """``openapi`` gives the document's bytes; it is asked once."""
    known: list[bytes] = []

    async def document(_: Request) -> Response:
        if not known:
            known.append(openapi())
        return Response(known[0], media_type="application/json")

    async def swagger(_: Request) -> Response:
        return _html(_page("Opsplane API", ["swagger-ui.css"], ["swagger-ui-bundle.js", "swagger.js"]))

    async def redoc(_: Request) -> Response:
        return _html(_page("Opsplane API reference", [], ["redoc.standalone.js", "redoc.js"]))

    return [
        Route("/openapi.json", document),
        Route("/docs", swagger),
        Route("/redoc", redoc),
        Route(ASSETS + "/{name}", asset),
    ]


def graphql_page() -> Response:
    scripts = ["react.production.min.js", "react-dom.production.min.js", "graphiql.min.js", "graphiql.js"]
    return _html(_page("Opsplane GraphQL", ["graphiql.min.css", "page.css"], scripts))


async def asset(request: Request) -> Response:
    name = request.path_params["name"]
    headers = {"cache-control": "public, max-age=86400", "vary": "accept-encoding"}
    media_type = mimetypes.guess_type(name)[0]
    if (own := SCRIPTS.get(name) or STYLES.get(name)) is not None:
        return Response(own, headers=headers, media_type=media_type)
    packed = VENDOR / f"{name}.gz"
    if packed.parent != VENDOR or not packed.is_file():
        raise HTTPException(404)
    content = packed.read_bytes()
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(content, headers={**headers, "content-encoding": "gzip"}, media_type=media_type)
    return Response(gzip.decompress(content), headers=headers, media_type=media_type)


def _page(title: str, styles: list[str], scripts: list[str]) -> str:
    links = "".join(f'<link rel="stylesheet" href="{ASSETS}/{name}">' for name in styles)
    tags = "".join(f'<script src="{ASSETS}/{name}"></script>' for name in scripts)
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">{links}'
        f'</head><body><div id="page"></div>{tags}</body></html>'
    )


def _html(page: str) -> Response:
    return Response(page, headers={"content-security-policy": CONTENT_SECURITY_POLICY}, media_type="text/html")
