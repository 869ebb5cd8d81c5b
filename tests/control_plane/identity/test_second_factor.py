"""Authenticator apps: set up, asked for at each sign-in, each code once, and never missing for a super-admin."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest

from control_plane.app import OPERATIONS
from control_plane.core.actors import MAY_ENROL
from control_plane.identity.rules import Role, totp
from tests.control_plane.support import PASSWORD, ROOT_EMAIL, ControlPlane, bearer, claims_of

EMAIL = "ana@acme.example"
STEP = timedelta(seconds=30)


@pytest.fixture
async def member(control: ControlPlane) -> dict[str, str]:
    """Ana's headers."""
    control.clock.hold()
    return await control.member(Role.ADMIN)


async def attempt(control: ControlPlane, email: str = EMAIL, **body: Any) -> httpx.Response:
    return await control.client.post("/api/auth/token", json={"email": email, "password": PASSWORD, **body})


async def begin(control: ControlPlane, headers: dict[str, str], password: str = PASSWORD) -> httpx.Response:
    return await control.client.post("/api/auth/totp", json={"password": password}, headers=headers)


async def set_up(control: ControlPlane, headers: dict[str, str]) -> tuple[str, list[str]]:
    """The secret, and the recovery codes. Its first code is used up."""
    begun = (await begin(control, headers)).json()["data"]
    body = {"code": control.otp(begun["secret"])}
    answer = await control.client.post("/api/auth/totp/confirm", json=body, headers=headers)
    assert answer.status_code == 200, answer.text
    return begun["secret"], answer.json()["data"]["recovery_codes"]


