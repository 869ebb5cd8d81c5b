"""One's own account: profile, password, sessions; and registering where an installation is open."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from control_plane.identity.rules import Role
from tests.control_plane.support import PASSWORD, ControlPlane, bearer, control_plane
from tests.support.inbox import Inbox, smtp_server
from tests.support.tenant_plane import until

EMAIL = "ana@acme.example"
OTHER = "another password"


@pytest.fixture
async def ana(control: ControlPlane) -> dict[str, Any]:
    """Her session."""
    await control.add_tenant("acme")
    await control.add_user(EMAIL, {"acme": Role.VIEWER})
    return await control.sign_in(EMAIL)


async def test_the_profile_is_changed_in_parts_and_whole(control: ControlPlane, ana: dict[str, Any]) -> None:
    headers = bearer(ana["token"])
    first = await control.client.patch("/api/auth/me", json={"time_zone": "Europe/Madrid"}, headers=headers)
    second = await control.client.put("/api/auth/me", json={"name": "Ana R."}, headers=headers)
    seen = [(a.json()["data"]["name"], a.json()["data"]["time_zone"]) for a in (first, second)]
    assert seen == [("Ana Ruiz", "Europe/Madrid"), ("Ana R.", None)]
    assert (await control.me(ana["token"])).json()["data"]["name"] == "Ana R."
    changes = await control.sql("select details from audit_log where action = 'user.profile_changed' order by seq")
    assert changes[1][0]["before"] == {"name": "Ana Ruiz", "time_zone": "Europe/Madrid"}


@pytest.mark.parametrize("body", [{"time_zone": "Mars/Base"}, {"name": " "}, {"email": "x@y"}, {"role": "admin"}])
async def test_what_can_not_be_is_refused(control: ControlPlane, ana: dict[str, Any], body: dict[str, str]) -> None:
    answer = await control.client.patch("/api/auth/me", json=body, headers=bearer(ana["token"]))
    assert answer.status_code == 422
    assert await control.sql("select name, time_zone from users") == [("Ana Ruiz", None)]


async def change(control: ControlPlane, session: dict[str, Any], old: str, new: str = OTHER) -> httpx.Response:
    body = {"old_password": old, "new_password": new}
    return await control.client.post("/api/auth/change-password", json=body, headers=bearer(session["token"]))


async def test_a_new_password_ends_the_other_sessions(control: ControlPlane, ana: dict[str, Any]) -> None:
    other = await control.sign_in(EMAIL)
    answer = await change(control, ana, PASSWORD)
    assert answer.json()["data"] == {"changed": True, "sessions_ended": 1}
    assert (await control.refresh(other["refresh_token"])).status_code == 401
    assert (await control.refresh(ana["refresh_token"])).status_code == 200
    statuses = [
        (await control.client.post("/api/auth/token", json={"email": EMAIL, "password": word})).status_code
        for word in (PASSWORD, OTHER)
    ]
    assert statuses == [401, 200]
    entries = await control.sql("select actor_name, target from audit_log where action = 'user.password_changed'")
    assert entries == [(EMAIL, f"user:{ana['user']['id']}")]


async def test_a_stolen_session_can_not_guess_the_password(control: ControlPlane, ana: dict[str, Any]) -> None:
    answers = [await change(control, ana, "guess") for _ in range(6)]
    assert [answer.status_code for answer in answers] == [401] * 5 + [429]
    assert (await change(control, ana, PASSWORD)).status_code == 429
    short = await change(control, ana, PASSWORD, "1234567")
    assert short.status_code == 422


async def test_own_sessions_are_listed_and_ended(control: ControlPlane, ana: dict[str, Any]) -> None:
    await control.add_user("bo@acme.example", {"acme": Role.VIEWER})
    theirs = await control.sign_in("bo@acme.example")
    other = await control.sign_in(EMAIL)
    headers = bearer(ana["token"])
    items = (await control.client.get("/api/auth/sessions", headers=headers)).json()["data"]["items"]
    assert [(item["is_current"], item["address"], item["method"]) for item in items] == [
        (False, "127.0.0.1", "password"),
        (True, "127.0.0.1", "password"),
    ]
    ended = await control.client.delete(f"/api/auth/sessions/{items[0]['id']}", headers=headers)
    again = await control.client.delete(f"/api/auth/sessions/{items[0]['id']}", headers=headers)
    ((foreign,),) = await control.sql(
        "select s.id from sessions s join users u on u.id = s.user_id where email like 'bo@%'"
    )
    stolen = await control.client.delete(f"/api/auth/sessions/{foreign}", headers=headers)
    assert [answer.status_code for answer in (ended, again, stolen)] == [200, 404, 404]
    assert (await control.refresh(other["refresh_token"])).status_code == 401
    assert (await control.refresh(theirs["refresh_token"])).status_code == 200


async def test_a_closed_installation_takes_nobody(control: ControlPlane) -> None:
    body = {"email": EMAIL, "name": "Ana", "password": PASSWORD}
    assert (await control.client.get("/api/auth/register")).json()["data"] == {"is_open": False}
    answer = await control.client.post("/api/auth/register", json=body)
    assert (answer.status_code, answer.json()["code"]) == (403, "REGISTRATION_CLOSED")
    assert await control.sql("select id from users") == []


@pytest.fixture
async def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
async def open_plane(empty_url: str, password_hash: str, inbox: Inbox) -> AsyncIterator[ControlPlane]:
    """Open to everybody, and with mail."""
    async with smtp_server(inbox) as port:
        plane = control_plane(
            empty_url,
            password_hash,
            open_registration=True,
            smtp_url=f"smtp://127.0.0.1:{port}",
            mail_from="no-reply@opsplane.example",
            public_url="https://ops.example",
        )
        yield plane
        await plane.database.close()


async def test_an_open_one_makes_accounts_that_open_nothing(open_plane: ControlPlane) -> None:
    assert (await open_plane.client.get("/api/auth/register")).json()["data"] == {"is_open": True}
    body = {"email": "Ana@acme.example", "name": "Ana", "password": PASSWORD}
    made = await open_plane.client.post("/api/auth/register", json=body)
    again = await open_plane.client.post("/api/auth/register", json=body)
    both = await open_plane.client.post("/api/auth/register", json={**body, "token": "x"})
    assert [answer.status_code for answer in (made, again, both)] == [201, 409, 422]
    assert (made.json()["data"]["email"], made.json()["data"]["tenant_id"]) == (EMAIL, None)
    refused = await open_plane.client.post("/api/auth/token", json={"email": EMAIL, "password": PASSWORD})
    assert refused.status_code == 403
    assert await open_plane.sql("select is_super_admin from users") == [(False,)]


async def ask_for_reset(plane: ControlPlane, email: str = EMAIL) -> httpx.Response:
    return await plane.client.post("/api/auth/forgot-password", json={"email": email})


async def mailed_token(inbox: Inbox, count: int) -> str:
    async def look() -> str | None:
        found = re.search(r"https://ops.example/reset-password#(\S+)", inbox.text()) if inbox.envelopes else None
        return found[1] if found and len(inbox.envelopes) == count else None

    return await until(look)


async def reset(plane: ControlPlane, token: str) -> httpx.Response:
    return await plane.client.post("/api/auth/reset-password", json={"token": token, "password": OTHER})


async def test_a_forgotten_password_is_replaced(open_plane: ControlPlane, inbox: Inbox) -> None:
    await open_plane.add_tenant("acme")
    await open_plane.add_user(EMAIL, {"acme": Role.VIEWER})
    session = await open_plane.sign_in(EMAIL)
    for _ in range(5):
        await open_plane.client.post("/api/auth/token", json={"email": EMAIL, "password": "wrong"})
    assert (await ask_for_reset(open_plane)).status_code == 202
    token = await mailed_token(inbox, 1)
    answer = await reset(open_plane, token)
    assert answer.json()["data"] == {"reset": True}
    assert (await open_plane.refresh(session["refresh_token"])).status_code == 401
    signed_in = await open_plane.client.post("/api/auth/token", json={"email": EMAIL, "password": OTHER})
    assert signed_in.status_code == 200, "the wait has ended, too"
    again = await reset(open_plane, token)
    assert (again.status_code, again.json()["code"]) == (422, "RESET_INVALID")


async def test_the_mail_gives_an_address_back_to_whom_it_belongs(open_plane: ControlPlane, inbox: Inbox) -> None:
    """A stranger has made an account for it, with an app of theirs."""
    squatter = {"email": EMAIL, "name": "Not Ana", "password": PASSWORD}
    user_id = UUID((await open_plane.client.post("/api/auth/register", json=squatter)).json()["data"]["id"])
    await open_plane.enrol(user_id)
    verified = "select email_verified_at is not null from users"
    assert await open_plane.sql(verified) == [(False,)]
    await ask_for_reset(open_plane)
    await reset(open_plane, await mailed_token(inbox, 1))
    assert await open_plane.sql("select 1 from second_factors") == []
    assert await open_plane.sql(verified) == [(True,)]


async def test_an_app_of_a_proven_account_stays(open_plane: ControlPlane, inbox: Inbox) -> None:
    await open_plane.enrol(await open_plane.add_user(EMAIL))
    await ask_for_reset(open_plane)
    await reset(open_plane, await mailed_token(inbox, 1))
    assert await open_plane.sql("select confirmed_at is not null from second_factors") == [(True,)]


async def test_a_link_lasts_an_hour(open_plane: ControlPlane, inbox: Inbox) -> None:
    await open_plane.add_user(EMAIL)
    await ask_for_reset(open_plane)
    token = await mailed_token(inbox, 1)
    open_plane.clock.offset += timedelta(hours=1)
    assert (await reset(open_plane, token)).status_code == 422
    assert await open_plane.sql("select password_hash from users") == [(open_plane.password_hash,)]


async def test_asking_tells_nothing_and_floods_nobody(open_plane: ControlPlane, inbox: Inbox) -> None:
    await open_plane.add_user(EMAIL)
    known, unknown = await ask_for_reset(open_plane), await ask_for_reset(open_plane, "nobody@acme.example")
    assert (known.status_code, known.json()) == (unknown.status_code, unknown.json())
    await mailed_token(inbox, 1)
    await ask_for_reset(open_plane)
    open_plane.clock.offset += timedelta(minutes=5)
    await ask_for_reset(open_plane)
    await mailed_token(inbox, 2)
    assert [envelope.rcpt_tos for envelope in inbox.envelopes] == [[EMAIL], [EMAIL]]


async def test_without_mail_it_says_so(control: ControlPlane) -> None:
    answer = await ask_for_reset(control)
    assert (answer.status_code, answer.json()["code"]) == (409, "MAIL_NOT_CONFIGURED")
    assert "mail" in answer.json()["error"]
