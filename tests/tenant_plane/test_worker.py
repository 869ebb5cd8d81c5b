"""What runs by itself: ticks reach every tenant, also behind one that is broken."""

import httpx

from shared.tx import Tenant
from tests.support.tenant_plane import Plane, incident_of, opened


async def test_a_tenant_that_is_broken_does_not_keep_the_others_from_their_turn(
    plane: Plane, tenant: Tenant, admin: httpx.AsyncClient
) -> None:
    broken = await plane.new_tenant("a-broken-tenant")
    await plane.rows(broken, "alter table incidents rename to lost")
    await opened(admin)
    await admin.post("/api/incidents/INC-1/snooze", json={"duration": "1h"})
    plane.clock.forward(hours=2)
    await plane.tick("end_snoozes")
    assert (await incident_of(admin, "INC-1"))["snoozed_until"] is None
    await plane.rows(broken, "alter table lost rename to incidents")
