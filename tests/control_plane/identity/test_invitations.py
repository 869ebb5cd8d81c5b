"""Invitations: by mail or by hand, once, for a week, and only for the address that was invited."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from control_plane.identity.rules import Role
from tests.control_plane.support import PASSWORD, ControlPlane, bearer, control_plane
from tests.support.inbox import Inbox, smtp_server

NEW = "new@acme.example"


@pytest.fixture
async def admin(control: ControlPlane) -> dict[str, str]:
    control.clock.hold()
    return await control.member(Role.ADMIN)


async def invite(
    control: ControlPlane, headers: dict[str, str], *emails: str, role: str = "operator"
) -> httpx.Response:
    body = {"emails": list(emails or [NEW]), "role": role}
    return await control.client.post("/api/users/invitations", json=body, headers=headers)


def token_of(answer: httpx.Response) -> str:
    link: str = answer.json()["data"]["items"][0]["link"]
    return link.rpartition("#")[2]


async def register(control: ControlPlane, token: str, name: str = "Nia") -> httpx.Response:
    body = {"token": token, "name": name, "password": PASSWORD}
    return await control.client.post("/api/auth/register", json=body)


async def preview(control: ControlPlane, token: str) -> httpx.Response:
    return await control.client.post("/api/auth/invitations/preview", json={"token": token})


async def test_without_mail_the_link_is_shown_once(control: ControlPlane, admin: dict[str, str]) -> None:
    answer = await invite(control, admin)
    data = answer.json()["data"]
    assert (answer.status_code, data["is_mail_configured"]) == (201, False)
    (item,) = data["items"]
    assert (item["outcome"], item["is_mailed"]) == ("invited", False)
    assert item["link"].startswith("http://control-plane/join#")
    listed = (await control.client.get("/api/users/invitations", headers=admin)).json()["data"]["items"]
    assert listed == [item["invitation"]]
    token = token_of(answer)
    ((everything,),) = await control.sql(
        "select string_agg(i::text, '') || (select string_agg(e::text, '') from audit_log e) from invitations i"
    )
    assert token not in everything
    shown = (await preview(control, token)).json()["data"]
    assert (shown["tenant_name"], shown["email"], shown["role"], shown["has_account"]) == (
        "Acme",
        NEW,
        "operator",
        False,
    )


async def test_a_newcomer_registers_and_works_there(control: ControlPlane, admin: dict[str, str]) -> None:
    token = token_of(await invite(control, admin))
    made = await register(control, token)
    assert made.status_code == 201
    assert {key: made.json()["data"][key] for key in ("email", "tenant_id", "role")} == {
        "email": NEW,
        "tenant_id": "acme",
        "role": "operator",
    }
    assert (await control.sign_in(NEW))["user"]["role"] == "operator"
    again = await register(control, token)
    assert (again.status_code, again.json()["code"]) == (404, "INVITATION_INVALID")
    assert (await preview(control, token)).status_code == 404
    assert (await control.client.get("/api/users/invitations", headers=admin)).json()["data"]["total"] == 0


async def test_one_link_followed_twice_at_once_makes_one_account(control: ControlPlane, admin: dict[str, str]) -> None:
    token = token_of(await invite(control, admin))
    answers = await asyncio.gather(*(register(control, token, f"Nia {number}") for number in range(3)))
    assert sorted(answer.status_code for answer in answers)[0] == 201
    assert [answer.status_code for answer in answers].count(201) == 1
    assert await control.sql(f"select count(*) from users where email = '{NEW}'") == [(1,)]


async def test_whoever_has_an_account_signs_in_to_accept(control: ControlPlane, admin: dict[str, str]) -> None:
    """Also one that has no tenant yet, and so could not sign in otherwise."""
    await control.add_user(NEW)
    token = token_of(await invite(control, admin))
    assert (await preview(control, token)).json()["data"]["has_account"] is True
    refused = await register(control, token)
    assert (refused.status_code, refused.json()["code"]) == (409, "ACCOUNT_EXISTS")
    session = await control.sign_in(NEW, invitation=token)
    assert (session["user"]["tenant_id"], session["user"]["role"]) == ("acme", "operator")


async def test_whoever_is_signed_in_accepts_and_moves(control: ControlPlane, admin: dict[str, str]) -> None:
    await control.add_tenant("globex")
    await control.add_user(NEW, {"globex": Role.VIEWER})
    session = await control.sign_in(NEW)
    token = token_of(await invite(control, admin))
    answer = await control.client.post(
        "/api/auth/invitations/accept", json={"token": token}, headers=bearer(session["token"])
    )
    assert answer.json()["data"] == {"tenant_id": "acme", "tenant_name": "Acme", "role": "operator"}
    moved = await control.refresh(session["refresh_token"], tenant_id="acme")
    assert moved.json()["data"]["user"]["role"] == "operator"


async def test_it_is_for_one_address(control: ControlPlane, admin: dict[str, str]) -> None:
    await control.add_tenant("globex")
    await control.add_user("other@globex.example", {"globex": Role.VIEWER})
    token = token_of(await invite(control, admin))
    headers = bearer((await control.sign_in("other@globex.example"))["token"])
    answers = [
        await control.client.post("/api/auth/invitations/accept", json={"token": token}, headers=headers),
        await control.client.post(
            "/api/auth/token", json={"email": "other@globex.example", "password": PASSWORD, "invitation": token}
        ),
    ]
    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(403, "INVITED_SOMEBODY_ELSE")] * 2
    assert await control.sql("select count(*) from memberships where tenant_id = 'acme'") == [(1,)]
    assert (await preview(control, token)).status_code == 200


async def test_what_is_over_looks_like_what_never_was(control: ControlPlane, admin: dict[str, str]) -> None:
    revoked = await invite(control, admin, "a@acme.example")
    await control.client.delete(
        f"/api/users/invitations/{revoked.json()['data']['items'][0]['invitation']['id']}", headers=admin
    )
    expired = await invite(control, admin, "b@acme.example")
    control.clock.offset += timedelta(days=7)
    looks = []
    for token in (token_of(revoked), token_of(expired), "nobody-has-it"):
        for answer in (await preview(control, token), await register(control, token)):
            looks.append((answer.status_code, {**answer.json(), "trace_id": ""}))
    assert looks == [looks[0]] * 6 and looks[0][0] == 404
    assert await control.sql("select count(*) from users") == [(1,)]


async def test_sending_again_replaces_the_link(control: ControlPlane, admin: dict[str, str]) -> None:
    first = await invite(control, admin)
    invitation = first.json()["data"]["items"][0]["invitation"]
    control.clock.offset += timedelta(days=8)
    assert (await preview(control, token_of(first))).status_code == 404
    answer = await control.client.post(f"/api/users/invitations/{invitation['id']}/resend", headers=admin)
    assert answer.status_code == 200, answer.text
    link = answer.json()["data"]["link"]
    assert (await preview(control, token_of(first))).status_code == 404
    assert (await preview(control, link.rpartition("#")[2])).status_code == 200


async def test_members_and_invited_ones_stay_what_they_are(control: ControlPlane, admin: dict[str, str]) -> None:
    await invite(control, admin)
    answer = await invite(
        control, admin, NEW, "ana@acme.example", "third@acme.example", "third@acme.example", role="viewer"
    )
    items = answer.json()["data"]["items"]
    assert [(item["outcome"], item["link"] is None) for item in items] == [
        ("already_invited", True),
        ("already_member", True),
        ("invited", False),
    ]
    assert await control.sql("select role from invitations order by created_at, id") == [("operator",), ("viewer",)]


async def test_seats_are_all_there_or_nobody_is_invited(control: ControlPlane, admin: dict[str, str]) -> None:
    root = await control.super_admin()
    limit = {"limit_name": "users", "value": 3, "reason": "small"}
    await control.client.post("/api/tenants/acme/limits", json=limit, headers=root)
    full = await invite(control, admin, "a@acme.example", "b@acme.example", "c@acme.example")
    assert (full.status_code, full.json()["code"]) == (402, "QUOTA_EXCEEDED")
    assert await control.sql("select id from invitations") == []
    assert (await invite(control, admin, "a@acme.example", "b@acme.example")).status_code == 201


async def test_two_admins_and_one_seat(control: ControlPlane, admin: dict[str, str]) -> None:
    root = await control.super_admin()
    limit = {"limit_name": "users", "value": 2, "reason": "small"}
    await control.client.post("/api/tenants/acme/limits", json=limit, headers=root)
    answers = await asyncio.gather(*(invite(control, admin, f"{number}@acme.example") for number in range(3)))
    assert sorted(answer.status_code for answer in answers) == [201, 402, 402]


@pytest.fixture
async def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
async def mailing(empty_url: str, password_hash: str, inbox: Inbox) -> AsyncIterator[ControlPlane]:
    async with smtp_server(inbox) as port:
        plane = control_plane(
            empty_url,
            password_hash,
            smtp_url=f"smtp://127.0.0.1:{port}",
            mail_from="no-reply@opsplane.example",
            public_url="https://ops.example",
        )
        yield plane
        await plane.database.close()


async def test_with_mail_the_link_goes_to_the_address_only(mailing: ControlPlane, inbox: Inbox) -> None:
    answer = await invite(mailing, await mailing.member(Role.ADMIN))
    (item,) = answer.json()["data"]["items"]
    assert (item["is_mailed"], item["link"]) == (True, None)
    assert inbox.envelopes[0].rcpt_tos == [NEW]
    found: Any = re.search(r"https://ops.example/join#(\S+)", inbox.text())
    assert (await register(mailing, found[1])).status_code == 201


async def verified(plane: ControlPlane, email: str = NEW) -> list[bool]:
    return [
        row[0] for row in await plane.sql(f"select email_verified_at is not null from users where email = '{email}'")
    ]


async def test_a_mailed_link_proves_the_address(mailing: ControlPlane, inbox: Inbox) -> None:
    await invite(mailing, await mailing.member(Role.ADMIN))
    found: Any = re.search(r"https://ops.example/join#(\S+)", inbox.text())
    await register(mailing, found[1])
    assert await verified(mailing) == [True]


async def test_a_link_that_was_shown_proves_nothing(control: ControlPlane, admin: dict[str, str]) -> None:
    """Whoever invites could register the address for themselves; they get no further than their own tenant."""
    assert (await register(control, token_of(await invite(control, admin)))).status_code == 201
    assert await verified(control) == [False]


async def test_a_link_that_was_mailed_proves_nothing_for_the_next(mailing: ControlPlane, inbox: Inbox) -> None:
    headers = await mailing.member(Role.ADMIN)
    await invite(mailing, headers)
    assert await mailing.sql("select mailed_at is not null from invitations") == [(True,)]
    inbox.is_full = True
    ((invitation,),) = await mailing.sql("select id from invitations")
    again = await mailing.client.post(f"/api/users/invitations/{invitation}/resend", headers=headers)
    assert (again.json()["data"]["is_mailed"], again.json()["data"]["link"]) == (False, None)
    assert await mailing.sql("select mailed_at is not null from invitations") == [(False,)]


async def test_a_mail_that_does_not_leave_shows_no_link(mailing: ControlPlane, inbox: Inbox) -> None:
    """A link that somebody else has seen as well would prove nothing."""
    headers = await mailing.member(Role.ADMIN)
    answer = await invite(mailing, headers, "not(an)address@acme.example")
    (item,) = answer.json()["data"]["items"]
    assert (item["is_mailed"], item["link"]) == (False, None)
    assert inbox.envelopes == []
