"""Ticks: tenants that are not as wanted, exports whose process has died, and kept answers that nobody may ask for any
more.
"""

from control_plane.core.repeats import forget_old_answers
from control_plane.core.system import SYSTEM
from control_plane.tenants import service
from control_plane.tenants.flows import TenantFlows
from shared.work.ticks import Tick


def ticks(flows: TenantFlows) -> list[Tick]:
    async def forget() -> None:
        async with flows.database.write(SYSTEM) as tx:
            await forget_old_answers(tx)

    async def end_exports() -> None:
        async with flows.database.write(SYSTEM) as tx:
            await service.end_stale_exports(tx)

    return [
        Tick("reconcile_tenants", 3, flows.reconcile_tenants),
        Tick("reconcile_moves", 3, flows.reconcile_moves),
        Tick("end_stale_exports", 300, end_exports),
        Tick("forget_old_answers", 600, forget),
    ]
