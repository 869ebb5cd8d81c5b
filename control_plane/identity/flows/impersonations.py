"""Acting inside a tenant: recorded here, then known to the tenant's plane, and only then a token.

An end is recorded first as well; a plane that does not hear of it is told again until it does, or until the token has
ended by itself.
"""

from dataclasses import dataclass
from uuid import UUID

import structlog

from control_plane.core.system import SYSTEM
from control_plane.identity import service
from control_plane.identity.ports import ImpersonatedPlane, PlaneOf
from control_plane.identity.schemas import ImpersonationRead, ImpersonationStart, ImpersonationStarted
from control_plane.identity.tokens import TokenIssuer
from shared.errors import AppError
from shared.tx import Actor, Database

log = structlog.get_logger()
TOLD_AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class ImpersonationFlows:
    database: Database
    issuer: TokenIssuer
    plane_of: PlaneOf
    plane: ImpersonatedPlane

    async def start(self, actor: Actor, tenant_id: str, command: ImpersonationStart) -> ImpersonationStarted:
        """Raises TenantNotFound, NobodyToImpersonate; PlaneFailed, PlacementNotReady: then it has ended already."""
        async with self.database.write(actor) as tx:
            begun = await service.start_impersonation(tx, tenant_id, command)
        try:
            told = await self._tell(begun)
        except AppError:
            async with self.database.write(actor) as tx:
                await service.end_impersonation(tx, tenant_id, begun.id)
            raise
        token, seconds = await self.issuer.impersonation_token(actor, told, service.role_of(told))
        return ImpersonationStarted(**told.model_dump(), token=token, expires_in=seconds)

    async def end(self, actor: Actor, tenant_id: str, impersonation_id: UUID) -> ImpersonationRead:
        """``is_told`` is false in the answer when the plane could not be reached: it will be."""
        async with self.database.write(actor) as tx:
            ended = await service.end_impersonation(tx, tenant_id, impersonation_id)
        return ended if ended.is_told else await self._try_to_tell(ended)

    async def tell_ends(self) -> None:
        """A tick."""
        async with self.database.read(SYSTEM) as tx:
            untold = await service.list_untold(tx, TOLD_AT_ONCE)
        for ended in untold:
            await self._try_to_tell(ended)

    async def _try_to_tell(self, ended: ImpersonationRead) -> ImpersonationRead:
        try:
            return await self._tell(ended)
        except AppError as error:
            log.warning("impersonation_end_not_told", tenant=ended.tenant_id, id=str(ended.id), detail=error.detail)
            return ended

    async def _tell(self, read: ImpersonationRead) -> ImpersonationRead:
        url = await self.plane_of(read.tenant_id)
        await self.plane.put_impersonation(url, read.tenant_id, service.wanted_of(read))
        async with self.database.write(SYSTEM) as tx:
            await service.note_told(tx, read)
        return read.model_copy(update={"is_told": True})
