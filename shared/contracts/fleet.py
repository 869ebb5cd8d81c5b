"""How one tenant plane is doing: ``GET /internal/fleet``, for the console's fleet health."""

from pydantic import BaseModel


class TenantRate(BaseModel):
    tenant_id: str
    requests: int


class FleetHealth(BaseModel):
    """``queue_waiting``: reactions that are due. ``held``: payloads of active tenants that wait to be processed.
    ``database_ms``: one trip to the database and back. ``requests_last_minute``: answered in the last whole minute by
    all processes, ``errors_last_minute`` of them with 5xx. ``busiest``: whose people and keys asked most in that
    minute, most first; what senders post is not among it.
    """

    queue_waiting: int
    oldest_waiting_seconds: float
    held: int
    tenants: int
    database_ms: float
    requests_last_minute: int = 0
    errors_last_minute: int = 0
    busiest: list[TenantRate] = []
