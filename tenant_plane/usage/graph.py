"""Usage over GraphQL."""

from datetime import datetime

import strawberry

from shared.contracts.tenants import Standing
from tenant_plane.core.graph import Info
from tenant_plane.usage import service
from tenant_plane.usage.rules import Limit

strawberry.enum(Standing, name="Standing")
strawberry.enum(Limit, name="LimitName")


@strawberry.type(name="LimitUsage")
class LimitUsageType:
    """``limit`` null: the plan sets none."""

    name: Limit
    used: int
    limit: int | None
    over: bool
    resets_at: datetime | None


@strawberry.type(name="Usage")
class UsageType:
    """This month and this moment. ``held``: payloads that are kept and not processed."""

    plan: str
    standing: Standing
    delete_after: datetime | None
    limits: list[LimitUsageType]
    held: int
    requests: int
    retention_days: int | None


@strawberry.type
class UsageQueries:
    @strawberry.field
    async def usage(self, info: Info) -> UsageType:
        async with info.context.read() as tx:
            read = await service.get_usage(tx)
        return UsageType(
            plan=read.plan,
            standing=read.standing,
            delete_after=read.delete_after,
            limits=[LimitUsageType(**limit.model_dump()) for limit in read.limits],
            held=read.held,
            requests=read.requests,
            retention_days=read.retention_days,
        )
