"""A control plane that sells by a fake Stripe, and what its tests do again and again."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import httpx

from control_plane.billing.flows.changes import BillingFlows
from control_plane.billing.flows.reconcile import Reconciler
from control_plane.core.database import ControlDatabase
from control_plane.core.system import SYSTEM
from control_plane.identity.rules import Role
from control_plane.plans import service as plans
from control_plane.plans.schemas import PlanCreate
from control_plane.tenants import service as tenants
from control_plane.tenants.schemas import TenantRead
from tests.control_plane.support import ControlPlane, MovableClock
from tests.control_plane.tenants.life import flows_of
from tests.fakes.stripe import life, requests
from tests.fakes.stripe.server import FakeStripe, delivery
from tests.fakes.stripe.state import Json

PRO, TEAM = "opsplane_pro_monthly", "opsplane_team_monthly"
PRO_CENTS, TEAM_CENTS = 9900, 29900
LIMITS = {
    "users": 100,
    "api_keys": 100,
    "events_per_month": None,
    "incidents_per_month": None,
    "integrations": None,
    "retention_days": 90,
}


@dataclass
class Shop:
    """``clock`` is Stripe's and that of billing; people sign in by the real one, since tokens end."""

    control: ControlPlane
    stripe: FakeStripe
    clock: MovableClock
    flows: BillingFlows
    admin: dict[str, str]
    """Headers of the admin of acme."""

    @property
    def reconciler(self) -> Reconciler:
        assert self.flows.reconciler is not None
        return self.flows.reconciler

    async def call(self, method: str, path: str, *, headers: dict[str, str] | None = None, **more: Any) -> Any:
        """The data of an answer that is 2xx."""
        answer = await self.ask(method, path, headers=headers, **more)
        assert answer.is_success, answer.text
        return answer.json()["data"]

    async def ask(
        self, method: str, path: str, *, headers: dict[str, str] | None = None, **more: Any
    ) -> httpx.Response:
        return await self.control.client.request(
            method, f"/api/billing{path}", headers=self.admin if headers is None else headers, **more
        )

    async def tenant(self, tenant_id: str = "acme") -> TenantRead:
        async with self.control.database.read(SYSTEM) as tx:
            return await tenants.get_tenant(tx, tenant_id)

    async def stands(self, tenant_id: str = "acme") -> tuple[str, str]:
        """Plan and state."""
        tenant = await self.tenant(tenant_id)
        return tenant.plan, tenant.state

    async def subscribe(self, plan: str = "pro", *, card: bool | None = True, **more: Any) -> Json:
        """By the admin, through Stripe's page; answers the subscription at Stripe."""
        url = (await self.call("POST", "/checkout", json={"plan": plan}, **more))["url"]
        session = self.stripe.state.get("checkout.session", url.rpartition("/")[2])
        assert requests.complete_checkout(self.stripe.state, session, card)
        await self.deliver()
        return self.stripe.state.get("subscription", session["subscription"])

    async def deliver(self, events: Sequence[Json] | None = None) -> None:
        """All events that Stripe has not delivered yet, or these; then they are looked at."""
        await self.post(self.undelivered() if events is None else events)
        await self.reconciler.process_events()

    def undelivered(self) -> list[Json]:
        life.catch_up(self.stripe.state)
        waiting = copy.deepcopy(self.stripe.state.events)
        self.stripe.state.events.clear()
        return waiting

    async def post(self, events: Sequence[Json]) -> None:
        for event in events:
            body, headers = delivery(event)
            answer = await self.control.client.post("/api/billing/webhook", content=body, headers=headers)
            assert answer.status_code == 200, answer.text

    async def pass_days(self, days: float) -> None:
        """Stripe does what is due, and tells."""
        self.clock.offset += timedelta(days=days)
        await self.deliver()

    async def look(self) -> None:
        """The tick that compares, as often as it takes."""
        for _ in range(2):
            await self.control.execute(
                "update billing_customers set next_look_at = '2000-01-01' where stripe_customer_id is not null"
            )
            await self.reconciler.reconcile_due()
            await flows_of(self.control).reconcile_tenants()

    def card(self, *, works: bool) -> None:
        for customer in self.stripe.state.every("customer"):
            self.stripe.state.cards[customer["id"]] = works

    def pay_open(self) -> None:
        for invoice in list(self.stripe.state.every("invoice", status="open")):
            life.pay(self.stripe.state, invoice)


async def opened(control: ControlPlane, stripe: FakeStripe) -> Shop:
    """With plans on sale, and the tenant acme on the free plan."""
    clock = MovableClock()
    stripe.clock = clock
    stripe.sell(PRO, PRO_CENTS)
    stripe.sell(TEAM, TEAM_CENTS)
    team = {"name": "team", "rank": 5, "limits": LIMITS, "price_cents": TEAM_CENTS, "currency": "usd"}
    async with control.database.write(SYSTEM) as tx:
        await plans.create_plan(tx, PlanCreate.model_validate({**team, "stripe_price_lookup_key": TEAM}))
    admin = await control.member(Role.ADMIN)
    async with control.database.write(SYSTEM) as tx:
        await tenants.change_plan(tx, "acme", "free", "as most begin")
    await flows_of(control).work_on("acme")
    flows = control.app.state.billing = moved(control, clock)
    return Shop(control, stripe, clock, flows, admin)


def moved(control: ControlPlane, clock: MovableClock) -> BillingFlows:
    """The same flows at another time."""
    flows: BillingFlows = control.app.state.billing
    database = ControlDatabase(control.database._engine, clock=clock)
    assert flows.reconciler is not None
    return replace(flows, database=database, reconciler=replace(flows.reconciler, database=database))
