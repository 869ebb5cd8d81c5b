"""The objects of a dedicated plane: valid, bounded, restricted, and the same for the same input."""

import base64
from dataclasses import replace
from typing import Any

import kubernetes_validate  # type: ignore[import-untyped]
import pytest

from control_plane.provisioning.manifests.blueprint import HASH, Blueprint, Manifest, Wanted, is_ours
from control_plane.provisioning.manifests.plane import objects
from control_plane.provisioning.manifests.routes import PREFIXES
from control_plane.provisioning.rules import SIZES
from infra.local.origin import CONTROL, TENANT
from tests.control_plane.provisioning.support import BLUEPRINT
from tests.fakes.kubernetes import schemas
from tests.fakes.kubernetes.pod_security import pod_specs, violations

WANTED = Wanted("acme-corp", "1.2.3", SIZES["medium"])
LONGEST = Wanted("a" * 40, "1.2.3", SIZES["large"])


def made(blueprint: Blueprint = BLUEPRINT, wanted: Wanted = WANTED) -> dict[tuple[str, str], Manifest]:
    return {(one["kind"], one["metadata"]["name"]): one for one in objects(blueprint, wanted)}


@pytest.mark.parametrize("wanted", [WANTED, LONGEST], ids=["usual", "longest"])
def test_every_object_is_valid(wanted: Wanted) -> None:
    for manifest in objects(BLUEPRINT, wanted):
        assert schemas.problems(manifest) == [], manifest["kind"]
    own = [manifest for manifest in objects(BLUEPRINT, wanted) if manifest["kind"] not in schemas.GATEWAY_API]
    for manifest in own:
        kubernetes_validate.validate(manifest, "1.37", strict=True)


def test_every_object_says_whose_it_is() -> None:
    for manifest in objects(BLUEPRINT, WANTED):
        meta = manifest["metadata"]
        assert is_ours(manifest, "acme-corp") and not is_ours(manifest, "acme")
        assert meta["annotations"]["opsplane.io/version"] == "1.2.3"
        assert len(meta["annotations"][HASH]) == 16
        assert meta.get("namespace", "tenant-acme-corp") == "tenant-acme-corp"
        assert "status" not in manifest


def test_equal_input_makes_equal_objects_and_another_version_changes_what_it_must() -> None:
    assert objects(BLUEPRINT, WANTED) == objects(BLUEPRINT, WANTED)
    newer = made(wanted=replace(WANTED, version="1.3.0"))
    changed = {
        key
        for key, one in made().items()
        if one["metadata"]["annotations"][HASH] != newer[key]["metadata"]["annotations"][HASH]
    }
    assert changed == {("Deployment", "api"), ("Deployment", "worker")}


def test_pods_are_restricted() -> None:
    pods = [pod for manifest in objects(BLUEPRINT, WANTED) for pod in pod_specs(manifest)]
    assert len(pods) == 2
    for pod in pods:
        assert violations(pod) == []
        assert pod["automountServiceAccountToken"] is False
        for container in [*pod["containers"], *pod.get("initContainers", [])]:
            assert container["securityContext"]["readOnlyRootFilesystem"] is True
            assert container["image"] == "registry.example/opsplane:1.2.3"
    enforced = made()["Namespace", "tenant-acme-corp"]["metadata"]["labels"]
    assert enforced["pod-security.kubernetes.io/enforce"] == "restricted"


def test_a_plane_is_pinned_to_its_tenant_and_its_parts_are_apart() -> None:
    parts = made()
    for part in ("api", "worker"):
        pod = parts["Deployment", part]["spec"]["template"]["spec"]
        container = pod["containers"][0]
        assert {"name": "OPSPLANE_PINNED_TENANT", "value": "acme-corp"} in container["env"]
        assert container["args"][-1] == part
        assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"
        assert container["livenessProbe"]["httpGet"]["path"] == "/healthz"
        grace = pod["terminationGracePeriodSeconds"]
        assert grace > container["lifecycle"]["preStop"]["sleep"]["seconds"] + 30
    init = parts["Deployment", "api"]["spec"]["template"]["spec"]["initContainers"]
    assert [one["args"][-1] for one in init] == ["prepare"]


def test_replicas_of_the_api_are_the_autoscalers() -> None:
    parts = made()
    assert "replicas" not in parts["Deployment", "api"]["spec"]
    scaled = parts["HorizontalPodAutoscaler", "api"]["spec"]
    assert (scaled["minReplicas"], scaled["maxReplicas"]) == (2, 4)


