from control_plane.sso.flows import SsoFlows
from shared.work.ticks import Tick


def ticks(flows: SsoFlows) -> list[Tick]:
    return [Tick("forget_sso_attempts", 600, flows.forget_expired)]
