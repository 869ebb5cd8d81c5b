"""Checkmk, by a notification script or its webhook plugins.

Format: the variables of a notification (Checkmk documentation, "Notifications", "Custom scripts") as one JSON object,
with or without "NOTIFY_" before each, in any case: WHAT (HOST or SERVICE), NOTIFICATIONTYPE (PROBLEM, RECOVERY,
ACKNOWLEDGEMENT, FLAPPINGSTART, DOWNTIMESTART, ...), HOSTNAME, HOSTSTATE, SERVICEDESC, SERVICESTATE, SERVICEOUTPUT,
HOSTOUTPUT, LONGSERVICEOUTPUT, and Keep's short names for the same (host, service, state, event, output, url).

Identity is the host and the service on it; a host's own alert has no service.
"""

from datetime import datetime

from pydantic import JsonValue

from tenant_plane.alerts.rules import Severity
from tenant_plane.ingest.adapters import finishing, reading
from tenant_plane.ingest.adapters.event import Action, AlertEvent, JsonObject, NotAnAlert, UnreadablePayload

SOURCE = "checkmk"

_SEVERITIES = {
    "crit": Severity.CRITICAL,
    "critical": Severity.CRITICAL,
    "down": Severity.CRITICAL,
    "unreach": Severity.HIGH,
    "unreachable": Severity.HIGH,
    "unknown": Severity.MEDIUM,
    "warn": Severity.MEDIUM,
    "warning": Severity.MEDIUM,
    "ok": Severity.INFO,
    "up": Severity.INFO,
}
_TYPES = {"PROBLEM": Action.TRIGGER, "RECOVERY": Action.RESOLVE, "ACKNOWLEDGEMENT": Action.ACKNOWLEDGE}
_ABOUT_THE_CHECK = ("FLAPPING", "DOWNTIME")


def read(payload: JsonValue, received_at: datetime) -> list[AlertEvent]:
    if not isinstance(payload, dict):
        raise UnreadablePayload("expected an object")
    warnings: list[str] = []
    raw = reading.clean_object(payload, warnings)
    fields: JsonObject = {key.upper().removeprefix("NOTIFY_"): value for key, value in raw.items()}
    host = _first(fields, "HOSTNAME", "HOST")
    service = _first(fields, "SERVICEDESC", "SERVICE_DESCRIPTION", "SERVICE")
    if not host:
        raise UnreadablePayload("it names no host")
    kind = _first(fields, "NOTIFICATIONTYPE", "NOTIFICATION_TYPE", "EVENT").split(" ")[0].upper()
    if kind.startswith(_ABOUT_THE_CHECK):
        raise NotAnAlert(f"a notification of the type {reading.named(kind)}")
    # Keep writes "OK → CRIT" for the state.
    state = _first(fields, "SERVICESTATE" if service else "HOSTSTATE", "STATE", "SERVICESHORTSTATE").split(" ")[-1]
    output = _first(fields, "SERVICEOUTPUT" if service else "HOSTOUTPUT", "OUTPUT")
    return [
        finishing.finish(
            action=_TYPES.get(kind) or _by_state(state, warnings),
            source=SOURCE,
            dedup_fields=reading.identity("host", host) + (reading.identity("service", service) if service else ()),
            name=f"{service} on {host}" if service else f"Host {host}",
            description="\n\n".join(
                text for text in (output, _first(fields, "LONGSERVICEOUTPUT", "LONGHOSTOUTPUT", "LONG_OUTPUT")) if text
            ),
            severity=_SEVERITIES.get(state.casefold(), Severity.MEDIUM),
            service=service or host,
            labels=reading.said(
                {
                    "host": host,
                    "check": service,
                    "address": _first(fields, "HOSTADDRESS", "ADDRESS"),
                    "site": _first(fields, "OMD_SITE", "SITE"),
                }
            ),
            url=reading.url_of((fields.get("SERVICEURL"), fields.get("HOSTURL"), fields.get("URL")), warnings),
            received_at=received_at,
            raw=raw,
            warnings=warnings,
        )
    ]


def _first(fields: JsonObject, *keys: str) -> str:
    return reading.first_text(fields.get(key) for key in keys)


def _by_state(state: str, warnings: list[str]) -> Action:
    """Without a known type of notification: OK and UP are over, everything else is not."""
    if not state:
        reading.warn(warnings, "neither a known notification type nor a state: read as trigger")
    return Action.RESOLVE if state.casefold() in ("ok", "up") else Action.TRIGGER
