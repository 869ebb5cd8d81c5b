from pydantic import BaseModel, ConfigDict


class PlanLimits(BaseModel):
    """Null means no limit."""

    users: int | None
    api_keys: int | None
    events_per_month: int | None
    incidents_per_month: int | None
    retention_days: int | None


class PlanRead(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    name: str
    version: int
    limits: PlanLimits
