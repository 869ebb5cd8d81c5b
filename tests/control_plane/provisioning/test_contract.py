"""What the adapter needs of an API server: the same tests for our fake and, with KUBECONFIG, for a real one.

    KUBECONFIG=~/.kube/config .venv/bin/python -m pytest tests/control_plane/provisioning/test_contract.py

They make namespaces called ``opsplane-contract-…`` and ``tenant-contract-…`` and delete them; no pod needs to come up.
The Gateway API's definitions must be installed. The user needs the rights of infra/k8s/base/rbac.yaml, and to list and
delete service accounts.
"""

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest

from control_plane.adapters import kubernetes
from control_plane.adapters.kubernetes import KubernetesCluster
from control_plane.provisioning.errors import ClusterConflict, ClusterRefused, ManifestRefused
from control_plane.provisioning.manifests.blueprint import Wanted
from control_plane.provisioning.manifests.plane import objects
from control_plane.provisioning.ports import Manifest
from control_plane.provisioning.rules import SIZES, differences
from tests.control_plane.provisioning.support import BLUEPRINT

LABEL = "opsplane-contract"


@pytest.fixture
async def namespace(server: KubernetesCluster) -> AsyncIterator[str]:
    name = f"opsplane-contract-{uuid4().hex[:10]}"
    labels = {LABEL: name}
    await server.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})
    yield name
    await server.delete("v1", "Namespace", name)


def account(namespace: str, name: str = "one", **labels: str) -> Manifest:
    meta = {"name": name, "namespace": namespace, "labels": labels}
    return {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta}


def deployment(namespace: str, **spec: Any) -> Manifest:
    container = {"name": "main", "image": "registry.invalid/nothing:1", "env": [{"name": "A", "value": "1"}]}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "api", "namespace": namespace},
        "spec": {
            "selector": {"matchLabels": {"app": "api"}},
            "template": {"metadata": {"labels": {"app": "api"}}, "spec": {"containers": [container]}},
            **spec,
        },
    }


async def as_somebody_else(
    server: KubernetesCluster, monkeypatch: pytest.MonkeyPatch, manager: str, manifest: Manifest
) -> Manifest:
    with monkeypatch.context() as patch:
        patch.setattr(kubernetes, "FIELD_MANAGER", manager)
        return await server.apply(manifest)


async def test_an_apply_creates_and_a_second_one_changes_nothing(server: KubernetesCluster, namespace: str) -> None:
    first = await server.apply(deployment(namespace))
    again = await server.apply(deployment(namespace))
    assert first["metadata"]["uid"] == again["metadata"]["uid"]
    assert first["metadata"]["generation"] == again["metadata"]["generation"] == 1
    assert differences(first, again) == []
    managers = {(entry["manager"], entry["operation"]) for entry in again["metadata"]["managedFields"]}
    assert ("opsplane", "Apply") in managers


async def test_the_server_fills_in_what_was_left_out(server: KubernetesCluster, namespace: str) -> None:
    """So that live and wanted can't be compared directly; a dry run is compared instead."""
    applied = await server.apply(deployment(namespace))
    assert applied["spec"]["replicas"] == 1
    assert applied["spec"]["template"]["spec"]["restartPolicy"] == "Always"


async def test_what_is_there_is_read_and_what_is_not_is_none(server: KubernetesCluster, namespace: str) -> None:
    await server.apply(account(namespace))
    read = await server.read("v1", "ServiceAccount", "one", namespace)
    assert read is not None and read["metadata"]["name"] == "one"
    assert await server.read("v1", "ServiceAccount", "other", namespace) is None
    assert await server.read("v1", "Namespace", f"{namespace}-not") is None


async def test_a_dry_run_tells_and_does_nothing(server: KubernetesCluster, namespace: str) -> None:
    live = await server.apply(deployment(namespace))
    told = await server.apply(deployment(namespace, replicas=3), dry_run=True)
    assert differences(live, told) == ["spec.replicas"]
    read = await server.read("apps/v1", "Deployment", "api", namespace)
    assert read is not None and read["spec"]["replicas"] == 1
    await server.apply({**account(namespace, "never")}, dry_run=True)
    assert await server.read("v1", "ServiceAccount", "never", namespace) is None


async def test_what_we_no_longer_name_goes(server: KubernetesCluster, namespace: str) -> None:
    await server.apply(account(namespace, kept="1", dropped="1"))
    applied = await server.apply(account(namespace, kept="1"))
    assert applied["metadata"]["labels"] == {"kept": "1"}


