"""What a tenant reads about its usage."""

from dataclasses import dataclass
from enum import StrEnum

from pydantic import BaseModel

from shared.contracts.limits import Limits, RequestsPerMinute
from shared.contracts.tenants import Standing
from shared.fields import Timestamp
from tenant_plane.usage.rules import Limit


class HoldReason(StrEnum):
    """Why a payload was kept and not processed; ``waiting``: others that came before it are still held."""

    SUSPENDED = "suspended"
    OVER_QUOTA = "over_quota"
    WAITING = "waiting"


@dataclass(frozen=True, slots=True)
class Plan:
    """The plane's own snapshot of what the tenant has. ``held``: payloads of it are kept and not yet processed."""

    name: str
    standing: Standing
    limits: Limits
    held: bool

    def most(self, limit: Limit) -> int | None:
        most: int | None = getattr(self.limits, limit.value)
        return most


class LimitUsage(BaseModel):
    """``limit`` null: the plan sets none. ``over``: alerts go on to open incidents beyond a limit, and are counted."""

    name: Limit
    used: int
    limit: int | None
    over: bool
    resets_at: Timestamp | None


class UsageRead(BaseModel):
    """``delete_after``: when the tenant is to be deleted, null when it is not; until then it can be restored.
    ``held`` is how many payloads are kept and not processed, ``requests`` how many were answered this month.

    Requests are written down every few seconds; a process that is killed forgets its last ones.
    """

    tenant_id: str
    plan: str
    standing: Standing
    delete_after: Timestamp | None
    limits: list[LimitUsage]
    held: int
    requests: int
    requests_per_minute: RequestsPerMinute
    retention_days: int | None
