"""Ticks of provisioning. Each compares wanted with actual and may run in several processes at once."""

from control_plane.provisioning.flows.rounds import Rounds
from shared.work.ticks import Tick


def ticks(rounds: Rounds) -> list[Tick]:
    return [
        Tick("reconcile_deployments", 5, rounds.reconcile_deployments),
        Tick("advance_rollout", 5, rounds.advance_rollout),
        Tick("look_at_planes", 15, rounds.look_at_planes),
        Tick("sweep_orphans", 300, rounds.sweep_orphans),
    ]
