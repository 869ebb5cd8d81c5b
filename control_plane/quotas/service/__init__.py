"""The verbs of quotas: ``limits`` say what a tenant may have, ``usage`` what it has had, ``preview`` what would be."""

from control_plane.quotas.service.limits import (
    effective_limits,
    end_due_limits,
    end_limit,
    grant_limit,
    list_limits,
    require_room_for_user,
    throttle_tenant,
)
from control_plane.quotas.service.preview import preview_plan
from control_plane.quotas.service.usage import (
    count_events_this_month,
    count_users,
    events_limits,
    forget_tenant,
    last_event_days,
    list_fullest,
    note_usage,
    read_usage,
)

__all__ = [
    "count_events_this_month",
    "count_users",
    "effective_limits",
    "end_due_limits",
    "end_limit",
    "events_limits",
    "forget_tenant",
    "grant_limit",
    "last_event_days",
    "list_fullest",
    "list_limits",
    "note_usage",
    "preview_plan",
    "read_usage",
    "require_room_for_user",
    "throttle_tenant",
]
