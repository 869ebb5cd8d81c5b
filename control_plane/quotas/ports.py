"""What quotas need from outside; ``app.py`` chooses the implementations."""

from collections.abc import Sequence
from datetime import date
from typing import Protocol

from shared.contracts.usage import UsageReport


class HasPlan(Protocol):
    """A tenant as ``tenants`` describes it to others."""

    @property
    def tenant_id(self) -> str: ...
    @property
    def plan(self) -> str: ...
    @property
    def plan_version(self) -> int: ...


class Planes(Protocol):
    async def __call__(self) -> Sequence[str]:
        """The base URLs of all planes that serve tenants."""
        ...


class UsageSource(Protocol):
    async def usage(self, url: str, since: date, after: str | None) -> UsageReport:
        """One page of what the tenants of a plane have used. Raises an AppError when the plane can't say."""
        ...
