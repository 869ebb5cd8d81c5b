from control_plane.core.system import SYSTEM
from control_plane.identity import service
from control_plane.identity.flows import SessionFlows
from shared.work.ticks import Tick


def ticks(flows: SessionFlows) -> list[Tick]:
    async def forget() -> None:
        async with flows.database.write(SYSTEM) as tx:
            await service.forget_sessions(tx, flows.refresh_token_days)

    return [Tick("forget_sessions", 600, forget)]
