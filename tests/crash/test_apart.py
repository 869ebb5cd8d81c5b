"""The tenant plane's API and worker as two processes, as a cluster runs them; and the frontend as a third."""

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.crash.planes import Planes, two_planes
from tests.crash.product import ready
from tests.support import processes
from tests.support.origin import HOST, free_port
from tests.support.waiting import eventually

MODULE = [sys.executable, "-m", "tenant_plane"]


@pytest.fixture
def planes(folder: Path) -> Iterator[Planes]:
    with two_planes(folder) as found:
        yield found


def fired(api: httpx.Client, key: dict[str, str], title: str) -> str:
    answer = api.post("/api/webhook", headers=key, json={"title": title, "severity": "critical", "service": title})
    reference: str = answer.raise_for_status().json()["data"]["incident_reference"]
    return reference


def test_what_the_api_takes_the_worker_reacts_to(planes: Planes) -> None:
    """Two incidents near each other: the reaction writes that into the second one's timeline."""
    key = {"x-api-key": planes.demo.api_key("acme")}
    with planes.control() as control, planes.api() as api:
        person = planes.sign_in(control)
        fired(api, key, "first")
        second = fired(api, key, "second")

        def reacted() -> bool:
            timeline = api.get(f"/api/incidents/{second}/timeline", headers=person).raise_for_status()
            return "related" in timeline.text

        assert not reacted()
        with planes.worker() as worker:
            eventually(reacted, "the worker's reaction")
            assert worker.get("/readyz").status_code == 200
            assert worker.get("/api/incidents", headers=person).status_code == 404


def test_a_command_that_is_none_is_refused(planes: Planes) -> None:
    log = planes.folder / "none.log"
    with processes.running([*MODULE, "serve"], log, planes.environment) as process:
        assert process.wait(60) == 1
    assert "usage: python -m tenant_plane [prepare | api | worker]" in log.read_text()


def test_the_frontend_is_served_by_itself(folder: Path) -> None:
    port, log = free_port(), folder / "web.log"
    url, changes = f"http://{HOST}:{port}", {"OPSPLANE_WEB_PORT": str(port), "PATH": os.environ["PATH"]}
    with (
        processes.running([sys.executable, "-m", "infra.local.web"], log, changes) as process,
        httpx.Client(base_url=url, timeout=30, trust_env=False) as client,
    ):
        ready(url, process, log)
        document = client.get("/openapi.json").json()
        assert "/api/tenants/rollouts" in document["paths"]
        assert client.get("/internal/fleet").status_code == 404
        assert processes.end(process, signal.SIGTERM) in (0, -signal.SIGTERM)
