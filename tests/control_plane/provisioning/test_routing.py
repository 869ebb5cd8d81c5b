"""Where the gateway leads what the frontend sends, by the routes of infra/k8s and a dedicated tenant's together."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import yaml  # type: ignore[import-untyped]

from control_plane.provisioning.manifests.blueprint import Manifest, Wanted
from control_plane.provisioning.manifests.routes import http_routes
from control_plane.provisioning.rules import SIZES
from tests.control_plane.provisioning.support import BLUEPRINT
from tests.support.processes import ROOT

TENANT = "acme-corp"
HOST = "ops.example.com"
OWN, SHARED, CONTROL, WEB = f"tenant-{TENANT}/api", "opsplane/tenant-plane", "opsplane/control-plane", "opsplane/web"


@dataclass(frozen=True)
class Asked:
    url: str
    headers: dict[str, str] = field(default_factory=dict)


def of_session(url: str, tenant_id: str) -> Asked:
    """As frontend/src/api/client.ts sends it."""
    return Asked(url, {"authorization": "Bearer a.b.c", "x-tenant-id": tenant_id})


def routes() -> list[tuple[str, Manifest]]:
    """With the namespace that each one stands in."""
    shared = yaml.safe_load_all((ROOT / "infra/k8s/base/gateway.yaml").read_text())
    theirs = http_routes(BLUEPRINT, Wanted(TENANT, "1.0.0", SIZES["medium"]))
    return [
        *(("opsplane", one) for one in shared if one["kind"] == "HTTPRoute"),
        *((one["metadata"]["namespace"], one) for one in theirs),
    ]


def fits(wanted: dict[str, Any], given: str | None) -> bool:
    if given is None:
        return False
    if wanted.get("type") == "RegularExpression":
        return re.fullmatch(wanted["value"], given) is not None
    return bool(given == wanted["value"])


def matching(asked: Asked) -> Iterator[tuple[tuple[int, int, int], str]]:
    """What would take the request, with its precedence by the Gateway API (HTTPRouteRule.matches): the longest path
    prefix, then the most headers, then the most query parameters.
    """
    address = urlsplit(asked.url)
    query = dict(parse_qsl(address.query))
    for namespace, route in routes():
        if HOST not in route["spec"].get("hostnames", ()):
            continue
        for rule in route["spec"]["rules"]:
            for match in rule["matches"]:
                prefix = match["path"]["value"]
                headers, parameters = match.get("headers", []), match.get("queryParams", [])
                if (
                    f"{address.path}/".startswith(f"{prefix.rstrip('/')}/")
                    and all(fits(one, asked.headers.get(one["name"])) for one in headers)
                    and all(fits(one, query.get(one["name"])) for one in parameters)
                ):
                    rank = (len(prefix), len(headers), len(parameters))
                    yield rank, f"{namespace}/{rule['backendRefs'][0]['name']}"


def led_to(asked: Asked) -> str:
    ranked = sorted(matching(asked))
    best = {backend for rank, backend in ranked if rank == ranked[-1][0]}
    assert len(best) == 1, "two routes claim it equally"
    return best.pop()


@pytest.mark.parametrize(
    "url",
    [
        "/api/incidents",
        "/api/v1/incidents?limit=50",
        "/api/audit",
        "/api/webhook",
        "/graphql",
        "/api",
    ],
)
def test_a_session_of_the_tenant_reaches_its_own_plane(url: str) -> None:
    assert led_to(of_session(url, TENANT)) == OWN
    assert led_to(of_session(url, "acme")) == SHARED
    assert led_to(of_session(url, f"{TENANT}-2")) == SHARED
    assert led_to(Asked(url, {"authorization": "Bearer a.b.c"})) == SHARED


@pytest.mark.parametrize("path", ["/ws", "/graphql"])
def test_a_websocket_of_the_tenant_reaches_its_own_plane(path: str) -> None:
    assert led_to(Asked(f"{path}?tenant_id={TENANT}")) == OWN
    for query in ("", "?tenant_id=acme", f"?tenant_id={TENANT}-2", "?tenant_id=", f"?tenant={TENANT}"):
        assert led_to(Asked(path + query)) == SHARED


@pytest.mark.parametrize("path", ["/api/auth/me", "/api/v1/auth/me", "/api/users", "/api/billing", "/api/plans"])
def test_what_a_session_asks_of_the_control_plane_still_gets_there(path: str) -> None:
    assert led_to(of_session(path, TENANT)) == CONTROL
    assert led_to(Asked(f"{path}?tenant_id={TENANT}", {"authorization": "Bearer a.b.c"})) == CONTROL


def test_a_query_counts_for_websockets_alone() -> None:
    assert led_to(Asked(f"/api/incidents?tenant_id={TENANT}")) == SHARED


def test_pages_come_from_the_web() -> None:
    assert led_to(Asked("/incidents")) == led_to(of_session(f"/wsx?tenant_id={TENANT}", TENANT)) == WEB
