"""Rotating the keys that sign: on command, by the calendar, in an emergency; and planes that follow."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import jwt
import pytest

from control_plane.core.system import SYSTEM
from control_plane.identity.keys import SigningKeys
from control_plane.identity.rules import Role
from control_plane.identity.vault import KeyVault
from shared.database import create_engine
from tenant_plane.core.keys import SigningKeys as PlaneKeys
from tests.control_plane.support import SECRET, ControlPlane
from tests.support.tenant_plane import until

EMAIL = "ana@acme.example"


class Plane:
    """How a tenant plane keeps the public keys, under a clock that the test moves; its database is not there."""

    def __init__(self, control: ControlPlane) -> None:
        self.control = control
        self.engine = create_engine("postgresql://nobody@127.0.0.1:1/none")
        self.keys = PlaneKeys(self.engine, control.client, clock=self.seconds)

    def seconds(self) -> float:
        return self.control.clock().timestamp()

    async def believes(self, token: str) -> bool:
        return await self.keys.find(jwt.get_unverified_header(token)["kid"]) is not None


@pytest.fixture
async def planes(control: ControlPlane) -> AsyncIterator[list[Plane]]:
    control.clock.hold()
    planes = [Plane(control) for _ in range(2)]
    yield planes
    for plane in planes:
        await plane.engine.dispose()


def forget(control: ControlPlane) -> None:
    """As ten seconds do: the real clock does not move with the test's."""
    control.app.state.signing_keys._loaded_at = float("-inf")


async def token_now(control: ControlPlane) -> str:
    forget(control)
    token: str = await control.app.state.sessions.issuer.internal_token(None)
    return token


def kid_of(token: str) -> str:
    return str(jwt.get_unverified_header(token)["kid"])


async def rotate(control: ControlPlane, headers: dict[str, str], **body: Any) -> httpx.Response:
    return await control.client.post("/api/auth/signing-keys/rotate", json=body, headers=headers)


async def test_the_next_key_waits_until_every_plane_knows_it(control: ControlPlane) -> None:
    headers = await control.super_admin()
    answer = await rotate(control, headers)
    old, new = answer.json()["data"]["keys"]
    assert (answer.status_code, old["state"], new["state"]) == (200, "signing", "waiting")
    published = (await control.client.get("/.well-known/jwks.json")).json()["keys"]
    assert [key["kid"] for key in published] == [old["kid"], new["kid"]]
    assert kid_of(await token_now(control)) == old["kid"]
    again = await rotate(control, headers)
    assert again.status_code == 409
    control.clock.offset = timedelta(minutes=15)
    assert kid_of(await token_now(control)) == new["kid"]
    control.clock.offset = timedelta(minutes=84)
    forget(control)
    assert len((await control.client.get("/.well-known/jwks.json")).json()["keys"]) == 2
    control.clock.offset = timedelta(minutes=86)
    forget(control)
    assert [key["kid"] for key in (await control.client.get("/.well-known/jwks.json")).json()["keys"]] == [new["kid"]]
    entries = await control.sql("select actor_name, tenant_id from audit_log where action = 'signing_key.rotated'")
    assert entries == [("root@opsplane.example", None)]


async def test_two_planes_follow_without_a_failed_request(control: ControlPlane, planes: list[Plane]) -> None:
    """Tokens of the whole time, each asked about until it ends, every half minute, through a rotation."""
    tokens: list[tuple[timedelta, str]] = []
    kids = set()
    for minute in range(121):
        control.clock.offset = timedelta(minutes=minute)
        tokens = [(born, token) for born, token in tokens if control.clock.offset - born < timedelta(minutes=60)]
        tokens.append((control.clock.offset, await token_now(control)))
        kids.add(kid_of(tokens[-1][1]))
        believed = await asyncio.gather(*(plane.believes(token) for plane in planes for _, token in tokens))
        assert all(believed), f"minute {minute}"
        if minute == 10:
            forget(control)
            await control.app.state.signing_keys.rotate(SYSTEM, immediately=False)
    assert len(kids) == 2


