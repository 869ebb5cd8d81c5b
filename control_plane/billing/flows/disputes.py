"""Disputes, fetched when Stripe tells of one, and all recent ones hourly, since webhooks get lost."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from control_plane.billing import service
from control_plane.billing.ports import Payments
from control_plane.billing.rules import Outcome
from control_plane.core.system import SYSTEM
from shared.errors import AppError, Unavailable
from shared.tx import Database

LOOKED_BACK = timedelta(days=120)
"""So long a bank may take to decide: https://docs.stripe.com/disputes/how-disputes-work"""


@dataclass(frozen=True, slots=True)
class Disputes:
    database: Database
    payments: Payments

    async def look_at(self, dispute_id: str, events: Sequence[str]) -> None:
        """``events``: the ids of those that tell of it; what becomes of them is noted."""
        try:
            seen = await self.payments.see_dispute(dispute_id)
        except Unavailable as error:
            async with self.database.write(SYSTEM) as tx:
                await service.put_events_off(tx, events, error.detail)
        except AppError:  # Stripe has no such dispute
            async with self.database.write(SYSTEM) as tx:
                await service.end_events(tx, events, Outcome.IGNORED)
        else:
            async with self.database.write(SYSTEM) as tx:
                is_ours = await service.note_disputes(tx, [seen])
                await service.end_events(tx, events, Outcome.RECONCILED if is_ours else Outcome.IGNORED)

    async def look_at_recent(self) -> None:
        async with self.database.read(SYSTEM) as tx:
            since = tx.now - LOOKED_BACK
        seen = await self.payments.list_disputes(since)
        async with self.database.write(SYSTEM) as writing:
            await service.note_disputes(writing, seen)
