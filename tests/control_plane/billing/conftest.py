"""A shop on a real Postgres, and a fake Stripe on a real port; every test also asserts that Stripe had no objection."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.control_plane.billing.support import Shop, opened
from tests.control_plane.support import control_plane
from tests.fakes.stripe.server import KEY, SECRET, FakeStripe
from tests.support.tenant_plane import served


class Behind:
    """One port for all tests; a new fake for each."""

    fake: FakeStripe
    port: int

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.fake.app()(scope, receive, send)


@pytest_asyncio.fixture(scope="session")
async def stripe_port() -> AsyncIterator[Behind]:
    behind = Behind()
    async with served(behind) as behind.port:
        yield behind


@pytest.fixture
def stripe_api(stripe_port: Behind) -> FakeStripe:
    stripe_port.fake = FakeStripe(base_url=f"http://127.0.0.1:{stripe_port.port}")
    return stripe_port.fake


@pytest.fixture
def billing_settings() -> dict[str, Any]:
    """A module may have others."""
    return {}


@pytest.fixture
async def shop(
    empty_url: str, password_hash: str, stripe_api: FakeStripe, billing_settings: dict[str, Any]
) -> AsyncIterator[Shop]:
    settings = {"stripe_key": KEY, "stripe_webhook_secrets": f"whsec_next,{SECRET}", **billing_settings}
    control = control_plane(empty_url, password_hash, stripe_api_base=stripe_api.base_url, **settings)
    yield await opened(control, stripe_api)
    await control.app.state.paying.close()
    await control.database.close()
    assert stripe_api.violations == []
    assert [key for key in stripe_api.keys if not key.startswith("opsplane-")] == []
