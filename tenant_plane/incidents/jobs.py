"""Incidents by themselves: a reaction to a new one, a tick for snoozes that end."""

from uuid import UUID

from shared.tx import WriteTx
from tenant_plane.incidents import service


async def on_incident_triggered(tx: WriteTx, event: dict[str, str]) -> None:
    await service.note_related(tx, UUID(event["incident_id"]))


async def end_snoozes(tx: WriteTx) -> None:
    await service.end_snoozes(tx)