async def test_what_others_added_stays_and_is_no_drift(
    server: KubernetesCluster, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await server.apply(account(namespace, ours="1"))
    live = await as_somebody_else(server, monkeypatch, "somebody", account(namespace, theirs="1"))
    assert live["metadata"]["labels"] == {"ours": "1", "theirs": "1"}
    told = await server.apply(account(namespace, ours="1"), dry_run=True)
    assert differences(live, told) == []


async def test_an_autoscaler_keeps_its_field(
    server: KubernetesCluster, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await server.apply(deployment(namespace))
    await as_somebody_else(server, monkeypatch, "autoscaler", deployment(namespace, replicas=4))
    applied = await server.apply(deployment(namespace))
    assert applied["spec"]["replicas"] == 4


async def test_what_others_changed_of_ours_is_drift_and_is_taken_back(
    server: KubernetesCluster, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await server.apply(account(namespace, ours="1"))
    live = await as_somebody_else(server, monkeypatch, "somebody", account(namespace, ours="2"))
    told = await server.apply(account(namespace, ours="1"), dry_run=True)
    assert differences(live, told) == ["metadata.labels.ours"]
    applied = await server.apply(account(namespace, ours="1"))
    assert applied["metadata"]["labels"] == {"ours": "1"}


async def test_a_container_that_others_added_stays(
    server: KubernetesCluster, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Items of a list have owners of their own, by their keys."""
    await server.apply(deployment(namespace))
    more = deployment(namespace)
    more["spec"]["template"]["spec"]["containers"] = [{"name": "mesh", "image": "registry.invalid/mesh:1"}]
    await as_somebody_else(server, monkeypatch, "mesh", more)
    applied = await server.apply(deployment(namespace))
    assert {one["name"] for one in applied["spec"]["template"]["spec"]["containers"]} == {"main", "mesh"}


async def test_a_list_is_by_label_and_complete(
    server: KubernetesCluster, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kubernetes, "PAGE", 2)
    for index in range(5):
        await server.apply(account(namespace, f"one-{index}", app="listed"))
    await server.apply(account(namespace, "other"))
    found = await server.find("v1", "ServiceAccount", "app=listed", namespace)
    assert [one["metadata"]["name"] for one in found] == [f"one-{index}" for index in range(5)]
    assert {one["kind"] for one in found} == {"ServiceAccount"}
    assert await server.find("v1", "ServiceAccount", "app=listed,more", namespace) == []
    everywhere = await server.find("v1", "Namespace", f"{LABEL}={namespace}")
    assert [one["metadata"]["name"] for one in everywhere] == [namespace]


async def test_what_is_deleted_is_gone_and_may_be_deleted_again(server: KubernetesCluster, namespace: str) -> None:
    await server.apply(account(namespace))
    await server.delete("v1", "ServiceAccount", "one", namespace)
    await server.delete("v1", "ServiceAccount", "one", namespace)
    assert await server.read("v1", "ServiceAccount", "one", namespace) is None


async def test_only_the_very_object_is_deleted(server: KubernetesCluster, namespace: str) -> None:
    applied = await server.apply(account(namespace))
    with pytest.raises(ClusterConflict):
        await server.delete("v1", "ServiceAccount", "one", namespace, uid=str(uuid4()))
    assert await server.read("v1", "ServiceAccount", "one", namespace) is not None
    await server.delete("v1", "ServiceAccount", "one", namespace, uid=applied["metadata"]["uid"])
    assert await server.read("v1", "ServiceAccount", "one", namespace) is None


async def test_what_can_not_be_is_refused_in_words(server: KubernetesCluster, namespace: str) -> None:
    with pytest.raises(ManifestRefused, match="replica"):
        await server.apply(deployment(namespace, replica=1))
    with pytest.raises(ManifestRefused, match="selector"):
        await server.apply(deployment(namespace, selector={"matchLabels": {"app": "other"}}))
    assert await server.read("apps/v1", "Deployment", "api", namespace) is None


async def test_a_selector_never_changes(server: KubernetesCluster, namespace: str) -> None:
    await server.apply(deployment(namespace))
    other = deployment(namespace, selector={"matchLabels": {"app": "b"}})
    other["spec"]["template"]["metadata"]["labels"] = {"app": "b"}
    with pytest.raises(ManifestRefused, match="immutable"):
        await server.apply(other)


async def test_nothing_is_made_in_a_namespace_that_is_not_there(server: KubernetesCluster) -> None:
    with pytest.raises((ManifestRefused, ClusterRefused), match="not"):
        await server.apply(account(f"opsplane-contract-{uuid4().hex[:10]}"))


async def test_every_object_of_a_plane_is_taken_as_it_is(server: KubernetesCluster) -> None:
    """All kinds, in their order; applied again nothing has drifted."""
    wanted = Wanted(f"contract-{uuid4().hex[:10]}", "1.0.0", SIZES["small"])
    try:
        manifests = objects(BLUEPRINT, wanted)
        for manifest in manifests:
            await server.apply(manifest)
        for manifest in manifests:
            meta = manifest["metadata"]
            live = await server.read(manifest["apiVersion"], manifest["kind"], meta["name"], meta.get("namespace"))
            assert live is not None
            assert differences(live, await server.apply(manifest, dry_run=True)) == [], manifest["kind"]
    finally:
        await server.delete("v1", "Namespace", wanted.namespace)
