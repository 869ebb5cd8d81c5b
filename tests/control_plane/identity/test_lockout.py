"""Too many wrong passwords: who waits, how long, and who does not."""

import asyncio
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import httpx
import pytest

from control_plane.identity.jobs import ticks
from control_plane.identity.rules import Role
from tests.control_plane.support import PASSWORD, ControlPlane, bearer

EMAIL = "ana@acme.example"
HOME, STRANGER = "192.0.2.10", "203.0.113.66"


@pytest.fixture
async def ana(control: ControlPlane) -> ControlPlane:
    control.clock.hold()
    await control.add_tenant("acme")
    await control.add_user(EMAIL, {"acme": Role.ADMIN})
    return control


async def attempt(
    control: ControlPlane, password: str = "wrong", *, email: str = EMAIL, address: str = STRANGER
) -> httpx.Response:
    transport = httpx.ASGITransport(app=control.app, client=(address, 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://control-plane") as client:
        return await client.post("/api/auth/token", json={"email": email, "password": password})


async def wrong(control: ControlPlane, count: int, **whom: str) -> list[int]:
    return [(await attempt(control, **whom)).status_code for _ in range(count)]


async def test_five_wrong_ones_and_the_wait_is_named(ana: ControlPlane) -> None:
    assert await wrong(ana, 5) == [401] * 5
    right = await attempt(ana, PASSWORD)
    assert (right.status_code, right.json()["code"]) == (429, "ACCOUNT_LOCKED")
    assert right.headers["retry-after"] == "60"
    assert right.json()["error"] == "There were too many wrong tries. The next one is possible in 1 minute."
    ana.clock.offset += timedelta(minutes=1)
    assert await wrong(ana, 5) == [401] * 5
    again = await attempt(ana, PASSWORD)
    assert "in 5 minutes" in again.json()["error"]
    assert await ana.sql("select id from sessions") == []


async def test_a_success_forgives(ana: ControlPlane) -> None:
    await wrong(ana, 4)
    assert (await attempt(ana, PASSWORD)).status_code == 200
    assert await ana.sql("select failures from sign_in_tries where origin <> ''") == []
    assert await wrong(ana, 4) == [401] * 4
    assert (await attempt(ana, PASSWORD)).status_code == 200


async def test_an_account_that_does_not_exist_behaves_the_same(ana: ControlPlane) -> None:
    answers = {}
    for email in (EMAIL, "nobody@acme.example"):
        found = [await attempt(ana, email=email, address=f"198.51.100.{len(email)}") for _ in range(7)]
        answers[email] = [
            (one.status_code, {**one.json(), "trace_id": ""}, one.headers.get("retry-after")) for one in found
        ]
    assert answers[EMAIL] == answers["nobody@acme.example"]
    assert [status for status, _, _ in answers[EMAIL]] == [401] * 5 + [429] * 2


async def test_a_stranger_can_not_lock_out_who_is_on_call(ana: ControlPlane) -> None:
    assert (await attempt(ana, PASSWORD, address=HOME)).status_code == 200
    await wrong(ana, 20)
    assert (await attempt(ana, PASSWORD)).status_code == 429
    assert (await attempt(ana, PASSWORD, address=HOME)).status_code == 200
    assert (await attempt(ana, PASSWORD)).status_code == 429


async def test_at_a_known_address_guessing_is_bounded_too(ana: ControlPlane) -> None:
    await attempt(ana, PASSWORD, address=HOME)
    assert await wrong(ana, 6, address=HOME) == [401] * 5 + [429]
    assert (await attempt(ana, PASSWORD, address="198.51.100.7")).status_code == 200


async def test_one_address_can_not_try_everybody(ana: ControlPlane) -> None:
    assert await wrong(ana, 1) == [401]
    await ana.execute("update sign_in_tries set failures = 48 where failures = 1")
    await ana.execute(f"delete from sign_in_tries where subject = sha256('{EMAIL}')")
    statuses = [(await attempt(ana, email=f"user-{number}@acme.example")).status_code for number in range(4)]
    assert statuses == [401, 401, 429, 429]
    assert (await attempt(ana, PASSWORD, address=HOME)).status_code == 200


async def test_of_many_at_once_five_are_tried(ana: ControlPlane) -> None:
    answers = await asyncio.gather(*(attempt(ana) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [401] * 5 + [429] * 3


async def test_an_admin_ends_the_wait(ana: ControlPlane) -> None:
    await ana.add_user("bo@acme.example", {"acme": Role.ADMIN})
    admin = bearer((await ana.sign_in("bo@acme.example"))["token"])
    await wrong(ana, 5)
    people = (await ana.client.get("/api/users?q=ana@", headers=admin)).json()["data"]["items"]
    assert people[0]["locked_until"] is not None
    answer = await ana.client.post(f"/api/users/{people[0]['id']}/unlock", headers=admin)
    assert (answer.status_code, answer.json()["data"]["locked_until"]) == (200, None)
    assert (await attempt(ana, PASSWORD)).status_code == 200


async def test_a_flood_leaves_few_entries_in_the_audit_log(ana: ControlPlane) -> None:
    for _ in range(3):
        await wrong(ana, 8)
        ana.clock.offset += timedelta(minutes=20)
    found = await ana.sql("select action, result, count(*) from audit_log where action like 'sign_in.%' group by 1, 2")
    assert sorted(map(tuple, found)) == [("sign_in.failed", "refused", 3), ("sign_in.locked", "refused", 3)]
    ((details,),) = await ana.sql("select details from audit_log where action = 'sign_in.locked' order by seq limit 1")
    assert (details["email"], details["waits"], details["from_known_address"]) == (EMAIL, 1, False)


@contextmanager
def measured(seconds: list[float]) -> Iterator[None]:
    started = time.process_time()
    yield
    seconds.append(time.process_time() - started)


async def test_an_unknown_account_takes_as_long_as_a_wrong_password(ana: ControlPlane) -> None:
    """The processor's time of this process, so that whatever else this machine does falls on neither; as a ratio."""
    seconds: dict[str, list[float]] = {EMAIL: [], "nobody@acme.example": []}
    for number in range(12):
        for email, measurements in seconds.items():
            with measured(measurements):
                answer = await attempt(ana, email=email, address=f"198.51.100.{number}")
            assert answer.status_code == 401
            await ana.execute("delete from sign_in_tries")
    known, unknown = (statistics.median(measurements) for measurements in seconds.values())
    assert 0.7 < known / unknown < 1.4


async def test_both_cost_the_same_statements(ana: ControlPlane) -> None:
    counted: dict[str, list[str]] = {}
    for email in (EMAIL, "nobody@acme.example"):
        with ana.statements() as statements:
            await attempt(ana, email=email)
        counted[email] = list(statements)
    assert counted[EMAIL] == counted["nobody@acme.example"]


async def test_counters_are_forgotten(ana: ControlPlane) -> None:
    await attempt(ana, PASSWORD, address=HOME)
    await wrong(ana, 3)
    await forget(ana)
    assert len(await ana.sql("select 1 from sign_in_tries")) == 2
    ana.clock.offset += timedelta(days=91)
    await forget(ana)
    assert await ana.sql("select 1 from sign_in_tries") == []
    assert await ana.sql("select 1 from known_addresses") == []


async def forget(control: ControlPlane) -> None:
    state: Any = control.app.state
    await ticks(state.sessions, state.impersonations, state.signing_keys)[0].run()
