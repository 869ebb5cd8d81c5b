"""Stripe, or plans given by hand: what the settings say about paying, for ``app.py``."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from control_plane.billing import jobs
from control_plane.billing.errors import SignatureRefused
from control_plane.billing.flows.changes import BillingFlows
from control_plane.billing.flows.metering import Metering
from control_plane.billing.flows.reconcile import Reconciler
from control_plane.billing.ports import Apply, Offers
from control_plane.billing.schemas import StripeEventIn
from control_plane.settings import ControlSettings
from shared.tx import Database
from shared.work.ticks import Tick


@dataclass(frozen=True, slots=True)
class Paying:
    flows: BillingFlows
    ticks: list[Tick]
    close: Callable[[], Awaitable[None]]


def choose_payments(settings: ControlSettings, database: Database, apply: Apply, offers: Offers) -> Paying:
    """``apply``, ``offers``: see ``billing.ports``. Without a Stripe key there is nothing to tick."""
    days = {"grace_days": settings.billing_grace_days, "trial_days": settings.billing_trial_days}
    if settings.stripe_key is None:
        return Paying(BillingFlows(database, None, None, offers, _refuse, **days), [], _nothing)
    # A third of a second to import; not everybody needs it.
    from control_plane.adapters.stripe import StripePayments
    from control_plane.adapters.stripe_events import EventReader

    reader = EventReader(settings.stripe_webhook_secrets.get_secret_value())
    payments = StripePayments(settings.stripe_key.get_secret_value(), settings.stripe_api_base)
    reconciler = Reconciler(database, payments, apply, settings.billing_grace_days)
    flows = BillingFlows(database, payments, reconciler, offers, reader, **days)
    metering = None if settings.stripe_meter is None else Metering(database, payments, settings.stripe_meter)
    return Paying(flows, jobs.ticks(flows, reconciler, metering), payments.close)


def _refuse(_: bytes, __: str) -> StripeEventIn:
    """Nobody but Stripe would send events, and Stripe does not know us."""
    raise SignatureRefused


async def _nothing() -> None:
    return
