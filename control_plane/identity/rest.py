"""Signing in and out. Answers that carry secrets are never stored by a cache on the way."""

import json
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from control_plane.identity import service
from control_plane.identity.demo import demo_accounts
from control_plane.identity.errors import DemoAccountsUnreadable, NoSeat, NotADemo, SessionEnded, WrongCredentials
from control_plane.identity.flows import SessionFlows
from control_plane.identity.keys import SigningKeys
from control_plane.identity.schemas import DemoAccounts, Profile, Refresh, SignedIn, SignedOut, SignIn, SignOut
from shared.errors import AppError
from shared.tx import ReadTx
from shared.web.errors import on_app_error
from shared.web.operations import Api

api = Api(tag="auth", kind="User", plural="users")


@api.post("/api/auth/token", access="public", errors=[WrongCredentials, NoSeat])
async def sign_in(request: Request, body: SignIn) -> SignedIn:
    """Sign in with e-mail and password: an access token and a refresh token."""
    return await _sign_in(request, body)


@api.post("/api/auth/login", access="public", errors=[WrongCredentials, NoSeat])
async def login(request: Request, body: SignIn) -> SignedIn:
    """The same as POST /api/auth/token."""
    return await _sign_in(request, body)


@api.post("/api/auth/refresh", access="public", errors=[SessionEnded, NoSeat])
async def refresh_session(request: Request, body: Refresh) -> SignedIn:
    """Exchange a refresh token for new tokens.

    Each refresh token works once. One that comes a second time ends the session on all sides, so clients take turns.
    """
    _not_cached(request)
    return await _flows(request).refresh(body)


@api.post("/api/auth/logout", access="public")
async def sign_out(request: Request, body: SignOut) -> SignedOut:
    """End the session of this refresh token; access tokens end by themselves within minutes."""
    await _flows(request).sign_out(body)
    return SignedOut(logged_out=True)


@api.get("/api/auth/me", errors=[SessionEnded])
async def read_profile(request: Request, tx: ReadTx) -> Profile:
    """Who is signed in, where, and which other tenants they may work in."""
    _not_cached(request)
    return await service.read_profile(tx)


@api.get("/api/demo", access="public", kind="Demo", errors=[NotADemo, DemoAccountsUnreadable])
async def list_demo_accounts(request: Request) -> DemoAccounts:
    """The accounts of a demo installation; 404 on any other."""
    _not_cached(request)
    return await demo_accounts(request.app.state.demo_accounts_path)


def jwks_route(keys: SigningKeys) -> Route:
    """RFC 7517, not in our envelope and outside the rate limit: planes and gateways of all kinds read it."""

    async def jwks(request: Request) -> Response:
        try:
            body = json.dumps(await keys.jwk_set())
        except AppError as error:
            return await on_app_error(request, error)
        return Response(body, headers={"cache-control": "public, max-age=60"}, media_type="application/json")

    endpoint: Callable[[Request], Awaitable[Response]] = jwks
    return Route("/.well-known/jwks.json", endpoint)


async def _sign_in(request: Request, body: SignIn) -> SignedIn:
    _not_cached(request)
    return await _flows(request).sign_in(body)


def _flows(request: Request) -> SessionFlows:
    flows: SessionFlows = request.app.state.sessions
    return flows


def _not_cached(request: Request) -> None:
    request.scope.setdefault("response_headers", {})["cache-control"] = "no-store"
