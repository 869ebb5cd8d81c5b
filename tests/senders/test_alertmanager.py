"""A real Prometheus Alertmanager sends to a real server of ours: an alert opens an incident, its end resolves it."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from infra.local.postgres import throw_away
from tests.support.origin import HOST, Served, free_port, served
from tests.support.processes import running
from tests.support.waiting import eventually

BINARY = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
pytestmark = pytest.mark.skipif(
    BINARY is None, reason="NO REAL ALERTMANAGER: apt-get install prometheus-alertmanager, or put alertmanager on PATH"
)
CONFIGURATION = """
route:
  receiver: opsplane
  group_by: [alertname, service]
  group_wait: 100ms
  group_interval: 200ms
  repeat_interval: 1h
receivers:
  - name: opsplane
    webhook_configs:
      - url: {url}/api/alerts/webhook
        send_resolved: true
        http_config:
          authorization:
            type: Bearer
            credentials: {key}
"""


@pytest.fixture(scope="module")
def opsplane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder: Path = tmp_path_factory.mktemp("opsplane")
    with throw_away() as url, served(url, folder) as origin:
        yield origin


@pytest.fixture(scope="module")
def alertmanager(opsplane: Served, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """Its API v2, configured to send to acme."""
    folder: Path = tmp_path_factory.mktemp("alertmanager")
    configuration = folder / "alertmanager.yml"
    configuration.write_text(CONFIGURATION.format(url=opsplane.url, key=opsplane.demo.api_key("acme")))
    port = free_port()
    command = [
        str(BINARY),
        f"--config.file={configuration}",
        f"--storage.path={folder}",
        f"--web.listen-address={HOST}:{port}",
        "--cluster.listen-address=",
    ]
    log = folder / "log"
    with (
        running(command, log) as process,
        httpx.Client(base_url=f"http://{HOST}:{port}/api/v2", timeout=10, trust_env=False) as client,
    ):

        def ready() -> bool:
            assert process.poll() is None, log.read_text()
            return reached(client)

        eventually(ready, "Alertmanager answers")
        yield client


def reached(client: httpx.Client) -> bool:
    try:
        return client.get("/status").is_success
    except httpx.TransportError:
        return False


@pytest.fixture
def acme(opsplane: Served) -> Iterator[httpx.Client]:
    with opsplane.client(opsplane.demo.api_key("acme")) as client:
        yield client


def send(alertmanager: httpx.Client, service: str, *, over: bool = False, **labels: str) -> None:
    now = datetime.now(UTC)
    alert: dict[str, Any] = {
        "labels": {"alertname": "HighErrorRate", "severity": "critical", "service": service, **labels},
        "annotations": {"summary": f"Errors in {service}", "description": "More than 5 % of requests fail."},
        "startsAt": (now - timedelta(minutes=2)).isoformat(),
        "endsAt": (now - timedelta(seconds=1) if over else now + timedelta(hours=1)).isoformat(),
        "generatorURL": "http://prometheus.example/graph?g0.expr=errors",
    }
    alertmanager.post("/alerts", json=[alert]).raise_for_status()


def incidents(acme: httpx.Client, service: str) -> list[dict[str, Any]]:
    answer = acme.get("/api/incidents", params={"service": service})
    items: list[dict[str, Any]] = answer.raise_for_status().json()["data"]["items"]
    return items


def alerts(acme: httpx.Client, service: str) -> list[dict[str, Any]]:
    answer = acme.get("/api/alerts", params={"service": service})
    items: list[dict[str, Any]] = answer.raise_for_status().json()["data"]["items"]
    return items


def test_an_alert_opens_an_incident_and_its_end_resolves_it(alertmanager: httpx.Client, acme: httpx.Client) -> None:
    service = f"checkout-{uuid4().hex[:8]}"
    send(alertmanager, service)
    (incident,) = eventually(lambda: incidents(acme, service), "the incident opens")
    assert (incident["status"], incident["severity"], incident["firing_count"]) == ("triggered", "critical", 1)
    (alert,) = alerts(acme, service)
    assert (alert["source"], alert["status"], alert["labels"]["alertname"]) == (
        "alertmanager",
        "firing",
        "HighErrorRate",
    )
    assert alert["incident_id"] == incident["id"] and alert["warnings"] == []

    send(alertmanager, service, over=True)
    resolved = eventually(
        lambda: [one for one in incidents(acme, service) if one["status"] == "resolved"], "the incident resolves"
    )
    assert [one["id"] for one in resolved] == [incident["id"]]
    assert resolved[0]["firing_count"] == 0
    assert [one["status"] for one in alerts(acme, service)] == ["resolved"]
    timeline = acme.get(f"/api/incidents/{incident['reference']}/timeline").json()["data"]["items"]
    assert timeline[-1]["event_type"] in ("status_changed", "related")
    assert {"incident_created", "alert_linked", "status_changed"} <= {entry["event_type"] for entry in timeline}


def test_a_group_of_alerts_is_one_incident(alertmanager: httpx.Client, acme: httpx.Client) -> None:
    service = f"cart-{uuid4().hex[:8]}"
    for instance in ("a", "b", "c"):
        send(alertmanager, service, instance=instance)
    eventually(lambda: len(alerts(acme, service)) == 3, "all three alerts arrive")
    found = eventually(lambda: [i for i in incidents(acme, service) if i["alert_count"] == 3], "they join one incident")
    assert len(incidents(acme, service)) == len(found) == 1
    for instance in ("a", "b"):
        send(alertmanager, service, over=True, instance=instance)
    eventually(lambda: incidents(acme, service)[0]["firing_count"] == 1, "two of three end")
    assert incidents(acme, service)[0]["status"] != "resolved"
    send(alertmanager, service, over=True, instance="c")
    eventually(lambda: incidents(acme, service)[0]["status"] == "resolved", "the last one ends")


def test_alertmanager_counts_no_failed_notification(alertmanager: httpx.Client, acme: httpx.Client) -> None:
    """What it says of us after all of that: everything was delivered at the first attempt."""
    service = f"search-{uuid4().hex[:8]}"
    send(alertmanager, service)
    eventually(lambda: incidents(acme, service), "the incident opens")
    metrics = httpx.get(str(alertmanager.base_url).replace("/api/v2/", "/metrics"), trust_env=False).text
    numbers = {
        line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in metrics.splitlines() if line[0] != "#"
    }
    sent = 'alertmanager_notifications_total{integration="webhook"}'
    failed = 'alertmanager_notifications_failed_total{integration="webhook"}'
    assert numbers[sent] >= 1
    assert numbers[failed] == 0


def test_no_dead_letter_is_left(acme: httpx.Client) -> None:
    assert acme.get("/api/webhook/dead-letter").json()["data"]["total"] == 0
