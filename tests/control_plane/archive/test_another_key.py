"""An installation with another key-encryption secret: what is sealed can't be opened there, and it says so."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from infra.local.installation import Secrets
from infra.local.postgres import throw_away
from tests.control_plane.archive.conftest import emptied
from tests.control_plane.archive.filling import DOMAIN, FAY, Fay
from tests.control_plane.archive.support import body_of, closed, edited, exported, fetch, imported
from tests.support.codes import unused_code
from tests.support.origin import KNOWN, InProcess, installed

OTHER = Secrets(KNOWN.control_password, KNOWN.tenant_password, "another secret of thirty-two bytes")
NOTICES = [
    "The client secret of single sign-on was sealed with another installation's secret: enter it again. Until then"
    " nobody signs in that way, and passwords count for everybody.",
    "One person had a second factor that can't be opened here: they sign in without it until they set one up again.",
]


@pytest_asyncio.fixture(scope="module")
async def foreign(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[InProcess]:
    with throw_away() as url:
        async with installed(url, tmp_path_factory.mktemp("foreign"), known=OTHER) as origin:
            yield origin


@pytest_asyncio.fixture
async def arrived(source: InProcess, foreign: InProcess) -> AsyncIterator[InProcess]:
    async with emptied(foreign):
        assert (await imported(foreign, await exported(source))).notices == NOTICES
        yield foreign


async def test_a_second_factor_stays_behind_and_is_set_up_again(arrived: InProcess, fay: Fay) -> None:
    for table in ("second_factors", "recovery_codes"):
        theirs = f"select count(*) from {table} join users u on u.id = user_id where u.email = '{FAY}'"
        assert await fetch(arrived, theirs) == [(0,)]
    token = await arrived.token({"email": FAY, "password": fay.password})
    async with arrived.client(token) as client:
        begun = (await client.post("/api/auth/totp", json={"password": fay.password})).json()["data"]
        code = unused_code(begun["secret"])
        confirmed = await client.post("/api/auth/totp/confirm", json={"code": code})
        without = await client.post("/api/auth/token", json={"email": FAY, "password": fay.password})
    assert len(confirmed.json()["data"]["recovery_codes"]) == 10
    assert (without.status_code, without.json()["code"]) == (401, "OTP_REQUIRED")


async def test_single_sign_on_is_off_until_its_secret_is_entered_again(source: InProcess, arrived: InProcess) -> None:
    """Also for members of its domains: a connection that can't work must not keep them from using their password."""
    policy = "select sso_domains, exempt_user_ids from control.sign_in_policies where tenant_id = 'acme'"
    assert await fetch(arrived, policy) == [([], [])]
    async with arrived.client(await arrived.token(source.demo.person("acme", "admin"))) as client:
        there = (await client.get("/api/auth/sso")).json()["data"]["connection"]
        assert (there["has_client_secret"], there["is_enforced"]) == (False, False)
        names = ("issuer", "client_id", "display_name", "email_domains", "break_glass_user_ids")
        again = {name: there[name] for name in names} | {"client_secret": "entered again", "is_enforced": True}
        here = (await client.put("/api/auth/sso", json=again)).json()["data"]
    assert (here["has_client_secret"], here["is_enforced"], here["confirmed_domains"]) == (True, True, [DOMAIN])
    assert (await fetch(arrived, policy))[0][0] == [DOMAIN]


async def test_a_connection_without_a_secret_goes_on(source: InProcess, foreign: InProcess) -> None:
    parts = edited(await body_of(source), "sso_connections", lambda row: row.update(sealed_client_secret=None))
    async with emptied(foreign):
        assert (await imported(foreign, closed(parts))).notices == NOTICES[1:]
        enforced = "select is_enforced from control.sso_connections where tenant_id = 'acme'"
        assert await fetch(foreign, enforced) == [(True,)]
