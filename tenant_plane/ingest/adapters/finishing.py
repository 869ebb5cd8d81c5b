"""The last step of every adapter: an event that keeps the promises `AlertEvent` makes (bounds, a name, times in order),
and where among an alert's labels its service and environment stand."""

from collections.abc import Mapping
from datetime import datetime

from tenant_plane.alerts.rules import Severity
from tenant_plane.ingest.adapters.event import Action, AlertEvent, JsonObject
from tenant_plane.ingest.adapters.reading import cut, digest, named, warn

NAME_LENGTH = 300
DESCRIPTION_LENGTH = 10_000
LABEL_COUNT = 64
LABEL_KEY_LENGTH = 200
LABEL_LENGTH = 1_000
ANNOTATION_LENGTH = 10_000
KEY_LENGTH = 400  # an index row holds 2,704 bytes, a character may take four
SHORT_LENGTH = 200

SERVICE_KEYS = (
    "service",
    "service_id",
    "service_name",
    "service.name",
    "app_kubernetes_io_name",
    "app.kubernetes.io/name",
    "app",
    "application",
    "deployment",
    "statefulset",
    "daemonset",
    "workload",
    "component",
    "job",
)
"""Where the service is named, best first: said outright, then the Kubernetes application, then the workload that
carries it, then a part of it. `job` is the scrape's name and only a last resort."""

ENVIRONMENT_KEYS = (
    "environment",
    "env",
    "deployment_environment",
    "deployment.environment",
    "deployment_environment_name",
    "stage",
)


def service_of(labels: Mapping[str, str]) -> str | None:
    for key in SERVICE_KEYS:
        value = labels.get(key)
        if value and not _names_an_exporter(key, value):
            return value
    return None


def _names_an_exporter(key: str, value: str) -> bool:
    """Prometheus names the scrape, not the sick thing: every KubePodCrashLooping has job="kube-state-metrics" and
    often service="…-kube-state-metrics", which would gather a whole cluster's alerts under one service."""
    if value.endswith("kube-state-metrics"):
        return True
    return key == "job" and value.endswith(("exporter", "cadvisor", "kubelet", "blackbox", "pushgateway"))


def environment_of(labels: Mapping[str, str]) -> str | None:
    return next((value for key in ENVIRONMENT_KEYS if (value := labels.get(key))), None)


def finish(
    *,
    action: Action,
    source: str,
    dedup_fields: tuple[str, ...],
    name: str,
    received_at: datetime,
    raw: JsonObject,
    warnings: list[str],
    sender_key: str | None = None,
    description: str = "",
    severity: Severity = Severity.MEDIUM,
    service: str | None = None,
    labels: dict[str, str] | None = None,
    annotations: dict[str, str] | None = None,
    environment: str | None = None,
    url: str | None = None,
    occurred_at: datetime | None = None,
    ended_at: datetime | None = None,
) -> AlertEvent:
    """The event with every promise of `AlertEvent` kept: bounds, a name, times in order."""
    labels = labels or {}
    service = service or service_of(labels)
    environment = environment or environment_of(labels)
    name = " ".join(name.split())
    if not name:
        warn(warnings, "the alert had no name")
        name = f"Alert from {source}" if source else "Alert"
    if action is not Action.RESOLVE:
        ended_at = None
        occurred_at = occurred_at or received_at
    else:
        ended_at = ended_at or occurred_at or received_at
        occurred_at = occurred_at or min(ended_at, received_at)
        if ended_at < occurred_at:
            warn(warnings, "the end lay before the start and was set to the start")
            ended_at = occurred_at
    return AlertEvent(
        action=action,
        source=cut(source, SHORT_LENGTH, "the source", warnings),
        dedup_fields=dedup_fields,
        sender_key=_short_key(sender_key),
        name=cut(name, NAME_LENGTH, "the name", warnings),
        description=cut(description.strip(), DESCRIPTION_LENGTH, "the description", warnings),
        severity=severity,
        service=cut(service.strip(), SHORT_LENGTH, "the service", warnings) or None if service else None,
        environment=cut(environment.strip(), SHORT_LENGTH, "the environment", warnings) or None
        if environment
        else None,
        labels=_bounded(labels, LABEL_LENGTH, "label", warnings),
        annotations=_bounded(annotations or {}, ANNOTATION_LENGTH, "annotation", warnings),
        url=url,
        occurred_at=occurred_at,
        ended_at=ended_at,
        raw=raw,
        warnings=tuple(warnings),
    )


def _short_key(key: str | None) -> str | None:
    if not key:
        return None
    return key if len(key) <= KEY_LENGTH else f"{key[: KEY_LENGTH - 40]}…{digest(key)}"


def _bounded(pairs: dict[str, str], length: int, what: str, warnings: list[str]) -> dict[str, str]:
    if len(pairs) > LABEL_COUNT:
        warn(warnings, f"{len(pairs)} {what}s: only the first {LABEL_COUNT} by name were kept")
        pairs = {key: pairs[key] for key in sorted(pairs)[:LABEL_COUNT]}
    if any(len(value) > length or len(key) > LABEL_KEY_LENGTH for key, value in pairs.items()):
        return {
            cut(key, LABEL_KEY_LENGTH, f"a {what}'s name", warnings): cut(
                value, length, f"{what} {named(key)}", warnings
            )
            for key, value in pairs.items()
        }
    return pairs
