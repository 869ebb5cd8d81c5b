"""Request bodies as the real senders write them: Alertmanager, Grafana, PagerDuty Events v2, plain JSON.

The adapters of `tenant_plane.ingest` say where each format is documented.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote

from pydantic import JsonValue

GO_ZERO_TIME = "0001-01-01T00:00:00Z"
ROUTING_KEY = "demo-synthetic-monitor"


@dataclass(frozen=True, slots=True, kw_only=True)
class SentAlert:
    """One alert of a group at the moment of a notification."""

    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    started_at: datetime
    ended_at: datetime | None
    expression: str
    value: float


def instant(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def fingerprint(labels: Mapping[str, str]) -> str:
    """Alertmanager's: FNV-1a (64 bit) over the sorted names and values, each ended by a 0xFF byte."""
    value = 0xCBF29CE484222325
    for name in sorted(labels):
        for byte in b"%b\xff%b\xff" % (name.encode(), labels[name].encode()):
            value = (value ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return f"{value:016x}"


def alertmanager_body(group: Mapping[str, str], alerts: Sequence[SentAlert]) -> JsonValue:
    return {
        "version": "4",
        "groupKey": '{}/{environment="production"}:' + _selector(group),
        "truncatedAlerts": 0,
        "status": "firing" if any(alert.ended_at is None for alert in alerts) else "resolved",
        "receiver": "opsplane",
        "groupLabels": dict(group),
        "commonLabels": _common([alert.labels for alert in alerts]),
        "commonAnnotations": _common([alert.annotations for alert in alerts]),
        "externalURL": "https://alertmanager.example",
        "alerts": [_alert(alert) for alert in alerts],
    }


def grafana_body(group: Mapping[str, str], alerts: Sequence[SentAlert]) -> JsonValue:
    firing = sum(alert.ended_at is None for alert in alerts)
    name = group["alertname"]
    counts = f"FIRING:{firing}" if firing else "RESOLVED"
    return {
        "version": "1",
        "groupKey": '{}/{environment="production"}:' + _selector(group),
        "truncatedAlerts": 0,
        "orgId": 1,
        "receiver": "Opsplane",
        "status": "firing" if firing else "resolved",
        "state": "alerting" if firing else "ok",
        "title": f"[{counts}] {name} (order-events shop)",
        "message": f"{name}: {firing} firing, {len(alerts) - firing} resolved",
        "groupLabels": dict(group),
        "commonLabels": _common([alert.labels for alert in alerts]),
        "commonAnnotations": _common([alert.annotations for alert in alerts]),
        "externalURL": "https://grafana.example/",
        "alerts": [_grafana_alert(alert) for alert in alerts],
    }


def pagerduty_body(
    *, action: str, key: str, payload: Mapping[str, JsonValue] | None = None, link: str | None = None
) -> JsonValue:
    """Acknowledge and resolve are sent with the key alone, as most clients do."""
    body: dict[str, JsonValue] = {"routing_key": ROUTING_KEY, "event_action": action, "dedup_key": key}
    if payload is not None:
        body |= {"payload": dict(payload), "client": "Acme synthetic monitor"}
    if link is not None:
        body["links"] = [{"href": link, "text": "Runbook"}]
    return body


def _alert(alert: SentAlert) -> dict[str, JsonValue]:
    return {
        "status": "firing" if alert.ended_at is None else "resolved",
        "labels": dict(alert.labels),
        "annotations": dict(alert.annotations),
        "startsAt": instant(alert.started_at),
        "endsAt": GO_ZERO_TIME if alert.ended_at is None else instant(alert.ended_at),
        "generatorURL": f"https://prometheus.example/graph?g0.expr={quote(alert.expression)}&g0.tab=1",
        "fingerprint": fingerprint(alert.labels),
    }


def _grafana_alert(alert: SentAlert) -> dict[str, JsonValue]:
    rule = fingerprint({"alertname": alert.labels["alertname"]})
    return _alert(alert) | {
        "generatorURL": f"https://grafana.example/alerting/grafana/{rule}/view?orgId=1",
        "silenceURL": "https://grafana.example/alerting/silence/new?alertmanager=grafana"
        + "".join(f"&matcher={quote(f'{name}={value}')}" for name, value in sorted(alert.labels.items())),
        "dashboardURL": "https://grafana.example/d/order-events?orgId=1",
        "panelURL": "https://grafana.example/d/order-events?orgId=1&viewPanel=4",
        "values": {"A": alert.value, "C": 0 if alert.ended_at else 1},
        "valueString": f"[ var='A' labels={{{', '.join(f'{k}={v}' for k, v in sorted(alert.labels.items()))}}} "
        f"value={alert.value:g} ]",
    }


def _selector(group: Mapping[str, str]) -> str:
    return "{" + ", ".join(f'{name}="{value}"' for name, value in sorted(group.items())) + "}"


def _common(maps: Sequence[Mapping[str, str]]) -> dict[str, JsonValue]:
    first, *others = maps
    return {key: value for key, value in first.items() if all(other.get(key) == value for other in others)}
