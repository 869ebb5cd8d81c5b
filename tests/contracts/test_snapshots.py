"""The committed contracts are what the code says; a change of one is seen in its diff."""

import json
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from control_plane.app import OPERATIONS as CONTROL
from infra.local.contracts import contracts, write_contracts
from infra.local.origin import document
from shared.web.middleware import unversioned
from tenant_plane.app import OPERATIONS as TENANT

FOLDER = Path(__file__).parent
WRITE = (
    "run `.venv/bin/python -m infra.local.cli contracts --write` (or `make contracts ARGS=--write`), then read the diff"
)
CONTRACTS = contracts()
SEEDS = [
    # AtlasAI
    "POST /api/auth/token",
    "GET /api/incidents",
    "POST /api/incidents",
    "GET /api/incidents/{}",
    "PATCH /api/incidents/{}",
    # AI-SRE
    "POST /webhook",
    "GET /api/webhook/dead-letter",
    "GET /api/incidents/{}/timeline",
    # AIops Engine
    "POST /api/v1/alerts/webhook",
    "POST /api/v1/apikeys",
    "GET /api/v1/apikeys",
    "DELETE /api/v1/apikeys/{}",
    "GET /api/v1/rbac/permissions",
    "GET /api/v1/tenants",
    "POST /api/v1/tenants",
    # ChatCLI
    "GET /api/v1/incidents",
    "GET /api/v1/incidents/{}",
    "POST /api/v1/incidents/{}/acknowledge",
    "POST /api/v1/incidents/{}/snooze",
    "POST /api/v1/incidents/{}/resolve",
    "GET /api/v1/incidents/{}/timeline",
    # ChatOps
    "POST /api/auth/login",
    "POST /api/auth/refresh",
    "POST /api/auth/logout",
    "GET /api/auth/me",
]
"""What the seeds of this slice ask for, by shared/seeds' table; parameters without their names."""


@pytest.mark.parametrize("name", CONTRACTS)
def test_the_snapshot_is_what_the_code_says(name: str) -> None:
    path = FOLDER / name
    assert path.is_file() and path.read_text() == CONTRACTS[name], f"{name} differs: {WRITE}"


def test_no_snapshot_is_left_over() -> None:
    snapshots = {path.name for path in FOLDER.iterdir() if path.suffix not in (".py", ".pyc") and path.is_file()}
    assert snapshots == set(CONTRACTS), f"{WRITE}; delete what is no contract any more"


def test_contracts_are_the_same_every_time() -> None:
    assert contracts() == CONTRACTS


def test_writing_changes_only_what_differs(tmp_path: Path) -> None:
    assert {path.name for path in write_contracts(tmp_path)} == set(CONTRACTS)
    assert write_contracts(tmp_path) == []
    (tmp_path / "permissions.txt").write_text("old")
    assert [path.name for path in write_contracts(tmp_path)] == ["permissions.txt"]


def test_the_openapi_document_is_valid() -> None:
    OpenAPIV31SpecValidator(document()).validate()


def operations() -> list[tuple[str, str, dict[str, Any]]]:
    paths: dict[str, Any] = json.loads(CONTRACTS["openapi.json"])["paths"]
    return [(method.upper(), path, told) for path, methods in paths.items() for method, told in methods.items()]


@pytest.mark.parametrize("seed", SEEDS)
def test_what_a_seed_asks_for_is_there(seed: str) -> None:
    method, _, path = seed.partition(" ")
    known = {(method, without_names(path)) for method, path, _ in operations()}
    assert (method, unversioned(path)) in known


def without_names(path: str) -> str:
    return "/".join("{}" if part.startswith("{") else part for part in path.split("/"))


def test_every_operation_is_in_the_document_once() -> None:
    told = [(method, path) for method, path, _ in operations()]
    assert sorted(told) == sorted((o.method, o.path) for o in [*CONTROL, *TENANT])
    ids = [operation["operationId"] for _, _, operation in operations()]
    assert len(ids) == len(set(ids))


WITHOUT_BODY = {"204", "302"}


def test_every_operation_says_what_it_does_and_how_it_fails() -> None:
    for method, path, operation in operations():
        assert operation["summary"].endswith("."), (method, path)
        assert {"500", "503"} <= operation["responses"].keys(), (method, path)
        speaking = {status: said for status, said in operation["responses"].items() if status not in WITHOUT_BODY}
        for status, response in speaking.items():
            (content,) = response["content"].values()
            assert content["schema"], (method, path, status)


def test_no_operation_is_open_by_accident() -> None:
    """Whoever adds a public operation changes this list, and somebody reads it."""
    public = {operation["operationId"] for _, _, operation in operations() if operation["security"] == []}
    by_token = {"forgot_password", "get_registration", "preview_invitation", "register", "reset_password"}
    single_sign_on = {"discover_sso", "exchange_sso_code", "finish_sso", "start_sso"}
    signing_in = {"sign_in", "login", "refresh_session", "sign_out", "list_demo_accounts"}
    from_stripe = {"receive_stripe_event"}
    assert public == signing_in | by_token | single_sign_on | from_stripe
