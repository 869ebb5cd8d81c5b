"""Killed at every point of an invitation and of an impersonation: whoever comes next can finish it, and nobody is left
with a power that is written down nowhere.
"""

import contextlib
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from control_plane.identity.rules import Role
from tests.control_plane.fate import Fate, Killed, MortalCalls, MortalDatabase, lives
from tests.control_plane.support import PASSWORD, ControlPlane, control_plane
from tests.support.inbox import Inbox, smtp_server

INVITATIONS, IMPERSONATIONS = "/api/users/invitations", "/api/tenants/acme/impersonations"


@contextlib.contextmanager
def life(control: ControlPlane, fate: Fate) -> Iterator[None]:
    """Inside, a process that ends by its fate; behind it the next one, which knows only what was committed."""
    state = control.app.state
    accounts, impersonations = state.accounts, state.impersonations
    database: Any = MortalDatabase(control.database, fate)
    state.accounts = replace(accounts, database=database, mail=MortalCalls(accounts.mail, fate))
    state.impersonations = replace(impersonations, database=database, plane=MortalCalls(impersonations.plane, fate))
    try:
        with contextlib.suppress(Killed):
            yield
    finally:
        state.accounts, state.impersonations = accounts, impersonations


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
async def mailing(empty_url: str, password_hash: str, inbox: Inbox) -> AsyncIterator[ControlPlane]:
    async with smtp_server(inbox) as port:
        mail: dict[str, Any] = {"smtp_url": f"smtp://127.0.0.1:{port}", "mail_from": "no-reply@opsplane.example"}
        plane = control_plane(empty_url, password_hash, public_url="https://ops.example", **mail)
        yield plane
        await plane.database.close()


async def invite(control: ControlPlane, admin: dict[str, str], email: str) -> httpx.Response:
    body = {"emails": [email], "role": "operator"}
    return await control.client.post(INVITATIONS, json=body, headers=admin)


async def register(control: ControlPlane, token: str) -> httpx.Response:
    body = {"token": token, "name": "Nia", "password": PASSWORD}
    return await control.client.post("/api/auth/register", json=body)


def mailed_token(inbox: Inbox) -> str:
    found: Any = re.search(r"https://ops.example/join#(\S+)", inbox.text())
    return str(found[1])


async def seats(control: ControlPlane, email: str) -> list[Any]:
    return await control.sql(
        f"select m.tenant_id, m.role from users left join memberships m on user_id = id where email = '{email}'"
    )


async def test_an_invitation(mailing: ControlPlane, inbox: Inbox) -> None:
    """There is one, or none; whoever heard nothing asks again, and sends the link once more."""
    admin = await mailing.member(Role.ADMIN)
    for fate in lives(at_least=6):
        email = f"nia{fate.ends_at}@acme.example"
        with life(mailing, fate):
            await invite(mailing, admin, email)
        assert (await invite(mailing, admin, email)).status_code == 201
        ((invitation, count),) = await mailing.sql(
            f"select max(id::text), count(*) from invitations where email = '{email}'"
        )
        assert count == 1
        resent = await mailing.client.post(f"{INVITATIONS}/{invitation}/resend", headers=admin)
        assert resent.json()["data"]["is_mailed"] is True
        assert (await register(mailing, mailed_token(inbox))).status_code == 201
        assert await seats(mailing, email) == [("acme", "operator")]


async def test_a_mailed_link_that_is_followed(mailing: ControlPlane, inbox: Inbox) -> None:
    """Whoever heard nothing follows it again: it still works, or the account is there."""
    admin = await mailing.member(Role.ADMIN)
    for fate in lives(at_least=2):
        email = f"nia{fate.ends_at}@acme.example"
        await invite(mailing, admin, email)
        with life(mailing, fate):
            await register(mailing, mailed_token(inbox))
        is_there = await seats(mailing, email) != []
        again = await register(mailing, mailed_token(inbox))
        assert again.status_code == {True: 404, False: 201}[is_there]
        assert await seats(mailing, email) == [("acme", "operator")]
        assert (await mailing.sign_in(email))["user"]["role"] == "operator"
        taken = f"action = 'invitation.accepted' and details ->> 'email' = '{email}'"
        assert await mailing.sql(f"select count(*) from audit_log where {taken}") == [(1,)]


@pytest.fixture
async def root(control: ControlPlane) -> dict[str, str]:
    await control.add_tenant("acme")
    return await control.super_admin()


async def impersonate(control: ControlPlane, root: dict[str, str]) -> httpx.Response:
    body = {"reason": "ticket 4711", "minutes": 30}
    return await control.client.post(IMPERSONATIONS, json=body, headers=root)


async def end_all(control: ControlPlane, root: dict[str, str]) -> None:
    for one in (await control.client.get(IMPERSONATIONS, headers=root)).json()["data"]["items"]:
        await control.client.delete(f"{IMPERSONATIONS}/{one['id']}", headers=root)


async def both_logs_agree(control: ControlPlane) -> None:
    """Each begin and each end once, and no plane believes in one that has ended."""
    ((begun, ended),) = await control.sql("select count(*), count(ended_at) from impersonations")
    logged = await control.sql(
        "select action, count(*) from audit_log where action like 'impersonation.%' group by 1 order by 1 desc"
    )
    assert logged == [("impersonation.started", begun), ("impersonation.ended", ended)]
    assert await control.sql("select id from impersonations where ended_at is null or told_at is null") == []
    assert {told.ended_at is None for told in control.plane.impersonations.values()} == {False}
    assert len(control.plane.impersonations) == begun


async def test_an_impersonation_that_begins(control: ControlPlane, root: dict[str, str]) -> None:
    """A token leaves only after both sides have written it down; one that never left can be ended like any other."""
    for fate in lives(at_least=6):
        answers: list[httpx.Response] = []
        with life(control, fate):
            answers.append(await impersonate(control, root))
        answers.append(await impersonate(control, root))
        held = {answer.json()["data"]["id"] for answer in answers}
        assert held <= {str(known) for known in control.plane.impersonations}
        await end_all(control, root)
        await both_logs_agree(control)


async def test_an_impersonation_that_is_ended(control: ControlPlane, root: dict[str, str]) -> None:
    """Once the end is written down, the plane hears of it; before that, it is ended again."""
    for fate in lives(at_least=6):
        started = (await impersonate(control, root)).json()["data"]
        with life(control, fate):
            await control.client.delete(f"{IMPERSONATIONS}/{started['id']}", headers=root)
        await control.app.state.impersonations.tell_ends()
        (is_ended,) = await control.sql(f"select ended_at is not null from impersonations where id = '{started['id']}'")
        assert [told.ended_at is not None for told in control.plane.impersonations.values()][-1] == is_ended[0]
        await end_all(control, root)
        await both_logs_agree(control)
