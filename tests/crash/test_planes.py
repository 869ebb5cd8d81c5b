"""The planes as two processes: while the control plane is away, alerts come in and people go on working."""

import asyncio
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from control_plane.core.prepare import APP_ROLE as CONTROL_ROLE
from infra.local.installation import login
from infra.local.postgres import FAST, running
from tenant_plane.core.provision import APP_ROLE as TENANT_ROLE
from tests.crash.product import ready
from tests.support import processes
from tests.support.origin import HOST, KNOWN, Demo, free_port, installed


class Planes:
    """Both planes of one database, each started and stopped by itself."""

    def __init__(self, owner_url: str, folder: Path, demo: Demo) -> None:
        self.folder = folder
        self.demo = demo
        self.control_port, self.tenant_port = free_port(), free_port()
        self.environment = {
            "OPSPLANE_CONTROL_DATABASE_URL": owner_url,
            "OPSPLANE_CONTROL_APP_DATABASE_URL": login(owner_url, CONTROL_ROLE, KNOWN.control_password),
            "OPSPLANE_KEY_ENCRYPTION_SECRET": KNOWN.key_encryption_secret,
            "OPSPLANE_CONTROL_PLANE_PORT": str(self.control_port),
            "OPSPLANE_CONTROL_PLANE_URL": f"http://{HOST}:{self.control_port}",
            "OPSPLANE_TENANT_DATABASE_URL": owner_url,
            "OPSPLANE_TENANT_APP_DATABASE_URL": login(owner_url, TENANT_ROLE, KNOWN.tenant_password),
            "OPSPLANE_TENANT_PLANE_PORT": str(self.tenant_port),
            "OPSPLANE_TENANT_PLANE_URL": f"http://{HOST}:{self.tenant_port}",
        }

    @contextmanager
    def control(self) -> Iterator[httpx.Client]:
        with self._started("control_plane", self.control_port) as client:
            yield client

    @contextmanager
    def tenant(self) -> Iterator[httpx.Client]:
        with self._started("tenant_plane", self.tenant_port) as client:
            yield client

    @contextmanager
    def _started(self, module: str, port: int) -> Iterator[httpx.Client]:
        url, log = f"http://{HOST}:{port}", self.folder / f"{module}.log"
        command = [sys.executable, "-m", module]
        with (
            processes.running(command, log, self.environment) as process,
            httpx.Client(base_url=url, timeout=30, trust_env=False) as client,
        ):
            ready(url, process, log)
            yield client
            code = processes.end(process, signal.SIGTERM)
        assert code in (0, -signal.SIGTERM)
        assert "Traceback" not in log.read_text()

    def sign_in(self, control: httpx.Client, role: str = "operator") -> dict[str, str]:
        answer = control.post("/api/auth/token", json=self.demo.person("acme", role))
        return {"authorization": f"Bearer {answer.raise_for_status().json()['data']['token']}"}


@pytest.fixture
def planes(folder: Path) -> Iterator[Planes]:
    async def prepared(url: str) -> Demo:
        async with installed(url, folder) as origin:
            return origin.demo

    with running(folder / "data" / "postgres", FAST) as url:
        yield Planes(url, folder, asyncio.run(prepared(url)))


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
        answer = control.post("/api/auth/token", json=planes.demo.super_admin)
        root = {"authorization": f"Bearer {answer.json()['data']['token']}"}
        away = control.post("/api/tenants", headers=root, json=initech)
        assert (away.status_code, away.json()["code"]) == (503, "UNAVAILABLE")
        assert "retry-after" in away.headers
        with planes.tenant():
            there = control.post("/api/tenants", headers=root, json=initech)
            assert (there.status_code, there.json()["data"]["state"]) == (201, "active")
