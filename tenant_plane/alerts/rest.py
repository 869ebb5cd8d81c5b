"""Alerts over REST."""

from uuid import UUID

from shared.pages import Page, PageQuery
from shared.tx import ReadTx
from shared.web.operations import Api
from tenant_plane.alerts import service
from tenant_plane.alerts.errors import AlertNotFound
from tenant_plane.alerts.schemas import AlertEventRead, AlertQuery, AlertRead

api = Api(tag="alerts", kind="Alert", plural="alerts")


@api.get("/api/alerts")
async def list_alerts(tx: ReadTx, query: AlertQuery) -> Page[AlertRead]:
    """List alerts, newest first."""
    return await service.list_alerts(tx, query)


@api.get("/api/alerts/{alert_id}", errors=[AlertNotFound])
async def get_alert(tx: ReadTx, alert_id: UUID) -> AlertRead:
    """Read one alert."""
    return await service.get_alert(tx, alert_id)


@api.get("/api/alerts/{alert_id}/events", kind="AlertEvent", plural="events", errors=[AlertNotFound])
async def list_alert_events(tx: ReadTx, alert_id: UUID, query: PageQuery) -> Page[AlertEventRead]:
    """List what the sender said of an alert, oldest first."""
    return await service.list_alert_events(tx, alert_id, query)
