"""What tenants have used. Counted in the tenant plane, fetched by the control plane.

``GET /internal/usage?since=YYYY-MM-DD&after=<tenant_id>`` answers one UsageReport; ask again with ``after`` set to
``next_after`` until that is null. Days are UTC; an amount is the whole day's so far, so a repeated report changes
nothing.
"""

from datetime import date
from enum import StrEnum

from pydantic import BaseModel

from shared.contracts.tenants import TenantId


class Metric(StrEnum):
    """The first three are counted per day; the others are levels, as of the moment of the report."""

    EVENTS = "events"
    INCIDENTS = "incidents"
    REQUESTS = "requests"
    API_KEYS = "api_keys"
    INTEGRATIONS = "integrations"
    HELD = "held"


class UsageOfDay(BaseModel):
    tenant_id: TenantId
    day: date
    metric: Metric
    amount: int


class UsageReport(BaseModel):
    items: list[UsageOfDay]
    next_after: TenantId | None = None
