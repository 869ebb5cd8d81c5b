"""The manifests of infra/k8s: rendered by kubectl, valid, restricted, and in agreement with the code beside them."""

import json
import re
import shutil
import subprocess
from functools import cache
from typing import Any

import kubernetes_validate  # type: ignore[import-untyped]
import pytest
import yaml  # type: ignore[import-untyped]

from control_plane.adapters.kubernetes import RESOURCES
from control_plane.provisioning.manifests.blueprint import NAME, PORT, Blueprint, Wanted
from control_plane.provisioning.manifests.plane import objects
from control_plane.provisioning.manifests.routes import LISTENERS, http_routes
from control_plane.provisioning.manifests.surroundings import ROUTES
from control_plane.provisioning.rules import SIZES
from control_plane.settings import ControlSettings, KubernetesSettings
from infra.local.origin import CONTROL, TENANT
from tests.fakes.kubernetes import schemas
from tests.fakes.kubernetes.pod_security import pod_specs, violations
from tests.support.processes import ROOT

pytestmark = pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed")
Manifest = dict[str, Any]
FOLDERS = ("base", "migrations", "overlays/production", "overlays/production/migrations", "overlays/small")
ALL = ("overlays/production", "overlays/production/migrations")


@cache
def rendered(folder: str) -> tuple[Manifest, ...]:
    command = ["kubectl", "kustomize", str(ROOT / "infra" / "k8s" / folder)]
    made = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert made.returncode == 0, made.stderr
    assert "deprecated" not in made.stderr.lower(), made.stderr
    return tuple(yaml.safe_load_all(made.stdout))


def named(folder: str, kind: str, name: str) -> Manifest:
    return next(one for one in rendered(folder) if (one["kind"], one["metadata"]["name"]) == (kind, name))


def of_kind(folder: str, kind: str) -> list[Manifest]:
    return [one for one in rendered(folder) if one["kind"] == kind]


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_object_is_valid(folder: str) -> None:
    """By the schemas of kubernetes-validate; those of the Gateway API, which it lacks, are ours."""
    manifests = rendered(folder)
    assert len(manifests) >= 2
    for manifest in manifests:
        assert schemas.problems(manifest) == [], (manifest["kind"], manifest["metadata"]["name"])


@pytest.mark.parametrize("folder", ALL)
def test_kubernetes_validate_agrees(folder: str) -> None:
    own = [manifest for manifest in rendered(folder) if manifest["kind"] not in schemas.GATEWAY_API]
    assert len(own) >= 2
    for manifest in own:
        kubernetes_validate.validate(manifest, "1.37", strict=True)


@pytest.mark.parametrize("broken", [{"spec": {"replica": 1}}, {"spec": {"replicas": "one"}}, {"speck": {}}])
def test_the_schemas_see_mistakes(broken: Manifest) -> None:
    manifest = {**named("base", "Deployment", "web"), **broken}
    assert schemas.problems(manifest) != []
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(manifest, "1.37", strict=True)


@pytest.mark.parametrize("folder", FOLDERS)
def test_pods_are_restricted(folder: str) -> None:
    pods = [pod for manifest in rendered(folder) for pod in pod_specs(manifest)]
    assert pods
    for pod in pods:
        assert violations(pod) == []
        for container in pod["containers"]:
            assert container["securityContext"]["readOnlyRootFilesystem"] is True
            assert container["resources"]["limits"]["memory"] == container["resources"]["requests"]["memory"]
            assert ":" in container["image"] or folder in ("base", "migrations")


def test_the_check_sees_what_it_forbids() -> None:
    pod = next(pod for manifest in rendered("base") for pod in pod_specs(manifest))
    worse = json.loads(json.dumps(pod))
    worse["hostNetwork"] = True
    worse["volumes"].append({"name": "host", "hostPath": {"path": "/"}})
    worse["containers"][0]["securityContext"] = {"privileged": True}
    del worse["securityContext"]
    assert len(violations(worse)) == 7


