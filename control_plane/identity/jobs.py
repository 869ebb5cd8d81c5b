from control_plane.core.system import SYSTEM
from control_plane.identity import service
from control_plane.identity.flows import ImpersonationFlows, SessionFlows
from control_plane.identity.keys import SigningKeys
from shared.work.ticks import Tick


def ticks(flows: SessionFlows, impersonations: ImpersonationFlows, keys: SigningKeys) -> list[Tick]:
    async def forget() -> None:
        async with flows.database.write(SYSTEM) as tx:
            await service.forget_sessions(tx, flows.refresh_token_days)
        async with flows.database.write(SYSTEM) as tx:
            await service.forget_tries(tx)
            await service.forget_resets(tx)

    return [
        Tick("forget_sessions", 600, forget),
        Tick("tell_ends_of_impersonations", 5, impersonations.tell_ends),
        Tick("rotate_signing_key", 600, keys.rotate_when_due),
    ]
