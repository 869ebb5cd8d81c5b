"""Ticks: what the planes have counted, and granted limits whose end has come."""

from control_plane.quotas.flows import UsageFlows
from shared.work.ticks import Tick


def ticks(flows: UsageFlows) -> list[Tick]:
    return [
        Tick("fetch_usage", 60, flows.fetch_usage),
        Tick("end_due_limits", 10, flows.end_due_limits),
    ]