@pytest.mark.parametrize("folder", ["base", "overlays/production", "overlays/small"])
def test_what_serves_is_probed_and_ends_gracefully(folder: str) -> None:
    deployments = of_kind(folder, "Deployment")
    assert {one["metadata"]["name"] for one in deployments} == {
        "control-plane",
        "tenant-plane",
        "tenant-plane-worker",
        "web",
    }
    for deployment in deployments:
        container = deployment["spec"]["template"]["spec"]["containers"][0]
        probes = [container[f"{kind}Probe"]["httpGet"]["path"] for kind in ("startup", "liveness", "readiness")]
        assert probes == ["/healthz", "/healthz", "/readyz"]
        assert deployment["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
        assert container["lifecycle"]["preStop"]["sleep"]["seconds"] >= 5


@pytest.mark.parametrize("folder", ["base", "overlays/production"])
def test_names_lead_to_things_that_are_there(folder: str) -> None:
    """Autoscalers, budgets, services and routes; and a budget for all that serves."""
    pods = {
        one["metadata"]["name"]: one["spec"]["template"]["metadata"]["labels"] for one in of_kind(folder, "Deployment")
    }
    for scaler in of_kind(folder, "HorizontalPodAutoscaler"):
        deployment = named(folder, "Deployment", scaler["spec"]["scaleTargetRef"]["name"])
        assert "replicas" not in deployment["spec"]
    for kind, at in (("Service", "selector"), ("PodDisruptionBudget", "matchLabels")):
        for one in of_kind(folder, kind):
            spec = one["spec"]
            selector = spec["selector"][at] if at in spec["selector"] else spec["selector"]
            chosen = {name for name, labels in pods.items() if selector.items() <= labels.items()}
            assert chosen == {one["metadata"]["name"]}, (kind, chosen)
    services = {one["metadata"]["name"] for one in of_kind(folder, "Service")}
    for route in of_kind(folder, "HTTPRoute"):
        for rule in route["spec"]["rules"]:
            assert {backend["name"] for backend in rule.get("backendRefs", [])} <= services
    budgets = {one["metadata"]["name"] for one in of_kind(folder, "PodDisruptionBudget")}
    assert budgets == set(pods)


def prefixes(folder: str) -> dict[str, set[str]]:
    """What each service gets of the origin."""
    rules = named(folder, "HTTPRoute", "origin")["spec"]["rules"]
    return {rule["backendRefs"][0]["name"]: {match["path"]["value"] for match in rule["matches"]} for rule in rules}


def test_routes_split_as_the_origin_does() -> None:
    versioned = {prefix.replace("/api/", "/api/v1/", 1) for prefix in CONTROL if prefix.startswith("/api/")}
    assert prefixes("base") == {
        "control-plane": {*CONTROL, *versioned},
        "tenant-plane": set(TENANT),
        "web": {"/"},
    }


def test_rights_are_those_that_the_adapter_uses() -> None:
    """Get and patch of all that it knows, create for what is new; more only where it does more."""
    granted = {
        (group, resource): set(rule["verbs"])
        for rule in named("base", "ClusterRole", "opsplane-control-plane")["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
    }
    more = {"namespaces": {"list", "delete"}, "httproutes": {"delete"}}
    assert granted == {
        (version.rpartition("/")[0], plural): {"get", "create", "patch", *more.get(plural, ())}
        for (version, _), plural in RESOURCES.items()
    }
    binding = named("base", "ClusterRoleBinding", "opsplane-control-plane")
    assert binding["subjects"] == [{"kind": "ServiceAccount", "name": "control-plane", "namespace": "opsplane"}]
    accounts = {
        one["metadata"]["name"]: one["spec"]["template"]["spec"]["automountServiceAccountToken"]
        for one in of_kind("base", "Deployment")
    }
    assert [name for name, mounted in accounts.items() if mounted] == ["control-plane"]


def blueprint() -> Blueprint:
    """Of an installation that sets only what must be set."""
    settings = KubernetesSettings(
        image="opsplane", version="1", origin_host="ops.example.com", tenant_hosts="ops.example.com"
    )
    return Blueprint(**settings.model_dump(include=set(Blueprint.__slots__)))


def test_tenants_objects_fit_the_gateway_and_the_policies() -> None:
    made = blueprint()
    gateway = named("base", "Gateway", made.gateway_name)
    assert gateway["metadata"]["namespace"] == made.gateway_namespace
    listeners = {one["name"]: one for one in gateway["spec"]["listeners"]}
    hosts = [route["spec"]["hostnames"][0] for route in http_routes(made, Wanted("acme", "1", SIZES["small"]))]
    assert [listeners[name]["hostname"] for name in LISTENERS] == [hosts[0], hosts[1].replace("acme", "*", 1)]
    for name in LISTENERS:
        chosen = listeners[name]["allowedRoutes"]["namespaces"]["selector"]["matchLabels"]
        namespaces = [objects(made, Wanted("acme", "1", SIZES["small"]))[0], named("base", "Namespace", "opsplane")]
        assert chosen == {ROUTES: "allowed"}
        assert all(chosen.items() <= one["metadata"]["labels"].items() for one in namespaces)
    service = named("base", "Service", "control-plane")
    assert made.control_plane_url == f"http://control-plane.{service['metadata']['namespace']}.svc"
    pods = named("base", "Deployment", "control-plane")["spec"]["template"]
    assert pods["metadata"]["labels"][NAME] == "control-plane"
    assert pods["spec"]["containers"][0]["ports"][0]["containerPort"] == 8000
    policy = named("base", "NetworkPolicy", "control-plane")["spec"]
    assert PORT in [port["port"] for rule in policy["egress"] for port in rule["ports"]]


def test_the_control_plane_is_told_what_its_settings_know() -> None:
    (config,) = [
        one
        for one in of_kind("overlays/production", "ConfigMap")
        if one["metadata"]["name"].startswith("control-plane")
    ]
    told = {
        name.removeprefix("OPSPLANE_KUBERNETES__").lower(): value
        for name, value in config["data"].items()
        if name.startswith("OPSPLANE_KUBERNETES__")
    }
    settings = KubernetesSettings(**told)
    images = {pod["containers"][0]["image"] for folder in ALL for one in rendered(folder) for pod in pod_specs(one)}
    assert images == {f"{settings.image}:{settings.version}"}, "the version stands in two files of the overlay"


def test_archives_have_room_and_never_more_than_the_volume() -> None:
    """A volume over its limit ends the pod; a larger archive must be refused before."""
    pod = named("base", "Deployment", "control-plane")["spec"]["template"]["spec"]
    (config,) = [one for one in of_kind("base", "ConfigMap") if one["metadata"]["name"].startswith("control-plane")]
    mounts = {mount["mountPath"]: mount["name"] for mount in pod["containers"][0]["volumeMounts"]}
    sizes = {volume["name"]: volume["emptyDir"]["sizeLimit"] for volume in pod["volumes"]}
    size = sizes[mounts[config["data"]["OPSPLANE_ARCHIVE_FOLDER"]]]
    assert int(config["data"]["OPSPLANE_ARCHIVE_MAX_BYTES"]) < int(size.removesuffix("Gi")) * 1024**3
    settings = ControlSettings.model_fields
    assert {"archive_folder", "archive_max_bytes"} <= settings.keys()


def test_no_secret_is_written_down_and_all_are_listed_in_the_docs() -> None:
    page = (ROOT / "infra" / "docs" / "kubernetes.md").read_text()
    for folder in ALL:
        assert of_kind(folder, "Secret") == []
        references = re.findall(r"'secretKeyRef': ({[^}]*})", str(rendered(folder)))
        assert references
        for reference in references:
            found = json.loads(reference.replace("'", '"').replace("True", "true"))
            assert f"`{found['name']}`" in page and f"`{found['key']}`" in page


def test_the_network_is_closed_by_default() -> None:
    closed = named("base", "NetworkPolicy", "deny-everything")["spec"]
    assert closed == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    enforced = named("base", "Namespace", "opsplane")["metadata"]["labels"]
    assert enforced["pod-security.kubernetes.io/enforce"] == "restricted"


def test_migrations_alone_know_the_control_planes_owner() -> None:
    """The serving processes of the control plane must not be able to change the schema."""
    knows = {
        one["metadata"]["name"]
        for folder in ALL
        for one in rendered(folder)
        for pod in pod_specs(one)
        for variable in pod["containers"][0].get("env", [])
        if variable["name"] == "OPSPLANE_CONTROL_DATABASE_URL"
    }
    assert knows == {"migrate-control-plane"}
