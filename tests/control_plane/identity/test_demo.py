"""A demo installation shows its accounts, so that one click signs in; no other installation does."""

import json
from datetime import timedelta
from pathlib import Path

from tests.control_plane.support import ROOT_EMAIL, ControlPlane

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
FILE = {
    "base_url": "http://127.0.0.1:8080",
    "super_admin": {"email": "root@demo.example", "password": "p0", "totp_secret": SECRET},
    "tenants": [
        {
            "tenant_id": "acme",
            "admin": {"email": "admin@acme.example", "password": "p1"},
            "operator": {"email": "operator@acme.example", "password": "p2"},
            "viewer": {"email": "viewer@acme.example", "password": "p3"},
            "api_key": "opk_acme_0123_secret",
        }
    ],
}


async def test_no_demo_no_accounts(control: ControlPlane, tmp_path: Path) -> None:
    assert (await control.client.get("/api/demo")).status_code == 404
    control.app.state.demo_accounts_path = tmp_path / "absent.json"
    assert (await control.client.get("/api/demo")).status_code == 404


async def test_accounts_are_shown_without_api_keys(control: ControlPlane, tmp_path: Path) -> None:
    path = control.app.state.demo_accounts_path = tmp_path / "accounts.json"
    path.write_text(json.dumps(FILE))
    answer = await control.client.get("/api/demo")
    accounts = answer.json()["data"]["accounts"]
    assert accounts[0] == {
        "email": "root@demo.example",
        "password": "p0",
        "tenant_id": None,
        "role": "super_admin",
        "label": "Super-admin of all tenants",
        "otp": control.otp(SECRET),
    }
    assert [(a["email"], a["password"], a["tenant_id"], a["role"], a["label"]) for a in accounts[1:]] == [
        ("admin@acme.example", "p1", "acme", "admin", "Admin of acme"),
        ("operator@acme.example", "p2", "acme", "operator", "Operator of acme"),
        ("viewer@acme.example", "p3", "acme", "viewer", "Viewer of acme"),
    ]
    assert all(account["otp"] is None for account in accounts[1:])
    assert "opk_" not in answer.text and SECRET not in answer.text
    assert answer.headers["cache-control"] == "no-store"


async def test_a_half_written_file_is_tried_again_later(control: ControlPlane, tmp_path: Path) -> None:
    path = control.app.state.demo_accounts_path = tmp_path / "accounts.json"
    path.write_text('{"super_admin": {')
    assert (await control.client.get("/api/demo")).status_code == 503


async def test_each_answer_has_a_code_that_nobody_has_used(control: ControlPlane, tmp_path: Path) -> None:
    """Two visitors who click the same button within thirty seconds."""
    path = control.app.state.demo_accounts_path = tmp_path / "accounts.json"
    user_id = await control.add_user(ROOT_EMAIL, is_super_admin=True)
    secret = await control.enrol(user_id)
    path.write_text(json.dumps({**FILE, "super_admin": {"email": ROOT_EMAIL, "password": "p", "totp_secret": secret}}))

    async def offered() -> str | None:
        otp: str | None = (await control.client.get("/api/demo")).json()["data"]["accounts"][0]["otp"]
        return otp

    control.clock.hold()
    for _ in range(2):
        otp = await offered()
        assert otp is not None
        await control.sign_in(ROOT_EMAIL, otp=otp)
    assert await offered() is None
    control.clock.offset += timedelta(seconds=30)
    assert await offered() is not None


async def test_a_file_of_an_older_installation_has_no_code(control: ControlPlane, tmp_path: Path) -> None:
    path = control.app.state.demo_accounts_path = tmp_path / "accounts.json"
    path.write_text(json.dumps({**FILE, "super_admin": {"email": ROOT_EMAIL, "password": "p"}}))
    assert (await control.client.get("/api/demo")).json()["data"]["accounts"][0]["otp"] is None
