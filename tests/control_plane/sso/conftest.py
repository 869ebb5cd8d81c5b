"""A control plane that may ask providers on this machine, and two of those: one that lies on request, one from PyPI."""

import threading
from collections.abc import AsyncIterator, Iterator

import oidc_provider_mock  # type: ignore[import-untyped]
import pytest
from werkzeug.serving import make_server

from tests.control_plane.sso.support import Browser, SsoPlane
from tests.control_plane.support import control_plane
from tests.fakes.oidc import FakeProvider, fake_provider


@pytest.fixture
async def plane(empty_url: str, password_hash: str) -> AsyncIterator[SsoPlane]:
    control = control_plane(empty_url, password_hash, sso_allow_http=True)
    yield SsoPlane(control)
    await control.database.close()


@pytest.fixture
async def provider() -> AsyncIterator[FakeProvider]:
    async with fake_provider() as provider:
        provider.claims = {"sub": "ana-1", "email": "ana@acme.example", "email_verified": True, "name": "Ana Ruiz"}
        yield provider


@pytest.fixture
async def browser(plane: SsoPlane) -> AsyncIterator[Browser]:
    async with plane.browser() as browser:
        yield browser


@pytest.fixture(scope="session")
def mock_provider() -> Iterator[str]:
    """The issuer of oidc-provider-mock: a real one as processes go, with its own HTTP server and its own login form."""
    users = [
        oidc_provider_mock.User(
            sub="bob-1",
            claims={"email": "bob@acme.example", "email_verified": True, "name": "Bob Ray", "groups": ["ops", "all"]},
        )
    ]
    server = make_server("127.0.0.1", 0, oidc_provider_mock.app(require_nonce=True, user_claims=users), threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()
