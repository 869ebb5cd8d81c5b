"""What one change asks of Stripe, step by step.

Each step has an idempotency key of its own, made from the change's id, and looks at the subscription as it is. So a
change that was stopped anywhere is done from its beginning again, and Stripe does each step once.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from control_plane.billing import service
from control_plane.billing.errors import StripeRefused
from control_plane.billing.ports import CheckoutOrder, Payments, SubscriptionSeen
from control_plane.billing.rules import LIVE, ChangeKind, ChangeState, Status
from control_plane.billing.schemas import Change
from control_plane.core.system import SYSTEM
from shared.errors import AppError, Unavailable
from shared.fields import rfc3339
from shared.tx import Database


@dataclass(frozen=True, slots=True)
class Doing:
    database: Database
    payments: Payments

    async def finish(self, change: Change) -> dict[str, Any]:
        """Do it, and note what came of it: put off when Stripe was away, else ended. Raises what stopped it."""
        try:
            result = await self.do(change)
        except Unavailable as error:
            async with self.database.write(SYSTEM) as tx:
                await service.put_change_off(tx, change.id, error.detail)
            raise
        except AppError as error:
            async with self.database.write(SYSTEM) as tx:
                await service.end_change(tx, change.id, ChangeState.FAILED, error=error.detail)
            raise
        async with self.database.write(SYSTEM) as tx:
            await service.end_change(tx, change.id, ChangeState.DONE, result=result)
        return result

    async def do(self, change: Change) -> dict[str, Any]:
        """What is kept as the result. Raises StripeAway, StripeRefused, PaymentRefused."""
        if change.kind is ChangeKind.CHECKOUT:
            return await self._checkout(change)
        if change.kind is ChangeKind.CREDIT:
            return await self._credit(change)
        subscription = await self._subscription(change)
        if subscription is None:
            if change.kind in (ChangeKind.CANCEL, ChangeKind.CANCEL_NOW):
                return {}
            raise StripeRefused("The subscription has ended meanwhile.")
        steps: Mapping[ChangeKind, Callable[[Change, SubscriptionSeen], Awaitable[None]]] = {
            ChangeKind.UPGRADE: self._upgrade,
            ChangeKind.DOWNGRADE: self._downgrade,
            ChangeKind.KEEP: self._keep,
            ChangeKind.CANCEL: self._cancel,
            ChangeKind.CANCEL_NOW: self._cancel_now,
            ChangeKind.PAUSE: self._pause,
            ChangeKind.RESUME: self._resume,
        }
        await steps[change.kind](change, subscription)
        return {}

    async def _checkout(self, change: Change) -> dict[str, Any]:
        wanted = change.details
        customer_id = await self._customer(change)
        if wanted["open_session"] is not None:
            await self.payments.expire_checkout(wanted["open_session"], change.key("expire"))
        order = CheckoutOrder(
            tenant_id=change.tenant_id,
            customer_id=customer_id,
            price_id=wanted["price_id"],
            trial_days=wanted["trial_days"],
            success_url=wanted["success_url"],
            cancel_url=wanted["cancel_url"],
        )
        opened = await self.payments.open_checkout(order, change.key("checkout"))
        return {"session_id": opened.session_id, "url": opened.url, "expires_at": rfc3339(opened.expires_at)}

    async def _credit(self, change: Change) -> dict[str, Any]:
        wanted = change.details
        customer_id = await self._customer(change)
        transaction_id = await self.payments.add_credit(
            customer_id, wanted["amount_cents"], wanted["currency"], wanted["reason"], change.key("credit")
        )
        return {"transaction_id": transaction_id}

    async def _customer(self, change: Change) -> str:
        if change.customer_id is not None:
            return change.customer_id
        wanted = change.details
        created = await self.payments.create_customer(
            change.tenant_id, wanted["name"], wanted["email"], change.key("customer")
        )
        async with self.database.write(SYSTEM) as tx:
            await service.set_customer_id(tx, change.tenant_id, created)
        return created

    async def _subscription(self, change: Change) -> SubscriptionSeen | None:
        if change.customer_id is None:
            return None
        seen = await self.payments.see_customer(change.customer_id)
        live = [one for one in seen.subscriptions if one.status in LIVE]
        return next((one for one in live if one.id == change.details["subscription_id"]), None)

    async def _upgrade(self, change: Change, subscription: SubscriptionSeen) -> None:
        await self._keep(change, subscription)
        await self.payments.change_price(subscription, change.details["price_id"], change.key("price"))

    async def _downgrade(self, change: Change, subscription: SubscriptionSeen) -> None:
        if subscription.cancel_at_period_end:
            await self.payments.end_with_period(subscription.id, False, change.key("keep"))
        await self.payments.schedule_price(subscription, change.details["price_id"], change.key("schedule"))

    async def _keep(self, change: Change, subscription: SubscriptionSeen) -> None:
        if subscription.schedule_id is not None:
            await self.payments.release_schedule(subscription.schedule_id, change.key("release"))
        if subscription.cancel_at_period_end:
            await self.payments.end_with_period(subscription.id, False, change.key("keep"))

    async def _cancel(self, change: Change, subscription: SubscriptionSeen) -> None:
        if subscription.schedule_id is not None:
            await self.payments.release_schedule(subscription.schedule_id, change.key("release"))
        await self.payments.end_with_period(subscription.id, True, change.key("cancel"))

    async def _cancel_now(self, change: Change, subscription: SubscriptionSeen) -> None:
        await self.payments.cancel_now(subscription.id, change.key("cancel"))

    async def _pause(self, change: Change, subscription: SubscriptionSeen) -> None:
        await self.payments.pause(subscription.id, change.key("pause"))

    async def _resume(self, change: Change, subscription: SubscriptionSeen) -> None:
        if subscription.status == Status.PAUSED:
            await self.payments.resume(subscription.id, change.key("resume"))
        if subscription.pause_collection is not None:
            await self.payments.unpause(subscription.id, change.key("unpause"))
