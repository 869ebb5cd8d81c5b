"""Schemathesis reads the OpenAPI document of the whole origin and tries what it promises, valid and invalid.

No answer is a 5xx, every status is documented, every body has the shape that stands there. What it found once is
pinned by ordinary tests; this one looks for what nobody thought of.
"""

from collections.abc import Mapping
from typing import Any

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
whole = schemathesis.openapi.from_dict(document())
with_ids = whole.include(path_regex=r"/api/(incidents|alerts|apikeys|webhook).*\{")
with_ids = with_ids.exclude(operation_id="revoke_api_key")


@pytest.fixture(scope="session")
def tokens(origin: Served) -> Mapping[str, str]:
    return {
        "admin": origin.token(origin.demo.person("acme", "admin")),
        "super-admin": origin.token(origin.demo.super_admin),
        "API key": origin.demo.api_key("acme"),
    }


@pytest.fixture(scope="session")
def ids(origin: Served, tokens: Mapping[str, str]) -> Mapping[str, str]:
    """Of things that are there, for every name in a path."""
    with origin.client(tokens["admin"]) as client:
        incident = client.post("/api/incidents", json={"title": "Down", "severity": "high"}).json()["data"]
        fired = client.post("/api/webhook", json={"title": "Disk full", "severity": "low"}).json()["data"]
        letter = client.post("/api/webhook", content=b"not json").json()["data"]
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
def test_of_things_that_are_there(case: Any, origin: Served, tokens: Mapping[str, str], ids: Mapping[str, str]) -> None:
    case.path_parameters = {name: ids[name] for name in case.path_parameters}
    check(case, origin, tokens["API key"])