@pytest.mark.parametrize("size", SIZES)
def test_the_quota_has_room_for_all_pods_and_no_more(size: str) -> None:
    wanted = replace(WANTED, size=SIZES[size])
    parts = made(wanted=wanted)
    hard = parts["ResourceQuota", "bounds"]["spec"]["hard"]
    surge = 2
    pods = parts["HorizontalPodAutoscaler", "api"]["spec"]["maxReplicas"] + 1 + surge
    asks = [pod["containers"][0]["resources"] for part in parts.values() for pod in pod_specs(part)]
    assert hard["pods"] == str(pods)
    assert hard["requests.cpu"] == f"{pods * int(asks[0]['requests']['cpu'].removesuffix('m'))}m"
    assert hard["limits.memory"] == f"{pods * int(asks[0]['limits']['memory'].removesuffix('Mi'))}Mi"
    assert hard["services.loadbalancers"] == "0"


def test_selectors_find_the_pods() -> None:
    parts = made()
    for part in ("api", "worker"):
        spec = parts["Deployment", part]["spec"]
        assert spec["selector"]["matchLabels"].items() <= spec["template"]["metadata"]["labels"].items()
    labels = parts["Deployment", "api"]["spec"]["template"]["metadata"]["labels"]
    other = parts["Deployment", "worker"]["spec"]["template"]["metadata"]["labels"]
    for selector in (
        parts["Service", "api"]["spec"]["selector"],
        parts["PodDisruptionBudget", "api"]["spec"]["selector"]["matchLabels"],
    ):
        assert selector.items() <= labels.items()
        assert not selector.items() <= other.items()


def test_the_network_is_closed_but_for_what_is_needed() -> None:
    parts = made()
    closed = parts["NetworkPolicy", "deny-everything"]["spec"]
    assert closed == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    assert [
        port["port"] for rule in parts["NetworkPolicy", "allow-requests"]["spec"]["ingress"] for port in rule["ports"]
    ] == [8002]
    out = [port["port"] for rule in parts["NetworkPolicy", "allow-needs"]["spec"]["egress"] for port in rule["ports"]]
    assert out == [53, 53, 8000, 5432]


def test_the_databases_urls_are_the_tenants_own() -> None:
    data = made()["Secret", "database"]["data"]
    assert {name: base64.b64decode(value).decode() for name, value in data.items()} == {
        "owner-url": "postgresql://owner:secret@acme-corp.databases/opsplane",
        "app-url": "postgresql://app:secret@acme-corp.databases/opsplane",
    }
    schema = replace(BLUEPRINT, app_database_url="postgresql://app@db/{schema}")
    assert base64.b64decode(made(schema)["Secret", "database"]["data"]["app-url"]) == b"postgresql://app@db/acme_corp"


def test_a_secret_of_somebody_else_is_only_referred_to() -> None:
    parts = made(replace(BLUEPRINT, owner_database_url=None))
    assert ("Secret", "database") not in parts
    environment = parts["Deployment", "api"]["spec"]["template"]["spec"]["containers"][0]["env"]
    named = [one["valueFrom"]["secretKeyRef"] for one in environment if "valueFrom" in one]
    assert named == [{"name": "database", "key": "owner-url"}, {"name": "database", "key": "app-url"}]


def test_pods_are_replaced_when_the_secret_changes() -> None:
    other = replace(BLUEPRINT, app_database_url="postgresql://app:other@{tenant}.databases/opsplane")
    annotations = [
        made(blueprint)["Deployment", "worker"]["spec"]["template"]["metadata"]["annotations"]
        for blueprint in (BLUEPRINT, other)
    ]
    assert annotations[0] != annotations[1]


def matches(route: Manifest) -> list[dict[str, Any]]:
    return [match for rule in route["spec"]["rules"] for match in rule["matches"]]


def test_routes_split_as_the_origin_does() -> None:
    parts = made()
    assert set(PREFIXES) == set(TENANT)
    origin, own = parts["HTTPRoute", "origin"], parts["HTTPRoute", "own-host"]
    assert origin["spec"]["hostnames"] == ["ops.example.com"]
    assert own["spec"]["hostnames"] == ["acme-corp.ops.example.com"]
    for route in (origin, own):
        assert {match["path"]["value"] for match in matches(route)} == set(TENANT)
    assert not any(match["path"]["value"] in CONTROL for match in matches(origin))
    assert ("HTTPRoute", "own-host") not in made(replace(BLUEPRINT, tenant_hosts=None))


def test_on_the_shared_host_only_what_names_the_tenant_is_led_here() -> None:
    for match in matches(made()["HTTPRoute", "origin"]):
        asserted = [*match.get("headers", []), *match.get("queryParams", [])]
        assert len(asserted) == 1
        assert "acme-corp" in asserted[0]["value"]
    keys = {one["value"] for match in matches(made()["HTTPRoute", "origin"]) for one in match.get("headers", [])}
    assert keys == {"acme-corp", "([Bb]earer|GenieKey) opk_acme-corp_.*", "opk_acme-corp_.*"}
