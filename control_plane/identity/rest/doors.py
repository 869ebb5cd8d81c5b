"""What the handlers here share: the flows that the application holds, and answers that no cache may keep."""

from starlette.requests import Request

from control_plane.identity.flows import AccountFlows, ImpersonationFlows, SessionFlows
from control_plane.identity.keys import SigningKeys


def sessions_of(request: Request) -> SessionFlows:
    flows: SessionFlows = request.app.state.sessions
    return flows


def accounts_of(request: Request) -> AccountFlows:
    flows: AccountFlows = request.app.state.accounts
    return flows


def impersonations_of(request: Request) -> ImpersonationFlows:
    flows: ImpersonationFlows = request.app.state.impersonations
    return flows


def keys_of(request: Request) -> SigningKeys:
    keys: SigningKeys = request.app.state.signing_keys
    return keys


def origin_of(request: Request) -> str:
    """This installation, as the caller reached it."""
    return f"{request.url.scheme}://{request.url.netloc}"


def not_cached(request: Request) -> None:
    request.scope.setdefault("response_headers", {})["cache-control"] = "no-store"
