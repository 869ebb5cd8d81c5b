"""Usage on its way to Stripe's meters: amounts are fixed in a commit, sent, and noted as sent."""

from dataclasses import dataclass

import structlog

from control_plane.billing import rules, service
from control_plane.billing.ports import Payments
from control_plane.billing.schemas import Metered
from control_plane.core.system import SYSTEM
from shared.errors import AppError, Unavailable
from shared.tx import Database

log = structlog.get_logger()
TENANTS_AT_ONCE = 50
SENT_AT_ONCE = 200
TOO_OLD = "Its outcome was not known for a day; sent again it might count twice."


@dataclass(frozen=True, slots=True)
class Metering:
    """``meter`` is the event_name of a meter at Stripe that sums the values up."""

    database: Database
    payments: Payments
    meter: str

    async def report_usage(self) -> None:
        after: str | None = ""
        while after is not None:
            async with self.database.write(SYSTEM) as tx:
                after = await service.begin_reports(tx, self.meter, after, TENANTS_AT_ONCE)
        async with self.database.write(SYSTEM) as tx:
            claimed = await service.claim_metered(tx, SENT_AT_ONCE)
        for one in claimed:
            await self._send(one)

    async def _send(self, one: Metered) -> None:
        if not one.is_repeatable:
            log.error("usage_given_up", tenant=one.tenant_id, day=str(one.day))
            await self._end(one, TOO_OLD)
            return
        identifier = rules.meter_identifier(one.tenant_id, one.meter, one.day)
        try:
            await self.payments.report_usage(
                one.meter, one.customer_id, one.amount, rules.noon(one.day), identifier, f"opsplane-{identifier}"
            )
        except Unavailable as error:
            async with self.database.write(SYSTEM) as tx:
                await service.put_report_off(tx, one, error.detail)
        except AppError as error:
            log.error("usage_refused", tenant=one.tenant_id, day=str(one.day), detail=error.detail)
            await self._end(one, error.detail)
        else:
            await self._end(one)

    async def _end(self, one: Metered, error: str | None = None) -> None:
        async with self.database.write(SYSTEM) as tx:
            await service.end_report(tx, one, error)
