"""Ticks: comparing with Stripe, its events and disputes, changes that were left undone, usage for its meters."""

from control_plane.billing.flows.changes import BillingFlows
from control_plane.billing.flows.disputes import Disputes
from control_plane.billing.flows.metering import Metering
from control_plane.billing.flows.reconcile import Reconciler
from shared.work.ticks import Tick


def ticks(flows: BillingFlows, reconciler: Reconciler, metering: Metering | None) -> list[Tick]:
    """``metering`` None: nothing is charged by usage."""
    found = [
        Tick("process_stripe_events", 2, reconciler.process_events),
        Tick("finish_billing_changes", 5, flows.finish_changes),
        Tick("reconcile_billing", 10, reconciler.reconcile_due),
        Tick("reconcile_disputes", 3600, Disputes(reconciler.database, reconciler.payments).look_at_recent),
        Tick("forget_stripe_events", 3600, reconciler.forget_old_events),
    ]
    return found if metering is None else [*found, Tick("report_usage_to_stripe", 600, metering.report_usage)]
