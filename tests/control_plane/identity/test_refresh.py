"""Refresh tokens rotate. One that comes twice ends its whole family, and only its family."""

import asyncio
from datetime import timedelta

import pytest

from control_plane.identity.jobs import ticks
from control_plane.identity.rules import Role
from tests.control_plane.support import ROOT_EMAIL, ControlPlane, claims_of

EMAIL = "ana@acme.example"


@pytest.fixture
async def refresh_token(control: ControlPlane) -> str:
    for tenant_id in ("acme", "globex"):
        await control.add_tenant(tenant_id)
    await control.add_tenant("elsewhere")
    await control.add_user(EMAIL, {"acme": Role.VIEWER, "globex": Role.ADMIN})
    token: str = (await control.sign_in(EMAIL))["refresh_token"]
    return token


async def test_a_refresh_token_is_exchanged_for_new_ones(control: ControlPlane, refresh_token: str) -> None:
    first = (await control.refresh(refresh_token)).json()["data"]
    second = (await control.refresh(first["refresh_token"])).json()["data"]
    assert len({refresh_token, first["refresh_token"], second["refresh_token"]}) == 3
    assert claims_of(first["token"])["sid"] == claims_of(second["token"])["sid"]
    assert first["user"] == second["user"]
    assert (await control.me(second["token"])).json()["data"] == second["user"]
    chain = await control.sql("select used_at is not null, replaced_by is not null from refresh_tokens order by id")
    assert [tuple(row) for row in chain] == [(True, True), (True, True), (False, False)]


async def test_a_reused_token_ends_the_family(control: ControlPlane, refresh_token: str) -> None:
    newest = (await control.refresh(refresh_token)).json()["data"]["refresh_token"]
    other = (await control.sign_in(EMAIL))["refresh_token"]
    reused = await control.refresh(refresh_token)
    assert (reused.status_code, reused.json()["code"]) == (401, "UNAUTHORIZED")
    assert (await control.refresh(newest)).status_code == 401
    assert (await control.refresh(other)).status_code == 200
    revoked = await control.sql("select body ->> 'reason' from events where kind = 'session.revoked'")
    assert revoked == [("token_reused",)]


async def test_of_two_at_once_one_wins_and_the_family_ends(control: ControlPlane, refresh_token: str) -> None:
    answers = await asyncio.gather(*(control.refresh(refresh_token) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 401, 401, 401]
    (won,) = (answer.json()["data"] for answer in answers if answer.status_code == 200)
    assert (await control.refresh(won["refresh_token"])).status_code == 401


async def test_a_session_moves_to_another_tenant(control: ControlPlane, refresh_token: str) -> None:
    moved = (await control.refresh(refresh_token, tenant_id="globex")).json()["data"]
    stayed = (await control.refresh(moved["refresh_token"])).json()["data"]
    assert [(claims_of(d["token"])["tenant_id"], d["user"]["role"]) for d in (moved, stayed)] == [
        ("globex", "admin")
    ] * 2
    assert (await control.sign_in(EMAIL))["user"]["tenant_id"] == "globex"


async def test_moving_where_one_does_not_belong_uses_nothing_up(control: ControlPlane, refresh_token: str) -> None:
    assert (await control.refresh(refresh_token, tenant_id="elsewhere")).status_code == 403
    assert (await control.refresh(refresh_token)).status_code == 200


@pytest.mark.parametrize(
    "change",
    [
        "update users set disabled_at = now()",
        "delete from memberships where tenant_id = 'acme'",
        "update tenants set state = 'deleting' where tenant_id = 'acme'",
    ],
)
async def test_a_session_ends_with_its_seat(control: ControlPlane, refresh_token: str, change: str) -> None:
    await control.execute(change)
    answer = await control.refresh(refresh_token)
    assert (answer.status_code, answer.json()["error"]) == (401, "This session has ended; sign in again.")


async def test_a_refresh_token_expires(control: ControlPlane, refresh_token: str) -> None:
    control.clock.offset = timedelta(days=30)
    assert (await control.refresh(refresh_token)).status_code == 401


async def test_an_unknown_token_is_refused(control: ControlPlane) -> None:
    assert (await control.refresh("opr_unknown")).status_code == 401


async def test_signing_out_ends_the_session(control: ControlPlane, refresh_token: str) -> None:
    newest = (await control.refresh(refresh_token)).json()["data"]["refresh_token"]
    for token in (newest, newest, "opr_unknown"):
        answer = await control.client.post("/api/auth/logout", json={"refresh_token": token})
        assert (answer.status_code, answer.json()) == (200, {"data": {"logged_out": True}})
    assert (await control.refresh(newest)).status_code == 401
    assert await control.sql("select revoked_reason from sessions") == [("signed_out",)]


async def test_a_super_admin_stays_one(control: ControlPlane) -> None:
    await control.add_user(ROOT_EMAIL, is_super_admin=True)
    signed_in = await control.sign_in(ROOT_EMAIL)
    refreshed = (await control.refresh(signed_in["refresh_token"])).json()["data"]
    assert (refreshed["user"]["role"], refreshed["user"]["tenant_id"]) == ("super_admin", None)


async def test_old_sessions_are_forgotten_and_live_ones_are_not(control: ControlPlane, refresh_token: str) -> None:
    await control.refresh(refresh_token)
    control.clock.offset = timedelta(days=29)
    await control.sign_in(EMAIL)
    control.clock.offset = timedelta(days=31)
    for tick in ticks(control.app.state.sessions, control.app.state.impersonations, control.app.state.signing_keys):
        await tick.run()
    assert await control.sql("select count(*) from sessions") == [(1,)]
    assert await control.sql("select count(*) from refresh_tokens") == [(1,)]
