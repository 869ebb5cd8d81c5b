"""What goes wrong between us and a cluster, in words; and what the client sends."""

import pytest
from aiohttp import web
from kubernetes.aio import client

from control_plane.adapters.kubernetes import RESOURCES, KubernetesCluster
from control_plane.provisioning.errors import ClusterAway, ClusterLacks, ClusterProblem, ClusterRefused
from control_plane.provisioning.manifests.blueprint import Wanted
from control_plane.provisioning.manifests.plane import objects
from control_plane.provisioning.ports import Manifest
from control_plane.provisioning.rules import SIZES
from control_plane.settings import ControlSettings, KubernetesSettings
from tests.control_plane.provisioning.support import BLUEPRINT
from tests.fakes.kubernetes.server import TOKEN, FakeKubernetes

NAMESPACE: Manifest = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "tenant-acme"}}


async def test_every_request_says_who_applies_and_checks_strictly(
    cluster: KubernetesCluster, fake: FakeKubernetes
) -> None:
    await cluster.apply(NAMESPACE)
    await cluster.apply(NAMESPACE, dry_run=True)
    assert [one.query for one in fake.asked] == [
        {"fieldManager": "opsplane", "force": "true", "fieldValidation": "Strict"},
        {"fieldManager": "opsplane", "force": "true", "fieldValidation": "Strict", "dryRun": "All"},
    ]


async def test_it_knows_every_kind_of_a_plane_and_no_other() -> None:
    made = {(one["apiVersion"], one["kind"]) for one in objects(BLUEPRINT, Wanted("acme", "1", SIZES["small"]))}
    assert made == set(RESOURCES)


def at(url: str, token: str = TOKEN) -> KubernetesCluster:
    configuration = client.Configuration(host=url, api_key={"BearerToken": f"Bearer {token}"})
    return KubernetesCluster(configuration)


async def test_nobody_listens() -> None:
    cluster = at("http://127.0.0.1:9")
    with pytest.raises(ClusterAway, match="The cluster does not answer: "):
        await cluster.read("v1", "Namespace", "x")
    await cluster.close()


async def test_something_else_listens() -> None:
    app = web.Application()
    app.router.add_get("/{path:.*}", _page)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    cluster = at(f"http://127.0.0.1:{runner.addresses[0][1]}")
    with pytest.raises(ClusterAway, match="not JSON"):
        await cluster.read("v1", "Namespace", "x")
    await cluster.close()
    await runner.cleanup()


async def _page(_: web.Request) -> web.Response:
    return web.Response(text="<h1>It works!</h1>", content_type="text/html")


async def test_no_cluster_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KUBECONFIG", raising=False)
    cluster = KubernetesCluster()
    with pytest.raises(ClusterAway, match="neither KUBECONFIG nor a service account"):
        await cluster.read("v1", "Namespace", "x")
    await cluster.close()


async def test_credentials_that_are_not_accepted(fake: FakeKubernetes) -> None:
    cluster = at(fake.url, "another")
    with pytest.raises(ClusterRefused, match="does not accept our credentials"):
        await cluster.read("v1", "Namespace", "x")
    await cluster.close()


@pytest.mark.parametrize(("verb", "method"), [("get", "read"), ("list", "find"), ("delete", "delete")])
async def test_a_missing_right_is_named(
    cluster: KubernetesCluster, fake: FakeKubernetes, verb: str, method: str
) -> None:
    fake.forbidden.add((verb, "namespaces"))
    with pytest.raises(ClusterRefused, match=f"lacks the right to {verb} namespaces"):
        await getattr(cluster, method)("v1", "Namespace", "x")


async def test_another_refusal_keeps_its_own_words(cluster: KubernetesCluster, fake: FakeKubernetes) -> None:
    await cluster.apply(NAMESPACE)
    fake.cluster.keeps_namespaces = True
    await cluster.delete("v1", "Namespace", "tenant-acme")
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "a", "namespace": "tenant-acme"}}
    with pytest.raises(
        ClusterRefused, match=r"The cluster refuses ServiceAccount a in tenant-acme: .*being terminated"
    ):
        await cluster.apply(account)


async def test_a_kind_that_is_not_installed(cluster: KubernetesCluster, fake: FakeKubernetes) -> None:
    fake.missing.add("HTTPRoute")
    with pytest.raises(ClusterLacks, match="does not know HTTPRoute"):
        await cluster.find("gateway.networking.k8s.io/v1", "HTTPRoute", "a=b")


async def test_a_server_that_goes_down(cluster: KubernetesCluster, fake: FakeKubernetes) -> None:
    fake.applies_left = 0
    with pytest.raises(ClusterProblem, match=r"answered 503 about Namespace tenant-acme: .*shutting down") as refused:
        await cluster.apply(NAMESPACE)
    assert refused.value.retry_after_seconds == 5


def test_the_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "CONTROL_APP_DATABASE_URL": "postgresql://app@db/control",
        "KEY_ENCRYPTION_SECRET": "0123456789abcdef0123456789abcdef",
        "KUBERNETES__IMAGE": "registry.example/opsplane",
        "KUBERNETES__VERSION": "1.0.0",
        "KUBERNETES__ORIGIN_HOST": "ops.example.com",
        "KUBERNETES__OWNER_DATABASE_URL": "postgresql://owner:secret@db/{tenant}",
        "KUBERNETES__ORPHAN_GRACE_HOURS": "24",
    }.items():
        monkeypatch.setenv(f"OPSPLANE_{name}", value)
    settings = ControlSettings()
    assert settings.kubernetes == KubernetesSettings(
        image="registry.example/opsplane",
        version="1.0.0",
        origin_host="ops.example.com",
        owner_database_url="postgresql://owner:secret@db/{tenant}",
        orphan_grace_hours=24,
    )
    assert "secret@" not in repr(settings)
