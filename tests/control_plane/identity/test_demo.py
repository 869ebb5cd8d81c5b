"""A demo installation shows its accounts, so that one click signs in; no other installation does."""

import json
from pathlib import Path

from tests.control_plane.support import ControlPlane

FILE = {
    "base_url": "http://127.0.0.1:8080",
    "super_admin": {"email": "root@demo.example", "password": "p0"},
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
    }
    assert [(a["email"], a["password"], a["tenant_id"], a["role"], a["label"]) for a in accounts[1:]] == [
        ("admin@acme.example", "p1", "acme", "admin", "Admin of acme"),
        ("operator@acme.example", "p2", "acme", "operator", "Operator of acme"),
        ("viewer@acme.example", "p3", "acme", "viewer", "Viewer of acme"),
    ]
    assert "opk_" not in answer.text
    assert answer.headers["cache-control"] == "no-store"


async def test_a_half_written_file_is_tried_again_later(control: ControlPlane, tmp_path: Path) -> None:
    path = control.app.state.demo_accounts_path = tmp_path / "accounts.json"
    path.write_text('{"super_admin": {')
    assert (await control.client.get("/api/demo")).status_code == 503
