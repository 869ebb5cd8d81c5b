"""Prometheus by its own name: what it posts to an Alertmanager, what its API lists, or one alert by hand.

Formats: the Alertmanager webhook and the v2 postable list (see `alertmanager`), `GET /api/v1/alerts`
(`{"data": {"alerts": [{labels, annotations, state, activeAt, value}]}}`), and a single `{summary, labels}` object as
small scripts and Keep's mocks send it.
"""

from datetime import datetime

from pydantic import JsonValue

from tenant_plane.ingest.adapters import alertmanager
from tenant_plane.ingest.adapters.event import AlertEvent

SOURCE = "prometheus"


def read(payload: JsonValue, received_at: datetime) -> list[AlertEvent]:
    if isinstance(payload, dict) and isinstance(payload.get("data"), dict) and "alerts" not in payload:
        payload = payload["data"]
    return alertmanager.read_as(SOURCE, payload, received_at)
