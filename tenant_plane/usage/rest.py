"""Usage over REST."""

from shared.tx import ReadTx
from shared.web.operations import Api
from tenant_plane.usage import service
from tenant_plane.usage.schemas import UsageRead

api = Api(tag="usage", kind="Usage")


@api.get("/api/usage")
async def get_usage(tx: ReadTx) -> UsageRead:
    """Read what was used this month, and what the plan allows."""
    return await service.get_usage(tx)
