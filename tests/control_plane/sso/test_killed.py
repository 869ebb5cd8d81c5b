"""Killed at every point of a sign-in through a provider: whoever begins anew gets in, and exists once."""

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

from tests.control_plane.fate import Fate, Killed, MortalCalls, MortalDatabase, lives
from tests.control_plane.sso.support import Browser, SsoPlane
from tests.control_plane.support import claims_of
from tests.fakes.oidc import FakeProvider


@contextlib.contextmanager
def life(plane: SsoPlane, fate: Fate) -> Iterator[None]:
    """Inside, a process that ends by its fate; behind it the next one."""
    state = plane.control.app.state
    flows, database = state.sso, MortalDatabase(plane.control.database, fate)
    state.sso = replace(flows, database=database, provider=MortalCalls(flows.provider, fate))
    try:
        with contextlib.suppress(Killed):
            yield
    finally:
        state.sso = flows


async def count(plane: SsoPlane, what: str) -> int:
    ((found,),) = await plane.control.sql(f"select count(*) from {what}")
    return int(found)


async def test_a_sign_in(plane: SsoPlane, browser: Browser, provider: FakeProvider) -> None:
    await plane.connect(provider.issuer)
    for fate in lives(at_least=12):
        provider.claims = {"sub": f"nia-{fate.ends_at}", "email": f"nia{fate.ends_at}@acme.example"}
        provider.claims |= {"email_verified": True, "name": "Nia"}
        with life(plane, fate):
            await browser.sign_in(tenant_id="acme")
        session = await browser.sign_in(tenant_id="acme")
        assert session["user"]["email"] == provider.claims["email"]
        assert claims_of(session["token"])["method"] == "sso"
        person = f"users where email = '{provider.claims['email']}'"
        assert await count(plane, person) == 1
        assert await count(plane, f"memberships where user_id = (select id from {person})") == 1


async def test_nothing_of_it_can_be_used_twice(plane: SsoPlane, browser: Browser, provider: FakeProvider) -> None:
    """The browser shows the way back again: it is the first to come with that state, or is refused as too late."""
    await plane.connect(provider.issuer)
    for fate in lives(at_least=6):
        back = await browser.visit(await browser.leave(tenant_id="acme"))
        known = await count(plane, "sso_attempts")
        with life(plane, fate):
            await browser.come_back(back)
        is_taken = await count(plane, "sso_attempts") < known
        again = await browser.come_back(back)
        assert again.startswith({True: "/login?error=sso_expired", False: "/login/sso#code="}[is_taken])


async def test_what_a_dead_process_began_is_forgotten(
    plane: SsoPlane, browser: Browser, provider: FakeProvider
) -> None:
    await plane.connect(provider.issuer)
    for fate in lives(at_least=12):
        with life(plane, fate):
            await browser.sign_in(tenant_id="acme")
    assert await count(plane, "sso_attempts") > 0
    assert await count(plane, "sso_exchanges") > 0
    plane.control.clock.offset = timedelta(hours=1)
    await plane.control.app.state.sso.forget_expired()
    left: Any = [await count(plane, table) for table in ("sso_attempts", "sso_exchanges")]
    assert left == [0, 0]
