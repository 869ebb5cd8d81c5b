"""The planes as two processes: while the control plane is away, alerts come in and people go on working."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.crash.planes import Planes, two_planes


@pytest.fixture
def planes(folder: Path) -> Iterator[Planes]:
    with two_planes(folder) as found:
        yield found


def works(tenant: httpx.Client, planes: Planes, person: dict[str, str], title: str) -> None:
    """A sender's alert comes in, and a signed-in person sees and acknowledges its incident."""
    key = {"x-api-key": planes.demo.api_key("acme")}
    body = {"title": title, "severity": "critical", "service": title}
    fired = tenant.post("/api/webhook", headers=key, json=body)
    assert fired.status_code == 200, fired.text
    reference = fired.json()["data"]["incident_reference"]
    acknowledged = tenant.post(f"/api/incidents/{reference}/acknowledge", headers=person, json={})
    assert (acknowledged.status_code, acknowledged.json()["data"]["status"]) == (200, "acknowledged")
    seen = tenant.post("/graphql", headers=person, json={"query": "{ overview { firingAlerts } }"})
    assert seen.json()["data"]["overview"]["firingAlerts"] > 0


def test_the_tenant_plane_works_without_the_control_plane(planes: Planes) -> None:
    with planes.tenant() as tenant:
        with planes.control() as control:
            person = planes.sign_in(control)
            works(tenant, planes, person, "both are there")
        works(tenant, planes, person, "the control plane has stopped")
        assert tenant.get("/readyz").status_code == 200
    with planes.tenant() as tenant:
        works(tenant, planes, person, "started anew, with the keys it kept")
        worthless = {"authorization": person["authorization"][:-4] + "AAAA"}
        assert tenant.get("/api/incidents", headers=worthless).status_code == 401
        with planes.control() as control:
            works(tenant, planes, planes.sign_in(control), "the control plane is back")


def test_the_control_plane_works_without_the_tenant_plane(planes: Planes) -> None:
    """People sign in; a new tenant is recorded, refused as unavailable, and finished by the same request later."""
    initech = {"tenant_id": "initech", "name": "Initech", "plan": "free", "contact_email": "ops@initech.example"}
    with planes.control() as control:
        planes.sign_in(control)
        root = planes.root(control)
        away = control.post("/api/tenants", headers=root, json=initech)
        assert (away.status_code, away.json()["code"]) == (503, "UNAVAILABLE")
        assert "retry-after" in away.headers
        with planes.tenant():
            there = control.post("/api/tenants", headers=root, json=initech)
            assert (there.status_code, there.json()["data"]["state"]) == (201, "active")
