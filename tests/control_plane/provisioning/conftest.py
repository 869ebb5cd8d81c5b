"""A control plane whose dedicated planes go to a cluster: our fake over HTTP, and a real one when KUBECONFIG is set."""

import json
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from control_plane.adapters.kubernetes import KubernetesCluster
from tests.control_plane.provisioning.support import Fleet, fleet_of
from tests.control_plane.support import ControlPlane
from tests.fakes.kubernetes.server import TOKEN, FakeKubernetes, fake_kubernetes

GIVEN = os.environ.get("KUBECONFIG")
SERVERS = ["fake", "real"] if GIVEN else ["fake"]


def kubeconfig(url: str) -> str:
    named = {"name": "test"}
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "test",
            "contexts": [{**named, "context": {"cluster": "test", "user": "test"}}],
            "clusters": [{**named, "cluster": {"server": url}}],
            "users": [{**named, "user": {"token": TOKEN}}],
        }
    )


@pytest.fixture
async def fake() -> AsyncIterator[FakeKubernetes]:
    async with fake_kubernetes() as server:
        yield server


@pytest.fixture
def kubeconfig_path(fake: FakeKubernetes, tmp_path: Path) -> str:
    """Leads the real client to the fake."""
    path = tmp_path / "kubeconfig"
    path.write_text(kubeconfig(fake.url))
    return str(path)


@pytest.fixture
async def cluster(kubeconfig_path: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[KubernetesCluster]:
    monkeypatch.setenv("KUBECONFIG", kubeconfig_path)
    cluster = KubernetesCluster()
    yield cluster
    await cluster.close()


@pytest.fixture(params=SERVERS)
async def server(
    request: pytest.FixtureRequest, kubeconfig_path: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[KubernetesCluster]:
    """Each API server that the contract holds for."""
    monkeypatch.setenv("KUBECONFIG", {"fake": kubeconfig_path, "real": str(GIVEN)}[request.param])
    cluster = KubernetesCluster()
    yield cluster
    await cluster.close()


@pytest.fixture
async def fleet(control: ControlPlane, fake: FakeKubernetes, cluster: KubernetesCluster) -> Fleet:
    return fleet_of(control, fake, cluster)
