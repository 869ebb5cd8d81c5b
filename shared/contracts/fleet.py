"""How one tenant plane is doing: ``GET /internal/fleet``, for the console's fleet health."""

from pydantic import BaseModel


class FleetHealth(BaseModel):
    """``queue_waiting``: reactions that are due. ``held``: payloads of active tenants that wait to be processed, summed
    over the 200 that have waited longest. ``database_ms``: one trip to the database and back.
    """

    queue_waiting: int
    oldest_waiting_seconds: float
    held: int
    tenants: int
    database_ms: float
