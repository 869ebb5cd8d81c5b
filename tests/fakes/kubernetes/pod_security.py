"""The PodSecurity standard ``restricted``, as far as pods here can offend against it.

Source: kubernetes.io/docs/concepts/security/pod-security-standards.
"""

from collections.abc import Iterator, Mapping
from typing import Any

VOLUMES = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}
SECCOMP = ("RuntimeDefault", "Localhost")
HOST = ("hostNetwork", "hostPID", "hostIPC")


def violations(pod: Mapping[str, Any]) -> list[str]:
    """What in a pod's ``spec`` the standard forbids; empty when all is well."""
    return [*_of_pod(pod), *(problem for one in _containers(pod) for problem in _of_container(pod, one))]


def pod_specs(manifest: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Of whatever makes pods."""
    spec = manifest.get("spec", {})
    if manifest["kind"] == "CronJob":
        spec = spec["jobTemplate"]["spec"]
    if manifest["kind"] in ("Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob"):
        yield spec["template"]["spec"]
    if manifest["kind"] == "Pod":
        yield spec


def _containers(pod: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for group in ("initContainers", "containers", "ephemeralContainers"):
        yield from pod.get(group, [])


def _of_pod(pod: Mapping[str, Any]) -> Iterator[str]:
    yield from (f"{name} is set" for name in HOST if pod.get(name))
    for volume in pod.get("volumes", []):
        kinds = volume.keys() - {"name"}
        if not kinds <= VOLUMES:
            yield f"volume {volume['name']} is a {', '.join(kinds)}"


def _of_container(pod: Mapping[str, Any], container: Mapping[str, Any]) -> Iterator[str]:
    name, own, pods = container["name"], container.get("securityContext", {}), pod.get("securityContext", {})
    both = {**pods, **own}
    capabilities = own.get("capabilities", {})
    rules = {
        "allowPrivilegeEscalation is not false": own.get("allowPrivilegeEscalation") is False,
        "is privileged": not own.get("privileged"),
        "runAsNonRoot is not true": both.get("runAsNonRoot") is True,
        "runs as root": both.get("runAsUser") != 0,
        "seccompProfile is not RuntimeDefault": both.get("seccompProfile", {}).get("type") in SECCOMP,
        "does not drop all capabilities": "ALL" in capabilities.get("drop", []),
        "adds capabilities": set(capabilities.get("add", [])) <= {"NET_BIND_SERVICE"},
        "has a host port": not any(port.get("hostPort") for port in container.get("ports", [])),
    }
    yield from (f"{name} {problem}" for problem, holds in rules.items() if not holds)
