"""incident.io alert events, as senders post them to an HTTP alert source.

Format: incident.io's API documentation, "Alert Events V2, create": title, description, deduplication_key, status
(firing or resolved), source_url, metadata (an object).

Identity is deduplication_key; without one the title stands for it.
"""

from datetime import datetime

from pydantic import JsonValue

from tenant_plane.alerts.rules import Severity
from tenant_plane.ingest.adapters import finishing, reading
from tenant_plane.ingest.adapters.event import AlertEvent, UnreadablePayload

SOURCE = "incidentio"


def read(payload: JsonValue, received_at: datetime) -> list[AlertEvent]:
    if not isinstance(payload, dict):
        raise UnreadablePayload("expected an object")
    warnings: list[str] = []
    raw = reading.clean_object(payload, warnings)
    key = reading.first_text((raw.get("deduplication_key"),))
    title = reading.first_text((raw.get("title"),))
    if not key and not title:
        raise UnreadablePayload("it has neither a deduplication_key nor a title")
    metadata = raw.get("metadata")
    told = (
        {name: reading.text_of(item) for name, item in metadata.items() if item is not None}
        if isinstance(metadata, dict)
        else {}
    )
    return [
        finishing.finish(
            action=reading.action_of((raw.get("status"),), "status", warnings),
            source=SOURCE,
            dedup_fields=reading.identity("deduplication_key", key) if key else reading.identity("title", title),
            name=title or f"incident.io alert {key}",
            description=reading.first_text((raw.get("description"),)),
            severity=reading.severity_of(
                (told.get("severity"), told.get("priority"), told.get("urgency")), Severity.MEDIUM, warnings
            ),
            labels=told,
            url=reading.url_of((raw.get("source_url"),), warnings),
            received_at=received_at,
            raw=raw,
            warnings=warnings,
        )
    ]
