"""Pingdom, by its webhook integration.

Format: Pingdom's documentation, "Webhook examples": check_id, check_name, check_type, check_params, tags,
previous_state, current_state (UP, DOWN; SUCCESS, FAILING for transaction checks), importance_level, long_description,
description, custom_message, state_changed_timestamp (epoch seconds).

Identity is the check's id.
"""

from datetime import datetime

from pydantic import JsonValue

from tenant_plane.alerts.rules import Severity
from tenant_plane.ingest.adapters import finishing, reading
from tenant_plane.ingest.adapters.event import Action, AlertEvent, JsonObject, UnreadablePayload

SOURCE = "pingdom"


def read(payload: JsonValue, received_at: datetime) -> list[AlertEvent]:
    if not isinstance(payload, dict):
        raise UnreadablePayload("expected an object")
    warnings: list[str] = []
    raw = reading.clean_object(payload, warnings)
    check = reading.first_text((raw.get("check_id"),))
    name = reading.first_text((raw.get("check_name"),))
    if not check and not name:
        raise UnreadablePayload("it names no check: neither check_id nor check_name")
    action = _action(raw, warnings)
    changed_at = reading.time_of(
        raw.get("state_changed_timestamp", raw.get("state_changed_utc_time")),
        "state_changed_timestamp",
        received_at,
        warnings,
    )
    params = reading.object_in(raw, "check_params", warnings)
    return [
        finishing.finish(
            action=action,
            source=SOURCE,
            dedup_fields=reading.identity("check", check) if check else reading.identity("name", name),
            name=name or f"Pingdom check {check}",
            description="\n\n".join(
                reading.said(
                    {key: raw.get(key) for key in ("long_description", "description", "custom_message")}
                ).values()
            ),
            severity=reading.severity_of((raw.get("importance_level"),), Severity.HIGH, warnings),
            labels=reading.pairs_of(raw.get("tags"), "tag", warnings)
            | reading.said({"check_type": raw.get("check_type"), "host": params.get("hostname")}),
            url=reading.url_of((params.get("full_url"),), warnings),
            occurred_at=None if action is Action.RESOLVE else changed_at,
            ended_at=changed_at,
            received_at=received_at,
            raw=raw,
            warnings=warnings,
        )
    ]


def _action(raw: JsonObject, warnings: list[str]) -> Action:
    word = reading.first_text((raw.get("current_state"),))
    if word.casefold() == "success":  # of a transaction check
        return Action.RESOLVE
    return reading.action_of((word,), "current_state", warnings)
