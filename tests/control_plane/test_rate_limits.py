"""The control plane counts requests as the tenant plane does: by the plan, together with its other processes."""

from typing import Any

import httpx
import pytest

from control_plane.core.system import SYSTEM
from control_plane.identity.rules import Role
from control_plane.quotas import service as quotas
from control_plane.quotas.rules import LimitName
from control_plane.quotas.schemas import LimitGrant
from tests.control_plane.support import ControlPlane, control_plane

BODY = {"email": "nobody@acme.example", "password": "wrong"}
BEGINNING_OF_A_MINUTE = 1_000_000_020.0
LIMITS = {"anonymous": 3, "viewer": 3}


def remaining(answer: httpx.Response) -> str:
    return str(answer.headers["x-ratelimit-remaining"])


def limit(answer: httpx.Response) -> str:
    return str(answer.headers["x-ratelimit-limit"])


async def grant(control: ControlPlane, role: Role, value: int) -> None:
    """To the tenant ``acme``, instead of its plan's."""
    command = LimitGrant(limit_name=LimitName(f"requests_per_minute_{role}"), value=value, reason="A test")
    async with control.database.write(SYSTEM) as tx:
        await quotas.grant_limit(tx, "acme", command)


async def test_two_processes_count_together(empty_url: str, password_hash: str) -> None:
    places = [control_plane(empty_url, password_hash, requests_per_minute=LIMITS) for _ in range(2)]
    for place in places:
        place.app.state.limiter.clock = lambda: BEGINNING_OF_A_MINUTE
    try:
        answers = [await place.client.post("/api/auth/token", json=BODY) for place in places * 2]
    finally:
        for place in places:
            await place.database.close()
    assert [answer.status_code for answer in answers] == [401, 401, 401, 429]
    assert [remaining(answer) for answer in answers] == ["2", "1", "0", "0"]
    assert answers[-1].headers["retry-after"] == "61"


@pytest.mark.parametrize(("role", "rate"), [(Role.VIEWER, "100"), (Role.OPERATOR, "500"), (Role.ADMIN, "1000")])
async def test_a_member_has_the_rate_of_the_plan_for_its_role(control: ControlPlane, role: Role, rate: str) -> None:
    headers = await control.member(role)
    assert limit(await control.client.get("/api/auth/me", headers=headers)) == rate


async def test_a_member_is_refused_beyond_the_rate_of_its_tenant_by_all_processes(
    empty_url: str, password_hash: str
) -> None:
    places = [control_plane(empty_url, password_hash) for _ in range(2)]
    for place in places:
        place.app.state.limiter.clock = lambda: BEGINNING_OF_A_MINUTE
    try:
        headers = await places[0].member(Role.VIEWER)
        await grant(places[0], Role.VIEWER, 3)
        users = "select count(*) as users from users"
        before = await places[0].sql(users)
        answers = [
            await places[0].client.get("/api/auth/me", headers=headers),
            await places[1].client.get("/api/users", headers=headers),  # a refusal counts, too
            await places[0].client.put("/api/auth/me", headers=headers, json={"name": "Ana"}),
            await places[1].client.put("/api/auth/me", headers=headers, json={"name": "Bo"}),
        ]
        assert await places[1].sql("select name from users where name in ('Ana', 'Bo')") == [("Ana",)]
        assert await places[1].sql(users) == before
    finally:
        for place in places:
            await place.database.close()
    assert [answer.status_code for answer in answers] == [200, 403, 200, 429]
    assert [(limit(answer), remaining(answer)) for answer in answers] == [
        ("3", "2"),
        ("3", "1"),
        ("3", "0"),
        ("3", "0"),
    ]
    assert (answers[-1].json()["code"], answers[-1].headers["retry-after"]) == ("RATE_LIMIT", "61")
    assert answers[-1].headers["x-ratelimit-reset"] == str(int(BEGINNING_OF_A_MINUTE) + 60)


async def test_another_rate_counts_within_five_seconds_and_costs_nothing_between(control: ControlPlane) -> None:
    now = 100.0
    control.app.state.rates.clock = lambda: now
    headers = await control.member(Role.VIEWER)

    async def asked() -> tuple[str, list[str]]:
        with control.statements() as seen:
            answer = await control.client.get("/api/auth/me", headers=headers)
        return limit(answer), [sql for sql in seen if "limit_overrides" in sql or "plans" in sql]

    assert (await asked())[0] == "100"
    await grant(control, Role.VIEWER, 7)
    assert await asked() == ("100", [])
    now += 5
    assert (await asked())[0] == "7"
    assert await asked() == ("7", [])


async def test_a_tenant_that_is_gone_has_the_settings_rate(control: ControlPlane) -> None:
    headers = await control.member(Role.OPERATOR)
    await grant(control, Role.OPERATOR, 9)
    await control.execute("update tenants set state = 'gone'")
    assert limit(await control.client.get("/api/auth/me", headers=headers)) == "500"


@pytest.mark.parametrize(
    ("settings", "expected"),
    [({}, ("1000", "100", "7")), ({"super_admin": 11, "anonymous": 12, "viewer": 13}, ("11", "12", "13"))],
)
async def test_settings_go_before_and_are_all_that_super_admins_and_strangers_have(
    empty_url: str, password_hash: str, settings: dict[str, Any], expected: tuple[str, str, str]
) -> None:
    place = control_plane(empty_url, password_hash, requests_per_minute=settings)
    try:
        root, viewer = await place.super_admin(), await place.member(Role.VIEWER)
        await grant(place, Role.VIEWER, 7)
        answers = [
            await place.client.get("/api/tenants", headers=root),
            await place.client.get("/api/plans/nothing"),
            await place.client.get("/api/auth/me", headers=viewer),
        ]
    finally:
        await place.database.close()
    assert tuple(limit(answer) for answer in answers) == expected


async def test_every_answer_has_the_three_headers(control: ControlPlane) -> None:
    answers = [
        await control.client.get("/api/tenants/nothing/here/at/all"),
        await control.client.delete("/api/auth/token"),
        await control.client.get("/api/tenants"),
        await control.client.get("/healthz"),
    ]
    assert [answer.status_code for answer in answers] == [404, 405, 401, 200]
    for answer in answers:
        assert {"x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"} <= set(answer.headers)
