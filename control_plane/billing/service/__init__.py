"""The verbs of billing: ``reading`` for people, ``changes`` that are wanted of Stripe, ``holding`` them while a tenant
waits for its deletion, ``mirror`` of what Stripe says, ``access`` that follows from it, ``disputes``, ``inbox`` of its
events, ``metering`` of usage.
"""

from control_plane.billing.service.access import settle_access
from control_plane.billing.service.changes import (
    begin_cancel,
    begin_checkout,
    begin_credit,
    begin_keep_or_change,
    begin_pause,
    begin_resume,
    claim_due_changes,
    end_change,
    price_key_of,
    put_change_off,
    set_customer_id,
)
from control_plane.billing.service.disputes import list_disputes, note_disputes
from control_plane.billing.service.holding import begin_hold_or_release, look_soon
from control_plane.billing.service.inbox import (
    claim_events,
    end_events,
    forget_old_events,
    put_events_off,
    receive_event,
)
from control_plane.billing.service.metering import (
    begin_reports,
    claim_metered,
    end_report,
    put_report_off,
)
from control_plane.billing.service.mirror import (
    begin_fetch,
    claim_due_customers,
    note_seen,
    note_surplus_cancelled,
    note_unseen,
)
from control_plane.billing.service.reading import find_customer_id, find_portal_customer, get_billing, standings_of

__all__ = [
    "begin_cancel",
    "begin_checkout",
    "begin_credit",
    "begin_fetch",
    "begin_hold_or_release",
    "begin_keep_or_change",
    "begin_pause",
    "begin_reports",
    "begin_resume",
    "claim_due_changes",
    "claim_due_customers",
    "claim_events",
    "claim_metered",
    "end_change",
    "end_events",
    "end_report",
    "find_customer_id",
    "find_portal_customer",
    "forget_old_events",
    "get_billing",
    "list_disputes",
    "look_soon",
    "note_disputes",
    "note_seen",
    "note_surplus_cancelled",
    "note_unseen",
    "price_key_of",
    "put_change_off",
    "put_events_off",
    "put_report_off",
    "receive_event",
    "set_customer_id",
    "settle_access",
    "standings_of",
]
