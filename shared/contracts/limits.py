"""What a plan allows. The control plane sets it, the tenant plane enforces it from its own snapshot."""

from pydantic import BaseModel, ConfigDict


class RequestsPerMinute(BaseModel):
    """REST and GraphQL requests of one caller in a minute, by role. Ingest is never refused for its rate."""

    model_config = ConfigDict(extra="ignore")

    viewer: int = 100
    operator: int = 500
    admin: int = 1000

    def of(self, role: str) -> int:
        """A scope that is no role of people is held to the lowest."""
        return {"operator": self.operator, "admin": self.admin}.get(role, self.viewer)


class Limits(BaseModel):
    """Null means no limit. Months are calendar months in UTC.

    An integration is a sender's own key, an API key of the scope ``ingestion``; ``api_keys`` counts all others.
    """

    model_config = ConfigDict(extra="ignore")

    users: int | None = None
    api_keys: int | None = None
    events_per_month: int | None = None
    incidents_per_month: int | None = None
    integrations: int | None = None
    retention_days: int | None = None
    requests_per_minute: RequestsPerMinute = RequestsPerMinute()
