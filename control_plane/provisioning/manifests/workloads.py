"""The pods: API and worker, how many, and how they may be disturbed.

One image; the first argument chooses. The API's pods migrate the database in an init container before they serve, so
a version whose migration fails never becomes ready and the pods before it go on serving.
"""

from typing import Any

from control_plane.provisioning.manifests.blueprint import (
    APP_URL,
    COMPONENT,
    DATABASE_SECRET,
    HASH,
    OWNER_URL,
    PORT,
    VERSION,
    Blueprint,
    Manifest,
    Wanted,
    digest,
    labels,
    owned,
    selector,
)
from control_plane.provisioning.manifests.surroundings import SERVICE_ACCOUNT

USER_ID = 10001
"""The image's own; see infra/docker/Dockerfile."""
STOP_SECONDS = 40
DRAIN_SECONDS = 5
"""A pod that is told to stop still gets requests until every proxy has heard of it."""


def api(blueprint: Blueprint, wanted: Wanted, secret: Manifest | None) -> Manifest:
    """No ``replicas``: the autoscaler owns that field."""
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    spec = {"strategy": strategy, **_pods(blueprint, wanted, secret, "api", migrates=True)}
    return owned(wanted, "apps/v1", "Deployment", "api", labels={COMPONENT: "api"}, spec=spec)


def worker(blueprint: Blueprint, wanted: Wanted, secret: Manifest | None) -> Manifest:
    """One; two at once, while a version is replaced, share the queue."""
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    spec = {"replicas": 1, "strategy": strategy, **_pods(blueprint, wanted, secret, "worker", migrates=False)}
    return owned(wanted, "apps/v1", "Deployment", "worker", labels={COMPONENT: "worker"}, spec=spec)


def disruption_budget(wanted: Wanted) -> Manifest:
    """``maxUnavailable`` lets a node be drained even when there is one pod."""
    spec = {
        "maxUnavailable": 1,
        "unhealthyPodEvictionPolicy": "AlwaysAllow",
        "selector": {"matchLabels": selector(wanted.tenant_id, "api")},
    }
    return owned(wanted, "policy/v1", "PodDisruptionBudget", "api", spec=spec)


def autoscaler(wanted: Wanted) -> Manifest:
    cpu = {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}}
    spec = {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "api"},
        "minReplicas": wanted.size.api_least,
        "maxReplicas": wanted.size.api_most,
        "metrics": [{"type": "Resource", "resource": cpu}],
    }
    return owned(wanted, "autoscaling/v2", "HorizontalPodAutoscaler", "api", spec=spec)


def _pods(
    blueprint: Blueprint, wanted: Wanted, secret: Manifest | None, component: str, *, migrates: bool
) -> dict[str, Any]:
    """``selector``, ``template`` and the deadlines of a Deployment. Pods are replaced when the secret changes."""
    chosen = selector(wanted.tenant_id, component)
    annotations = {VERSION: wanted.version}
    if secret is not None:
        annotations[HASH] = digest(secret["data"])
    spec: dict[str, Any] = {
        "serviceAccountName": SERVICE_ACCOUNT,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": STOP_SECONDS,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": USER_ID,
            "runAsGroup": USER_ID,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "topologySpreadConstraints": [_spread("topology.kubernetes.io/zone", chosen), _spread(HOSTNAME, chosen)],
        "containers": [{**_container(blueprint, wanted, component), **_served()}],
        "volumes": [{"name": "tmp", "emptyDir": {"sizeLimit": "64Mi"}}],
    }
    if migrates:
        spec["initContainers"] = [_container(blueprint, wanted, "prepare")]
    return {
        "selector": {"matchLabels": chosen},
        "progressDeadlineSeconds": 300,
        "revisionHistoryLimit": 3,
        "template": {
            "metadata": {"labels": labels(wanted.tenant_id, component), "annotations": annotations},
            "spec": spec,
        },
    }


HOSTNAME = "kubernetes.io/hostname"


def _spread(key: str, chosen: dict[str, str]) -> dict[str, Any]:
    return {
        "maxSkew": 1,
        "topologyKey": key,
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": chosen},
    }


def _container(blueprint: Blueprint, wanted: Wanted, command: str) -> dict[str, Any]:
    memory = f"{wanted.size.memory_mib}Mi"
    return {
        "name": command,
        "image": f"{blueprint.image}:{wanted.version}",
        "args": ["python", "-m", "tenant_plane", command],
        "env": [
            {"name": "OPSPLANE_PINNED_TENANT", "value": wanted.tenant_id},
            {"name": "OPSPLANE_CONTROL_PLANE_URL", "value": blueprint.control_plane_url},
            {"name": "OPSPLANE_HOST", "value": "0.0.0.0"},
            {"name": "OPSPLANE_TENANT_PLANE_PORT", "value": str(PORT)},
            _from_secret("OPSPLANE_TENANT_DATABASE_URL", OWNER_URL),
            _from_secret("OPSPLANE_TENANT_APP_DATABASE_URL", APP_URL),
        ],
        "resources": {
            "requests": {"cpu": f"{wanted.size.cpu_millis}m", "memory": memory},
            "limits": {"memory": memory},
        },
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "runAsNonRoot": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],  # noqa: S108 - in the pod
    }


def _served() -> dict[str, Any]:
    """A database that is away takes a pod out of the service (``/readyz``) but never restarts it (``/healthz``)."""
    return {
        "ports": [{"name": "http", "containerPort": PORT, "protocol": "TCP"}],
        "startupProbe": _probe("/healthz", periodSeconds=2, failureThreshold=30),
        "livenessProbe": _probe("/healthz", periodSeconds=10, failureThreshold=3),
        "readinessProbe": _probe("/readyz", periodSeconds=5, failureThreshold=2),
        "lifecycle": {"preStop": {"sleep": {"seconds": DRAIN_SECONDS}}},
    }


def _probe(path: str, **numbers: int) -> dict[str, Any]:
    return {"httpGet": {"path": path, "port": "http"}, "timeoutSeconds": 3, **numbers}


def _from_secret(name: str, key: str) -> dict[str, Any]:
    return {"name": name, "valueFrom": {"secretKeyRef": {"name": DATABASE_SECRET, "key": key}}}