async def test_a_storm_of_requests_across_the_change(control: ControlPlane) -> None:
    await control.add_tenant("acme")
    await control.add_user(EMAIL, {"acme": Role.ADMIN})
    control.clock.offset = timedelta(minutes=-16)
    early = await control.sign_in(EMAIL)
    await control.app.state.signing_keys.rotate(SYSTEM, immediately=False)
    control.clock.offset = timedelta(minutes=-2)
    session = await control.sign_in(EMAIL)
    statuses: list[int] = []
    stop = asyncio.Event()

    async def caller() -> None:
        while not stop.is_set():
            statuses.append((await control.me(session["token"])).status_code)

    async def refresher(refresh_token: str) -> None:
        while not stop.is_set():
            answer = await control.refresh(refresh_token)
            refresh_token = answer.json()["data"]["refresh_token"]
            statuses.append((await control.me(answer.json()["data"]["token"])).status_code)

    working = [asyncio.create_task(caller()), asyncio.create_task(refresher(early["refresh_token"]))]
    kids = []
    for offset in (-2, 0):
        control.clock.offset = timedelta(minutes=offset)
        forget(control)
        enough = len(statuses) + 20

        async def went_on(enough: int = enough) -> bool | None:
            return len(statuses) >= enough or None

        await until(went_on, seconds=60)
        kids.append(kid_of(await token_now(control)))
    stop.set()
    await asyncio.gather(*working)
    assert len(set(kids)) == 2
    assert set(statuses) == {200}


async def test_a_leaked_key_is_believed_no_more(control: ControlPlane, planes: list[Plane]) -> None:
    headers = await control.super_admin()
    leaked = await token_now(control)
    assert await planes[0].believes(leaked)
    answer = await rotate(control, headers, immediately=True)
    assert [key["state"] for key in answer.json()["data"]["keys"]] == ["signing"]
    assert (await control.client.get("/api/auth/signing-keys", headers=headers)).status_code == 401
    control.clock.offset += timedelta(seconds=11)
    assert await planes[0].believes(await token_now(control))
    assert not await planes[0].believes(leaked)
    ((details,),) = await control.sql("select details from audit_log where action = 'signing_key.rotated'")
    assert (details["immediately"], details["retired"]) == (True, [kid_of(leaked)])


async def test_by_the_calendar(control: ControlPlane) -> None:
    keys: SigningKeys = control.app.state.signing_keys
    first = kid_of(await token_now(control))
    for days in (0, 89):
        control.clock.offset = timedelta(days=days)
        await keys.rotate_when_due()
        assert await control.sql("select count(*) from signing_keys") == [(1,)]
    control.clock.offset = timedelta(days=90) - timedelta(minutes=10)
    await asyncio.gather(*(keys.rotate_when_due() for _ in range(3)))
    assert await control.sql("select count(*) from signing_keys") == [(2,)]
    control.clock.offset = timedelta(days=90, minutes=10)
    assert kid_of(await token_now(control)) != first
    control.clock.offset = timedelta(days=125)
    await keys.rotate_when_due()
    assert await control.sql(f"select count(*) from signing_keys where kid = '{first}'") == [(0,)]


async def test_private_keys_of_a_rotation_are_sealed(control: ControlPlane) -> None:
    await token_now(control)
    await control.app.state.signing_keys.rotate(SYSTEM, immediately=False)
    rows = await control.sql("select kid, sealed_private_key from signing_keys")
    opened = {KeyVault(SECRET).open(kid, bytes(sealed)).private_bytes_raw() for kid, sealed in rows}
    assert len(opened) == 2


@pytest.mark.parametrize("role", list(Role))
async def test_only_super_admins(control: ControlPlane, role: Role) -> None:
    headers = await control.member(role)
    answers = [await rotate(control, headers), await control.client.get("/api/auth/signing-keys", headers=headers)]
    assert [answer.status_code for answer in answers] == [403, 403]
    assert await control.sql("select count(*) from signing_keys") == [(1,)]
