"""Schemathesis reads the OpenAPI document of the whole origin and tries what it promises, valid and invalid.

No answer is a 5xx, every status is documented, every body has the shape that stands there. What it found once is
pinned by ordinary tests; this one looks for what nobody thought of.
"""

from collections.abc import Mapping
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from infra.local.origin import document
from tests.support.origin import Served

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
pytestmark = pytest.mark.filterwarnings("ignore::hypothesis.errors.HypothesisDeprecationWarning")
"""The server in the next thread may use `random` while a value is drawn here."""
CREDENTIALS = {"x-tenant-id", "X-API-Key", "authorization"}
BOUNDED = settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
schemathesis.serializer.alias("application/x-tar", "application/octet-stream")
whole = schemathesis.openapi.from_dict(document())
with_ids = whole.include(path_regex=r"/api/(incidents|alerts|apikeys|webhook).*\{")
with_ids = with_ids.exclude(operation_id=["revoke_api_key", "receive_webhook_of"])  # the latter's path names no thing


def data(answer: httpx.Response) -> Any:
    assert answer.is_success, answer.text
    return answer.json()["data"]


@pytest.fixture(scope="session")
def refresh_tokens(origin: Served) -> dict[str, str]:
    with origin.client() as client:
        people = {"admin": origin.demo.person("acme", "admin"), "super-admin": origin.demo.super_admin}
        return {name: data(client.post("/api/auth/token", json=one))["refresh_token"] for name, one in people.items()}


@pytest.fixture
def tokens(origin: Served, refresh_tokens: dict[str, str]) -> Mapping[str, str]:
    """New for each operation: some end all tokens there are, as a signing key that may have leaked must."""
    with origin.client() as client:
        answers = {
            name: data(client.post("/api/auth/refresh", json={"refresh_token": token}))
            for name, token in refresh_tokens.items()
        }
    refresh_tokens |= {name: answer["refresh_token"] for name, answer in answers.items()}
    return {name: answer["token"] for name, answer in answers.items()}


@pytest.fixture(scope="session")
def ids(origin: Served) -> Mapping[str, str]:
    """Of things that are there, for every name in a path."""
    with origin.client(origin.token(origin.demo.person("acme", "operator"))) as client:
        incident = data(client.post("/api/incidents", json={"title": "Down", "severity": "high"}))
        fired = data(client.post("/api/webhook", json={"title": "Disk full", "severity": "low"}))
        letter = data(client.post("/api/webhook", content=b"not json"))
    return {
        "reference": incident["reference"],
        "alert_id": fired["alerts"][0]["alert_id"],
        "letter_id": letter["dead_letter_id"],
    }


def check(case: Any, origin: Served, token: str) -> None:
    """Without the headers that would only end every request in a 401 or 403; tests/isolation tries those."""
    case.headers = {name: value for name, value in (case.headers or {}).items() if name not in CREDENTIALS}
    case.call_and_validate(base_url=origin.url, headers={"authorization": f"Bearer {token}"}, checks=CHECKS, timeout=20)


@whole.parametrize()
@BOUNDED
def test_as_an_admin(case: Any, origin: Served, tokens: Mapping[str, str]) -> None:
    check(case, origin, tokens["admin"])


@whole.parametrize()
@BOUNDED
def test_as_super_admin(case: Any, origin: Served, tokens: Mapping[str, str]) -> None:
    check(case, origin, tokens["super-admin"])


@with_ids.parametrize()
@BOUNDED
def test_of_things_that_are_there(case: Any, origin: Served, ids: Mapping[str, str]) -> None:
    case.path_parameters = {name: ids[name] for name in case.path_parameters}
    check(case, origin, origin.demo.api_key("acme"))
