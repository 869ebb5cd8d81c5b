"""The doors of single sign-on: its settings for admins; start, callback and exchange for browsers."""

from urllib.parse import quote, urlencode

import structlog
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from control_plane.identity.errors import NoSeat, TenantNotNamed
from control_plane.identity.schemas import SignedIn, TenantNamed
from control_plane.sso import service
from control_plane.sso.errors import (
    ChangedMeanwhile,
    DomainNotClaimed,
    ExchangeRefused,
    NoConnection,
    NotAnAdmin,
    NoWayBack,
    SecretLost,
    SecretNeeded,
    SignInRefused,
)
from control_plane.sso.flows import SsoFlows
from control_plane.sso.rules import Refusal
from control_plane.sso.schemas import (
    CallbackQuery,
    ConfirmDomains,
    Discover,
    ExchangeCode,
    FoundConnections,
    SsoCheck,
    SsoConnectionPut,
    SsoConnectionRead,
    SsoRead,
    StartQuery,
)
from control_plane.tenants.errors import TenantIsSuspended, TenantNotFound
from shared.contracts.tenants import TenantId
from shared.errors import AppError
from shared.tx import Actor, ReadTx, WriteTx
from shared.web.operations import Api

log = structlog.get_logger()
api = Api(tag="single sign-on", kind="SsoConnection", plural="connections")
COOKIE = "opsplane_sso"
COOKIE_PATH = "/api/auth/sso"
COOKIE_SECONDS = 660
CALLBACK = "/api/auth/sso/callback"


@api.get("/api/auth/sso", errors=[TenantNotFound, TenantNotNamed])
async def get_sso(request: Request, tx: ReadTx, query: TenantNamed) -> SsoRead:
    """The tenant's connection to its OpenID provider, and what the provider must be told before there is one."""
    connection = await service.get_connection(tx, query.tenant_id)
    version = 0 if connection is None else connection.version
    return SsoRead(redirect_uri=_redirect_uri(request), version=version, connection=connection)


@api.put(
    "/api/auth/sso",
    errors=[
        ChangedMeanwhile,
        NoWayBack,
        NotAnAdmin,
        SecretNeeded,
        TenantIsSuspended,
        TenantNotFound,
        TenantNotNamed,
    ],
)
async def put_sso(
    request: Request, tx: WriteTx, query: TenantNamed, body: SsoConnectionPut, if_match: int | None
) -> SsoConnectionRead:
    """Connect the tenant to an OpenID provider, or change the connection.

    When the issuer changes, links and sessions of the old provider end, and the client secret must come along.
    """
    return await service.connect(tx, query.tenant_id, body, _flows(request).vault, if_match)


@api.delete("/api/auth/sso", status=204, errors=[NoConnection, TenantIsSuspended, TenantNotFound, TenantNotNamed])
async def delete_sso(tx: WriteTx, query: TenantNamed) -> None:
    """Disconnect: sessions that came through it end, and members sign in with their passwords again."""
    await service.disconnect(tx, query.tenant_id)


@api.post("/api/auth/sso/test", errors=[NoConnection, SecretLost, TenantNotFound, TenantNotNamed])
async def check_sso(request: Request, actor: Actor, query: TenantNamed) -> SsoCheck:
    """Ask the provider for its discovery document and keys, now; says exactly what fails."""
    return await _flows(request).check(actor, query.tenant_id)


@api.put("/api/tenants/{tenant_id}/sso-domains", errors=[DomainNotClaimed, NoConnection])
async def confirm_sso_domains(tx: WriteTx, tenant_id: TenantId, body: ConfirmDomains) -> SsoConnectionRead:
    """Confirm e-mail domains, so that the sign-in page finds the connection by an address; for super-admins."""
    return await service.confirm_domains(tx, tenant_id, body)


@api.get("/api/auth/sso/discover", access="public")
async def discover_sso(tx: ReadTx, query: Discover) -> FoundConnections:
    """Which connections serve the domain of an e-mail address; tells nothing about people."""
    return await service.discover_connections(tx, query.email)


@api.get("/api/auth/sso/start", status=302, access="public")
async def start_sso(request: Request, query: StartQuery) -> Response:
    """Send the browser to the provider; on failure to /login?error=CODE."""
    try:
        departure = await _flows(request).start(query, _redirect_uri(request))
    except SignInRefused as error:
        return _back(error.refusal)
    except AppError as error:
        return _failed(error)
    response = _redirect(departure.url)
    response.set_cookie(
        COOKIE,
        departure.browser,
        max_age=COOKIE_SECONDS,
        path=COOKIE_PATH,
        secure=_origin(request).startswith("https:"),
        httponly=True,
        samesite="lax",
    )
    return response


@api.get("/api/auth/sso/callback", status=302, access="public")
async def finish_sso(request: Request, query: CallbackQuery) -> Response:
    """Where the provider sends the browser back to; goes on to /login/sso#code=…&next=…, or /login?error=CODE."""
    try:
        arrival = await _flows(request).arrive(query, request.cookies.get(COOKIE, ""), _redirect_uri(request))
    except SignInRefused as error:
        return _back(error.refusal)
    except AppError as error:
        return _failed(error)
    # Behind the #, so that the code reaches no server's log and no Referer header.
    return _redirect(f"/login/sso#{urlencode({'code': arrival.code, 'next': arrival.next_path}, quote_via=quote)}")


@api.post("/api/auth/sso/exchange", access="public", errors=[ExchangeRefused, NoSeat])
async def exchange_sso_code(request: Request, body: ExchangeCode) -> SignedIn:
    """Exchange the code from /login/sso for tokens: once, within a minute, in the browser that started."""
    request.scope.setdefault("response_headers", {})["cache-control"] = "no-store"
    return await _flows(request).exchange(body.code.get_secret_value(), request.cookies.get(COOKIE, ""))


def _flows(request: Request) -> SsoFlows:
    flows: SsoFlows = request.app.state.sso
    return flows


def _origin(request: Request) -> str:
    """``OPSPLANE_PUBLIC_URL``, else what the browser asked for."""
    configured: str | None = request.app.state.public_url
    return configured or f"{request.url.scheme}://{request.url.netloc}"


def _redirect_uri(request: Request) -> str:
    return f"{_origin(request)}{CALLBACK}"


def _back(refusal: Refusal) -> Response:
    return _redirect(f"/login?{urlencode({'error': refusal})}")


def _failed(error: AppError) -> Response:
    """A browser on its way can do nothing with a JSON body."""
    log.warning("sso_failed", detail=error.detail)
    return _back(Refusal.PROVIDER)


def _redirect(url: str) -> Response:
    return RedirectResponse(url, status_code=302, headers={"cache-control": "no-store"})