def test_codes_are_those_of_the_rfc() -> None:
    """RFC 6238, appendix B, its SHA-1 rows, cut to six digits."""
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    expected = {59: "287082", 1111111109: "081804", 1234567890: "005924", 20000000000: "353130"}
    assert {seconds: totp.code_of(secret, seconds // 30) for seconds in expected} == expected


async def test_beginning_changes_nothing(control: ControlPlane, member: dict[str, str]) -> None:
    answer = await begin(control, member)
    begun = answer.json()["data"]
    assert answer.headers["cache-control"] == "no-store"
    assert (
        begun["otpauth_uri"] == f"otpauth://totp/Opsplane:ana%40acme.example?secret={begun['secret']}&issuer=Opsplane"
    )
    assert begun["qr_svg"].startswith("<svg") and "</svg>" in begun["qr_svg"]
    ((sealed, confirmed),) = await control.sql("select sealed_secret, confirmed_at from second_factors")
    assert begun["secret"].encode() not in sealed and confirmed is None
    assert (await attempt(control)).status_code == 200
    again = (await begin(control, member)).json()["data"]
    assert again["secret"] != begun["secret"]


async def test_a_session_alone_sets_up_nothing(control: ControlPlane, member: dict[str, str]) -> None:
    """A stolen one would else lock its owner out; and its guesses at the password are counted."""
    bare = await control.client.post("/api/auth/totp", headers=member)
    wrong = [await begin(control, member, "a wrong guess") for _ in range(5)]
    locked = await begin(control, member)
    assert [answer.status_code for answer in (bare, *wrong, locked)] == [422, *[401] * 5, 429]
    assert await control.sql("select 1 from second_factors") == []


async def test_a_wrong_code_confirms_nothing(control: ControlPlane, member: dict[str, str]) -> None:
    early = await control.client.post("/api/auth/totp/confirm", json={"code": "123456"}, headers=member)
    secret = (await begin(control, member)).json()["data"]["secret"]
    body = {"code": control.otp(secret, 2)}
    wrong = await control.client.post("/api/auth/totp/confirm", json=body, headers=member)
    assert (early.status_code, wrong.status_code, wrong.json()["code"]) == (409, 401, "OTP_INVALID")
    assert await control.sql("select confirmed_at from second_factors") == [(None,)]


async def test_from_then_on_each_sign_in_needs_a_code(control: ControlPlane, member: dict[str, str]) -> None:
    secret, _ = await set_up(control, member)
    without = await attempt(control)
    stranger = await control.client.post("/api/auth/token", json={"email": EMAIL, "password": "wrong"})
    used = await attempt(control, otp=control.otp(secret))
    control.clock.offset += STEP
    good = await attempt(control, otp=control.otp(secret))
    twice = await attempt(control, otp=control.otp(secret))
    early = await attempt(control, otp=control.otp(secret, 2))
    assert [answer.status_code for answer in (without, stranger, used, good, twice, early)] == [401] * 3 + [200] + [
        401
    ] * 2
    codes = [answer.json()["code"] for answer in (without, stranger, used, twice, early)]
    assert codes == ["OTP_REQUIRED", "UNAUTHORIZED", "OTP_INVALID", "OTP_INVALID", "OTP_INVALID"]
    assert good.json()["data"]["user"]["has_second_factor"] is True
    assert claims_of(good.json()["data"]["token"])["second_factor"] is True
    again = await begin(control, member)
    assert again.status_code == 409


async def test_one_code_brought_twice_at_once_counts_once(control: ControlPlane, member: dict[str, str]) -> None:
    secret, _ = await set_up(control, member)
    control.clock.offset += STEP
    answers = await asyncio.gather(*(attempt(control, otp=control.otp(secret)) for _ in range(3)))
    assert sorted(answer.status_code for answer in answers) == [200, 401, 401]


async def test_a_slow_clock_and_a_fast_one_are_tolerated(control: ControlPlane, member: dict[str, str]) -> None:
    secret, _ = await set_up(control, member)
    control.clock.offset += 3 * STEP
    statuses = [(await attempt(control, otp=control.otp(secret, late))).status_code for late in (-2, -1, 1, 0)]
    assert statuses == [401, 200, 200, 401]


async def test_wrong_codes_lock_like_wrong_passwords(control: ControlPlane, member: dict[str, str]) -> None:
    secret, _ = await set_up(control, member)
    control.clock.offset += STEP
    answers = [await attempt(control, otp="000000") for _ in range(5)]
    locked = await attempt(control, otp=control.otp(secret))
    assert {answer.json()["code"] for answer in answers} == {"OTP_INVALID"}
    assert locked.json()["code"] == "ACCOUNT_LOCKED"


async def test_asking_without_a_code_costs_no_try(control: ControlPlane, member: dict[str, str]) -> None:
    secret, _ = await set_up(control, member)
    assert [(await attempt(control)).json()["code"] for _ in range(6)] == ["OTP_REQUIRED"] * 6
    control.clock.offset += STEP
    assert (await attempt(control, otp=control.otp(secret))).status_code == 200


async def test_each_recovery_code_stands_in_once(control: ControlPlane, member: dict[str, str]) -> None:
    _, codes = await set_up(control, member)
    assert len(set(codes)) == 10
    first = await attempt(control, otp=codes[0].upper())
    again = await attempt(control, otp=codes[0])
    other = await attempt(control, otp=codes[1].replace("-", " "))
    assert [answer.status_code for answer in (first, again, other)] == [200, 401, 200]
    ((stored,),) = await control.sql("select string_agg(code_hash::text, '') from recovery_codes")
    assert all(code not in stored for code in codes)
    details = await control.sql("select details -> 'left' from audit_log where action = 'user.recovery_code_used'")
    assert details == [(9,), (8,)]


async def test_removing_needs_password_and_code(control: ControlPlane, member: dict[str, str]) -> None:
    secret, _ = await set_up(control, member)

    async def remove(password: str, otp: str) -> httpx.Response:
        body = {"password": password, "otp": otp}
        return await control.client.request("DELETE", "/api/auth/totp", json=body, headers=member)

    control.clock.offset += STEP
    wrong = [await remove("wrong", control.otp(secret)), await remove(PASSWORD, "000000")]
    assert [answer.status_code for answer in wrong] == [401, 401]
    assert await control.sql("select count(*) from second_factors") == [(1,)]
    assert (await remove(PASSWORD, control.otp(secret))).json()["data"] == {"removed": True}
    assert (await remove(PASSWORD, control.otp(secret))).status_code == 404
    assert (await attempt(control)).status_code == 200


class TestSuperAdmins:
    async def test_without_one_they_can_only_set_it_up(self, control: ControlPlane) -> None:
        control.clock.hold()
        await control.add_user(ROOT_EMAIL, is_super_admin=True)
        session = (await attempt(control, ROOT_EMAIL)).json()["data"]
        headers = bearer(session["token"])
        assert (session["user"]["role"], session["user"]["must_enrol"]) == ("super_admin", True)
        for operation in OPERATIONS:
            if operation.access == "public" or operation.id in MAY_ENROL:
                continue
            answer = await control.client.request(operation.method, operation.path, json={}, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (403, "TOTP_ENROLMENT_REQUIRED"), operation.id
        me = (await control.client.get("/api/auth/me", headers=headers)).json()["data"]
        assert (me["must_enrol"], me["has_second_factor"]) == (True, False)

    async def test_afterwards_they_sign_in_again(self, control: ControlPlane) -> None:
        control.clock.hold()
        control.clock.offset = -STEP  # a token from the future is refused
        await control.add_user(ROOT_EMAIL, is_super_admin=True)
        session = (await attempt(control, ROOT_EMAIL)).json()["data"]
        secret, _ = await set_up(control, bearer(session["token"]))
        refreshed = (await control.refresh(session["refresh_token"])).json()["data"]
        still = await control.client.get("/api/tenants", headers=bearer(refreshed["token"]))
        assert still.json()["code"] == "TOTP_ENROLMENT_REQUIRED"
        control.clock.offset += STEP
        good = (await attempt(control, ROOT_EMAIL, otp=control.otp(secret))).json()["data"]
        assert (await control.client.get("/api/tenants", headers=bearer(good["token"]))).status_code == 200
        turned = (await control.refresh(good["refresh_token"])).json()["data"]
        assert (await control.client.get("/api/tenants", headers=bearer(turned["token"]))).status_code == 200
        assert turned["user"]["must_enrol"] is False

    async def test_they_can_not_do_without(self, control: ControlPlane) -> None:
        headers = await control.super_admin()
        body = {"password": PASSWORD, "otp": "000000"}
        answer = await control.client.request("DELETE", "/api/auth/totp", json=body, headers=headers)
        assert answer.status_code == 409
        assert await control.sql("select count(*) from second_factors") == [(1,)]


class TestResetByAnAdmin:
    async def reset(
        self, control: ControlPlane, user_id: object, headers: dict[str, str], query: str = ""
    ) -> httpx.Response:
        return await control.client.post(f"/api/users/{user_id}/reset-totp{query}", headers=headers)

    async def test_of_a_member_of_this_tenant_alone(self, control: ControlPlane, member: dict[str, str]) -> None:
        bo = await control.add_user("bo@acme.example", {"acme": Role.OPERATOR})
        await control.enrol(bo)
        answer = await self.reset(control, bo, member)
        assert (answer.status_code, answer.json()["data"]["has_second_factor"]) == (200, False)
        assert (await attempt(control, "bo@acme.example")).status_code == 200

    async def test_never_of_a_super_admin_or_of_a_member_elsewhere(
        self, control: ControlPlane, member: dict[str, str]
    ) -> None:
        await control.add_tenant("globex")
        root = await control.add_user("boss@acme.example", {"acme": Role.ADMIN}, is_super_admin=True)
        both = await control.add_user("both@acme.example", {"acme": Role.VIEWER, "globex": Role.ADMIN})
        for user_id in (root, both):
            await control.enrol(user_id)
        answers = [await self.reset(control, user_id, member) for user_id in (root, both)]
        assert [answer.status_code for answer in answers] == [403, 403]
        assert answers[0].json()["error"] == answers[1].json()["error"]
        assert await control.sql("select count(*) from second_factors") == [(2,)]
        operator = await control.super_admin()
        assert (await self.reset(control, both, operator, "?tenant_id=acme")).status_code == 200
