"""Around the pods: the namespace and its bounds, the secret, the service account, what may talk to what."""

import base64
from typing import Any

from control_plane.provisioning.manifests.blueprint import (
    APP_URL,
    COMPONENT,
    DATABASE_SECRET,
    NAME,
    OWNER_URL,
    PORT,
    Blueprint,
    Manifest,
    Wanted,
    owned,
)

SERVICE_ACCOUNT = "tenant-plane"
POD_SECURITY = {
    f"pod-security.kubernetes.io/{mode}{suffix}": value
    for mode in ("enforce", "audit", "warn")
    for suffix, value in (("", "restricted"), ("-version", "latest"))
}
ROUTES = "opsplane.io/routes"
"""Routes of a namespace with this label may join the gateway; see infra/k8s/base/gateway.yaml."""
CONTROL_PLANE_PORT = 8000
NAMESPACE_NAME = "kubernetes.io/metadata.name"


def namespace(wanted: Wanted) -> Manifest:
    return owned(wanted, "v1", "Namespace", wanted.namespace, labels={**POD_SECURITY, ROUTES: "allowed"})


def quota(wanted: Wanted) -> Manifest:
    """As much as the plan's size can ever use, and no way out of the cluster past the gateway."""
    size = wanted.size
    hard = {
        "pods": str(size.pods),
        "requests.cpu": f"{size.pods * size.cpu_millis}m",
        "requests.memory": f"{size.pods * size.memory_mib}Mi",
        "limits.memory": f"{size.pods * size.memory_mib}Mi",
        "services.loadbalancers": "0",
        "services.nodeports": "0",
        "persistentvolumeclaims": "0",
    }
    return owned(wanted, "v1", "ResourceQuota", "bounds", spec={"hard": hard})


def limit_range(wanted: Wanted) -> Manifest:
    memory = f"{wanted.size.memory_mib}Mi"
    limits = {
        "type": "Container",
        "default": {"memory": memory},
        "defaultRequest": {"cpu": f"{wanted.size.cpu_millis}m", "memory": memory},
        "max": {"memory": memory},
    }
    return owned(wanted, "v1", "LimitRange", "bounds", spec={"limits": [limits]})


def service_account(wanted: Wanted) -> Manifest:
    """Nobody: no role is bound to it and its token is not mounted."""
    return owned(wanted, "v1", "ServiceAccount", SERVICE_ACCOUNT, automountServiceAccountToken=False)


def database_secret(blueprint: Blueprint, wanted: Wanted) -> Manifest | None:
    """None when somebody else makes it."""
    if blueprint.owner_database_url is None or blueprint.app_database_url is None:
        return None
    names = {"tenant": wanted.tenant_id, "schema": wanted.tenant_id.replace("-", "_")}
    urls = {
        OWNER_URL: blueprint.owner_database_url.format_map(names),
        APP_URL: blueprint.app_database_url.format_map(names),
    }
    return owned(wanted, "v1", "Secret", DATABASE_SECRET, type="Opaque", data=_base64(urls))


def _base64(texts: dict[str, str]) -> dict[str, str]:
    """``stringData`` would be turned into ``data`` by the server and be seen as drift for ever."""
    return {name: base64.b64encode(text.encode()).decode() for name, text in texts.items()}


def network_policies(blueprint: Blueprint, wanted: Wanted) -> list[Manifest]:
    """Nothing in, nothing out; then what is needed."""
    everyone: dict[str, Any] = {"podSelector": {}}
    denied = {**everyone, "policyTypes": ["Ingress", "Egress"]}
    requests = {
        "podSelector": {"matchLabels": {COMPONENT: "api"}},
        "policyTypes": ["Ingress"],
        "ingress": [
            {
                "from": [
                    _namespace(blueprint.proxy_namespace),
                    {**_namespace(blueprint.control_plane_namespace), **_pods("control-plane")},
                ],
                "ports": [_tcp(PORT)],
            }
        ],
    }
    needs = {
        **everyone,
        "policyTypes": ["Egress"],
        "egress": [
            {"to": [_namespace("kube-system")], "ports": [{"protocol": "UDP", "port": 53}, _tcp(53)]},
            {
                "to": [{**_namespace(blueprint.control_plane_namespace), **_pods("control-plane")}],
                "ports": [_tcp(CONTROL_PLANE_PORT)],
            },
            {"ports": [_tcp(blueprint.database_port)]},
        ],
    }
    return [
        owned(wanted, "networking.k8s.io/v1", "NetworkPolicy", "deny-everything", spec=denied),
        owned(wanted, "networking.k8s.io/v1", "NetworkPolicy", "allow-requests", spec=requests),
        owned(wanted, "networking.k8s.io/v1", "NetworkPolicy", "allow-needs", spec=needs),
    ]


def _namespace(name: str) -> dict[str, Any]:
    return {"namespaceSelector": {"matchLabels": {NAMESPACE_NAME: name}}}


def _pods(name: str) -> dict[str, Any]:
    return {"podSelector": {"matchLabels": {NAME: name}}}


def _tcp(port: int) -> dict[str, Any]:
    return {"protocol": "TCP", "port": port}
