"""An OpenID provider that lies on request: a real HTTP server on this machine, for what real ones never do."""

import json
import time
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode

from joserfc import jws
from joserfc.jwk import ECKey, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from tests.support.tenant_plane import served

Claims = dict[str, Any]


@dataclass
class FakeProvider:
    """``change`` edits the claims of the next ID tokens; ``sign`` replaces the signing of them altogether."""

    issuer: str
    key: RSAKey | ECKey = field(default_factory=lambda: ECKey.generate_key("P-256", {"kid": "first"}))
    claims: Claims = field(default_factory=dict)
    change: Callable[[Claims], Claims] = lambda claims: claims
    sign: Callable[[Claims], str] | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    answers: dict[str, Response] = field(default_factory=dict)
    """Instead of what would be said at a path."""
    seen: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    """Path and form or query of each request."""
    authorizations: list[str] = field(default_factory=list)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self._said(self._configuration)),
                Route("/keys", self._said(self._keys)),
                Route("/authorize", self._said(self._authorize)),
                Route("/token", self._said(self._token), methods=["POST"]),
            ]
        )

    def rotate(self) -> None:
        self.key = ECKey.generate_key("P-256", {"kid": f"key-{time.monotonic_ns()}"})

    def _said(self, answer: Callable[[dict[str, str]], Response]) -> Callable[[Request], Any]:
        async def endpoint(request: Request) -> Response:
            form = parse_qs((await request.body()).decode())
            values = {**request.query_params, **{name: value[0] for name, value in form.items()}}
            self.seen.append((request.url.path, values))
            self.authorizations.append(request.headers.get("authorization", ""))
            return self.answers.get(request.url.path) or answer(values)

        return endpoint

    def _configuration(self, _: dict[str, str]) -> Response:
        return JSONResponse(
            {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/keys",
                "code_challenge_methods_supported": ["S256"],
                **self.metadata,
            }
        )

    def _keys(self, _: dict[str, str]) -> Response:
        return JSONResponse({"keys": [{**self.key.as_dict(private=False), "use": "sig"}]})

    def _authorize(self, query: dict[str, str]) -> Response:
        """Nobody is asked anything: whoever comes is signed in as ``claims`` say."""
        code = f"code-{len(self.codes)}"
        self.codes[code] = query
        return RedirectResponse(f"{query['redirect_uri']}?{urlencode({'code': code, 'state': query['state']})}", 302)

    def _token(self, form: dict[str, str]) -> Response:
        query = self.codes.pop(form["code"])
        now = int(time.time())
        claims = self.change(
            {
                "iss": self.issuer,
                "aud": query["client_id"],
                "exp": now + 300,
                "iat": now,
                "nonce": query["nonce"],
                **self.claims,
            }
        )
        return JSONResponse(
            {"access_token": "at", "token_type": "Bearer", "id_token": (self.sign or self.signed)(claims)}
        )

    def signed(self, claims: Claims) -> str:
        algorithm = "RS256" if isinstance(self.key, RSAKey) else "ES256"
        return jws.serialize_compact({"alg": algorithm, "kid": self.key.kid}, json.dumps(claims), self.key)


@asynccontextmanager
async def fake_provider() -> AsyncIterator[FakeProvider]:
    holder: list[FakeProvider] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await holder[0].app()(scope, receive, send)

    async with served(app) as port:
        holder.append(FakeProvider(f"http://127.0.0.1:{port}"))
        yield holder[0]


def unsigned(claims: Claims) -> str:
    """``alg: none``, which joserfc rightly refuses to make."""

    def part(value: Any) -> str:
        return urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    return f"{part({'alg': 'none', 'kid': 'first'})}.{part(claims)}."
