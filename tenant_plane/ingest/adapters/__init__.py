"""One module per sender: its JSON in, `AlertEvent`s out. Pure functions: no clock, no network, no database."""

from collections.abc import Mapping
from functools import partial

from tenant_plane.ingest.adapters import (
    alertmanager,
    azure,
    checkmk,
    cloudwatch,
    datadog,
    gcp,
    generic,
    grafana,
    incidentio,
    newrelic,
    opsgenie,
    pagerduty,
    pingdom,
    prometheus,
    sentry,
    zabbix,
)
from tenant_plane.ingest.adapters.event import (
    Action,
    Adapter,
    AlertEvent,
    JsonObject,
    NotAnAlert,
    UnreadablePayload,
)

__all__ = [
    "ADAPTERS",
    "Action",
    "Adapter",
    "AlertEvent",
    "JsonObject",
    "NotAnAlert",
    "UnreadablePayload",
    "adapter_for",
]

ADAPTERS: Mapping[str, Adapter] = {
    "webhook": generic.read,
    "generic": generic.read,
    "alertmanager": alertmanager.read,
    "prometheus": prometheus.read,
    "grafana": grafana.read,
    "pagerduty": pagerduty.read,
    "opsgenie": opsgenie.read,
    "incidentio": incidentio.read,
    "datadog": datadog.read,
    "newrelic": newrelic.read,
    "sentry": sentry.read,
    "zabbix": zabbix.read,
    "checkmk": checkmk.read,
    "pingdom": pingdom.read,
    "cloudwatch": cloudwatch.read,
    "azure": azure.read,
    "gcp": gcp.read,
}
_ALIASES: Mapping[str, str] = {
    "incident.io": "incidentio",
    "new_relic": "newrelic",
    "new-relic": "newrelic",
    "sns": "cloudwatch",
    "azuremonitor": "azure",
    "azuremonitoring": "azure",
    "gcpmonitoring": "gcp",
    "stackdriver": "gcp",
}
"""Other names that people and products have for the same sender; the alerts are the same alerts."""


def adapter_for(source: str) -> tuple[str, Adapter]:
    """The sender's name in lower case, and what reads it: generic JSON under that name if it has no adapter.

    The name belongs into an alert's dedup key next to `dedup_fields`; `AlertEvent.source` doesn't.
    """
    name = "".join(char for char in source.strip().lower() if char.isprintable())[:64] or generic.SOURCE
    name = _ALIASES.get(name, name)
    adapter = ADAPTERS.get(name)
    if adapter is None:
        adapter = partial(generic.read, source=name)
    return name, adapter
