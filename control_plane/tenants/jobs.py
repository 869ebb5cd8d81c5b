"""Ticks: tenants that a failed call left unfinished, and kept answers that nobody may ask for any more."""

from control_plane.core.repeats import forget_old_answers
from control_plane.core.system import SYSTEM
from control_plane.tenants.flows import TenantFlows
from shared.work.ticks import Tick


def ticks(flows: TenantFlows) -> list[Tick]:
    async def forget() -> None:
        async with flows.database.write(SYSTEM) as tx:
            await forget_old_answers(tx)

    return [
        Tick("reconcile_tenants", 30, flows.reconcile_tenants),
        Tick("forget_old_answers", 600, forget),
    ]
