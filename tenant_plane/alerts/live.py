"""What listeners hear of alerts: how many changed, so that they read again what they show."""

from collections.abc import Sequence

from shared.tx import ReadTx, RecordedEvent
from tenant_plane.core.live import LiveMessage
from tenant_plane.core.permissions import Permission


async def alerts_changed(_: ReadTx, events: Sequence[RecordedEvent]) -> list[LiveMessage]:
    count = sum(int(str(event.body["count"])) for event in events)
    body = {"event_id": str(events[-1].id), "count": count}
    return [LiveMessage("alerts.changed", Permission.ALERTS_READ, body)]
