"""The verbs of incidents: ``respond`` by people, ``group`` by alerts, ``follow`` by themselves."""

from tenant_plane.incidents.service.follow import (
    end_snoozes,
    get_open_summary,
    get_response_period,
    list_daily_response,
    note_related,
)
from tenant_plane.incidents.service.group import apply_alerts
from tenant_plane.incidents.service.respond import (
    acknowledge_incident,
    add_note,
    count_incidents,
    cursor_of,
    get_first_entries,
    get_first_links,
    get_incident,
    get_incidents,
    list_incident_alerts,
    list_incidents,
    list_timeline,
    open_incident,
    page_incidents,
    resolve_incident,
    snooze_incident,
    update_incident,
)

__all__ = [
    "acknowledge_incident",
    "add_note",
    "apply_alerts",
    "count_incidents",
    "cursor_of",
    "end_snoozes",
    "get_first_entries",
    "get_first_links",
    "get_incident",
    "get_incidents",
    "get_open_summary",
    "get_response_period",
    "list_daily_response",
    "list_incident_alerts",
    "list_incidents",
    "list_timeline",
    "note_related",
    "open_incident",
    "page_incidents",
    "resolve_incident",
    "snooze_incident",
    "update_incident",
]
