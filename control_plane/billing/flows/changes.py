"""What people want of Stripe: recorded, done, and its outcome recorded; a tick does what a stopped process left."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import structlog
from uuid_utils.compat import uuid7

from control_plane.billing import service
from control_plane.billing.errors import BillingIsManual, NotForSale
from control_plane.billing.flows.doing import Doing
from control_plane.billing.flows.reconcile import Reconciler
from control_plane.billing.ports import Offers, Payments, PriceSeen
from control_plane.billing.rules import FREE
from control_plane.billing.schemas import (
    BillingRead,
    Change,
    Checkout,
    CreditGrant,
    CreditRead,
    InvoiceList,
    InvoiceQuery,
    InvoiceRead,
    SentTo,
    StripeEventIn,
    SubscriptionChange,
)
from control_plane.core.permissions import Permission
from control_plane.core.repeats import Repeat
from control_plane.core.system import SYSTEM
from shared.errors import AppError, Unavailable
from shared.tx import Actor, Database, WriteTx

log = structlog.get_logger()
CHANGES_AT_ONCE = 50
Want = Callable[[WriteTx], Awaitable[Change | None]]


@dataclass(frozen=True, slots=True)
class BillingFlows:
    """``payments`` and ``reconciler`` are None when the installation has no Stripe key: plans are given by hand.

    Who may not ask hears that first, whether or not there is a key.
    """

    database: Database
    payments: Payments | None
    reconciler: Reconciler | None
    offers: Offers
    read_event: Callable[[bytes, str], StripeEventIn]
    """Verifies the signature. Raises SignatureRefused, EventUnreadable."""
    grace_days: int
    trial_days: int

    async def read(self, actor: Actor, tenant_id: str | None) -> BillingRead:
        async with self.database.read(actor) as tx:
            return await service.get_billing(tx, tenant_id, self.grace_days, is_manual=self.payments is None)

    async def refresh(self, actor: Actor, tenant_id: str | None) -> BillingRead:
        """Compare with Stripe now. Raises StripeAway."""
        actor.require(Permission.BILLING_READ)
        _, reconciler = self._online()
        before = await self.read(actor, tenant_id)
        failure = await reconciler.reconcile(before.tenant_id)
        if isinstance(failure, Unavailable):
            raise failure
        return await self.read(actor, tenant_id)

    async def checkout(
        self, actor: Actor, tenant_id: str | None, command: Checkout, origin: str, repeat: Repeat[SentTo]
    ) -> SentTo:
        """Raises NotForSale, AlreadySubscribed, ChangeRunning, StripeAway."""
        actor.require(Permission.BILLING_MANAGE)
        _, reconciler = self._online()
        named, price = await self._price(actor, tenant_id, command.plan)
        failure = await reconciler.reconcile(named)  # a second subscription is worse than a second look
        if isinstance(failure, Unavailable):
            raise failure
        back = f"{origin}{command.return_path}{'&' if '?' in command.return_path else '?'}checkout="
        urls = (f"{back}done", f"{back}cancelled")
        async with self.database.write(actor) as tx:
            if (earlier := await repeat.earlier(tx)) is not None:
                return earlier
            change = await service.begin_checkout(tx, tenant_id, command.plan, price, urls, self.trial_days)
        result = await self._finish(change)
        async with self.database.write(actor) as tx:
            return await repeat.keep(tx, SentTo(url=result["url"], expires_at=result["expires_at"]))

    async def open_portal(self, actor: Actor, tenant_id: str | None, return_url: str) -> SentTo:
        """Nothing is recorded before: a second session changes nothing. Raises NoCustomer, StripeAway."""
        actor.require(Permission.BILLING_MANAGE)
        payments, _ = self._online()
        async with self.database.read(actor) as tx:
            customer_id = await service.find_portal_customer(tx, tenant_id)
        return SentTo(url=await payments.open_portal(customer_id, return_url, f"opsplane-{uuid7()}-portal"))

    async def change_subscription(
        self, actor: Actor, tenant_id: str | None, command: SubscriptionChange, repeat: Repeat[BillingRead]
    ) -> BillingRead:
        """Raises NotForSale, NoSubscription, NotNow, ChangeRunning, PaymentRefused, StripeAway."""
        actor.require(Permission.BILLING_MANAGE)
        self._online()
        price: PriceSeen | None = None
        if command.plan != FREE:
            _, price = await self._price(actor, tenant_id, command.plan)
        return await self._change(
            actor, tenant_id, lambda tx: service.begin_keep_or_change(tx, tenant_id, command.plan, price), repeat
        )

    async def cancel_subscription(self, actor: Actor, tenant_id: str | None, *, now: bool) -> BillingRead:
        return await self._change(
            actor, tenant_id, lambda tx: service.begin_cancel(tx, tenant_id, now=now), Repeat(BillingRead)
        )

    async def pause_subscription(self, actor: Actor, tenant_id: str | None, repeat: Repeat[BillingRead]) -> BillingRead:
        return await self._change(actor, tenant_id, lambda tx: service.begin_pause(tx, tenant_id), repeat)

    async def resume_subscription(
        self, actor: Actor, tenant_id: str | None, repeat: Repeat[BillingRead]
    ) -> BillingRead:
        return await self._change(actor, tenant_id, lambda tx: service.begin_resume(tx, tenant_id), repeat)

    async def grant_credit(
        self, actor: Actor, tenant_id: str | None, command: CreditGrant, repeat: Repeat[CreditRead]
    ) -> CreditRead:
        """The answer for a repeated request is kept together with what is wanted: nobody is credited twice."""
        actor.require(Permission.BILLING_CREDIT)
        self._online()
        async with self.database.write(actor) as tx:
            if (earlier := await repeat.earlier(tx)) is not None:
                return earlier
            change = await service.begin_credit(tx, tenant_id, command)
            credit = CreditRead(credit_id=str(change.id), tenant_id=change.tenant_id, **command.model_dump())
            if (kept := await repeat.keep(tx, credit)) is not credit:
                return kept
        await self._finish(change)
        return credit

    async def list_invoices(self, actor: Actor, query: InvoiceQuery) -> InvoiceList:
        """Read through: an invoice changes at Stripe only. Raises NoCustomer, StripeAway."""
        actor.require(Permission.BILLING_READ)
        payments, _ = self._online()
        async with self.database.read(actor) as tx:
            customer_id = await service.find_customer_id(tx, query.tenant_id)
        found, has_more = await payments.list_invoices(customer_id, query.cursor, query.limit)
        return InvoiceList(
            items=[InvoiceRead.model_validate(one, from_attributes=True) for one in found],
            limit=query.limit,
            next_cursor=found[-1].id if has_more and found else None,
        )

    async def finish_changes(self) -> None:
        """Those that a process left behind, or that Stripe could not do then; some at a time."""
        async with self.database.write(SYSTEM) as tx:
            due = await service.claim_due_changes(tx, CHANGES_AT_ONCE)
        for change in due:
            try:
                await self._finish(change)
            except AppError as error:
                log.warning("billing_change_not_done", change=str(change.id), detail=error.detail)

    async def _change(
        self, actor: Actor, tenant_id: str | None, want: Want, repeat: Repeat[BillingRead]
    ) -> BillingRead:
        actor.require(Permission.BILLING_MANAGE)
        self._online()
        async with self.database.write(actor) as tx:
            if (earlier := await repeat.earlier(tx)) is not None:
                return earlier
            change = await want(tx)
        if change is not None:
            await self._finish(change)
        async with self.database.write(actor) as tx:
            return await repeat.keep(tx, await service.get_billing(tx, tenant_id, self.grace_days, is_manual=False))

    async def _finish(self, change: Change) -> dict[str, Any]:
        """Raises what Stripe answered. Unless that was nothing, Stripe is looked at afterwards."""
        payments, reconciler = self._online()
        try:
            result = await Doing(self.database, payments).finish(change)
        except Unavailable:
            raise
        except AppError:
            await reconciler.reconcile(change.tenant_id)
            raise
        await reconciler.reconcile(change.tenant_id)
        return result

    async def _price(self, actor: Actor, tenant_id: str | None, plan: str) -> tuple[str, PriceSeen]:
        payments, _ = self._online()
        async with self.database.read(actor) as tx:
            named, lookup_key = await service.price_key_of(tx, tenant_id, plan, self.offers)
        price = await payments.find_price(lookup_key)
        if price is None:
            raise NotForSale(plan, f"Stripe has no active price with the lookup key {lookup_key}.")
        return named, price

    def _online(self) -> tuple[Payments, Reconciler]:
        if self.payments is None or self.reconciler is None:
            raise BillingIsManual
        return self.payments, self.reconciler
