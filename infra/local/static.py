"""Serves the built frontend: files that the build compressed already, and index.html for every page of the app."""

import mimetypes
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

CONTENT_SECURITY_POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; font-src 'self';"
    " connect-src 'self' ws: wss:; frame-ancestors 'none'; base-uri 'self'; form-action 'self'"
)
FOREVER = "public, max-age=31536000, immutable"
NOT_BUILT = "The frontend is not built; `make up` builds it."


class Frontend:
    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise HTTPException(404)
        request = Request(scope)
        if request.method not in ("GET", "HEAD"):
            raise HTTPException(405)
        response = await run_in_threadpool(self._response, request)
        await response(scope, receive, send)

    def _response(self, request: Request) -> Response:
        path = self._file(request.url.path.lstrip("/"))
        if path is None:
            # Only people's navigation gets the application; a missing script or a mistyped API path is a plain 404.
            if "text/html" not in request.headers.get("accept", ""):
                raise HTTPException(404)
            path = self._folder / "index.html"
        headers = {
            "cache-control": FOREVER if path.parent.name == "assets" else "no-cache",
            "vary": "accept-encoding",
        }
        if path.suffix == ".html":
            headers["content-security-policy"] = CONTENT_SECURITY_POLICY
        compressed = path.with_name(path.name + ".gz")
        if "gzip" in request.headers.get("accept-encoding", "") and compressed.is_file():
            headers["content-encoding"] = "gzip"
            content = compressed.read_bytes()
        elif path.is_file():
            content = path.read_bytes()
        else:
            return Response(NOT_BUILT, 503, media_type="text/plain")
        return Response(content, headers=headers, media_type=mimetypes.guess_type(path.name)[0] or "text/plain")

    def _file(self, relative: str) -> Path | None:
        """A file of the build, never one outside it or a hidden one."""
        if "\x00" in relative:
            return None
        path = (self._folder / relative).resolve()
        inside = path.is_relative_to(self._folder) and not any(part.startswith(".") for part in Path(relative).parts)
        return path if inside and relative and path.is_file() else None
