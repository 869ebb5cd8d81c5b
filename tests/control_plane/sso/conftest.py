"""A control plane that may ask providers on this machine, and two of those: one that lies on request, one from PyPI."""

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.control_plane.sso.support import Browser, SsoPlane
from tests.control_plane.support import control_plane
from tests.fakes.oidc import FakeProvider, fake_provider
from tests.support.oidc_process import oidc_provider


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
def real_provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The issuer of a provider that runs as a process of its own."""
    bob = {"email": "bob@acme.example", "email_verified": True, "name": "Bob Ray", "groups": ["ops", "all"]}
    with oidc_provider(tmp_path_factory.mktemp("oidc") / "log", {"sub": "bob-1", **bob}) as issuer:
        yield issuer
