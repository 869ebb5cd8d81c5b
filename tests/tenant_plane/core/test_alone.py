"""More than an hour without the control plane, through restarts: people and keys work, alerts come in, and what the
plane was told before still holds.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import httpx

from shared.contracts.tenants import Standing
from shared.tx import Tenant
from tests.support.tenant_plane import Issuer, Plane, data, fired, generic_alert, opened, refused, running_plane

STEP_MINUTES = 13
STEPS = 6
VIEWER_RATE = 30
KEY_CACHE = timedelta(seconds=6)


@asynccontextmanager
async def process(url: str, issuer: Issuer, ahead: timedelta = timedelta()) -> AsyncIterator[Plane]:
    """A plane that has just started, at a later time."""
    async with running_plane(url, issuer=issuer, requests_per_minute={}, prepare=False) as place:
        place.clock.ahead = ahead
        place.app.state.signing_keys.clock = place.clock.monotonic
        yield place


async def works(place: Plane, tenant: Tenant, token: str, key: str, title: str) -> None:
    """Reads, writes and alerts, of a person and of a machine."""
    person = place.client(None, authorization=f"Bearer {token}")
    machine = place.client(None, **{"x-api-key": key})
    async with person, machine:
        for client in (person, machine):
            incident = await opened(client, title=title)
            data(await client.post(f"/api/incidents/{incident['reference']}/acknowledge", json={}))
            assert (await fired(client, title=title, service=title))["incident_reference"]
            assert data(await client.get("/api/incidents"))["total"] > 0
            assert data(await client.get("/api/usage"))["plan"] == "pro"
        refused(await machine.get("/api/incidents", headers={"x-api-key": key[:-3] + "AAA"}), 401, "UNAUTHORIZED")
        refused(
            await person.get("/api/incidents", headers={"authorization": f"Bearer {token[:-4]}AAAA"}),
            401,
            "UNAUTHORIZED",
        )
    assert (await place.client().get("/readyz")).status_code == 200


async def keeps_limits(place: Plane, tenant: Tenant, viewer: str, key_id: str) -> None:
    """The rate of the plan, its number of API keys, and a key that was revoked while alone."""
    place.clock.forward(seconds=120 - place.clock.seconds() % 60)
    async with place.client(None, authorization=f"Bearer {viewer}") as client:
        answers = [await client.get("/api/incidents") for _ in range(VIEWER_RATE + 1)]
    assert [answer.status_code for answer in answers] == [200] * VIEWER_RATE + [429]
    async with place.client(tenant) as admin:
        body = {"name": "one more", "scope": "viewer"}
        made = data(await admin.post("/api/apikeys", json=body), 201)
        async with place.unchanged(tenant):
            refused(await admin.post("/api/apikeys", json=body), 402, "QUOTA_EXCEEDED")
        data(await admin.delete(f"/api/apikeys/{made['key_id']}"))
        assert key_id in {key["key_id"] for key in data(await admin.get("/api/apikeys"))["items"]}
        place.clock.forward(seconds=KEY_CACHE.total_seconds())
        async with place.client(None, **{"x-api-key": made["api_key"]}) as revoked:
            refused(await revoked.get("/api/incidents"), 401, "UNAUTHORIZED")


async def test_an_hour_without_the_control_plane(plane: Plane, tenant: Tenant, admin_url: str) -> None:
    suspended = await plane.new_tenant()
    await plane.set_wanted(suspended, Standing.SUSPENDED)
    await plane.set_wanted(tenant, api_keys=2, requests_per_minute={"viewer": VIEWER_RATE})
    issuer = plane.issuer
    token, viewer = (issuer.token(tenant.id, role, expires_in=7200) for role in ("admin", "viewer"))
    other = issuer.token(suspended.id, expires_in=7200)
    async with process(admin_url, issuer) as place, place.client(None, authorization=f"Bearer {token}") as admin:
        made = data(await admin.post("/api/apikeys", json={"name": "ci", "scope": "admin"}), 201)
        await works(place, tenant, token, made["api_key"], "together")
    asked = issuer.asked
    issuer.answers, ahead = False, timedelta()
    try:
        for step in range(STEPS):
            async with process(admin_url, issuer, ahead) as place:
                await works(place, tenant, token, made["api_key"], f"alone-{step}")
                place.clock.forward(minutes=STEP_MINUTES)
                await works(place, tenant, token, made["api_key"], f"later-{step}")
                await keeps_limits(place, tenant, viewer, made["key_id"])
                await stays_suspended(place, other)
                ahead = place.clock.ahead
    finally:
        issuer.answers = True
    assert ahead > timedelta(hours=1)
    assert issuer.asked > asked + STEPS, "it looked for the control plane all the time"
    async with process(admin_url, issuer, ahead) as place:
        await works(place, tenant, token, made["api_key"], "together again")


async def stays_suspended(place: Plane, token: str) -> None:
    async with place.client(None, authorization=f"Bearer {token}") as client:
        data(await client.get("/api/incidents"))
        refused(await client.post("/api/incidents", json={"title": "x", "severity": "low"}), 403, "TENANT_SUSPENDED")
        held: httpx.Response = await client.post("/api/webhook", json=generic_alert())
        assert held.status_code == 202
