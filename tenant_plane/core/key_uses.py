"""When and from where each API key was last used: kept in memory, written down a little later, off the request's
transaction. A process that is killed forgets the uses of its last seconds.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from sqlalchemy import text

from shared.errors import Unavailable
from shared.trace import current_address
from shared.tx import Actor, Clock, Database, Tenant, utc_now
from tenant_plane.core.tenancy import STANDS_STILL, system_actor

log = structlog.get_logger()
WRITTEN_AGAIN_AFTER = timedelta(minutes=1)
REMEMBERED = 10_000
SAVE = text(
    "update api_keys set last_used_at = :at, last_used_address = :address"
    " where id = :id and (last_used_at is null or last_used_at <= :before)"
)


@dataclass(frozen=True, slots=True)
class Use:
    tenant: Tenant
    key_id: str
    at: datetime
    address: str | None


@dataclass
class KeyUses:
    """At most one write a minute for each key; ``save`` runs as a tick."""

    database: Database
    now: Clock = utc_now
    _noted_at: dict[tuple[str, str], datetime] = field(default_factory=dict)
    _unsaved: dict[tuple[str, str], Use] = field(default_factory=dict)

    def note(self, actor: Actor) -> None:
        assert actor.tenant is not None, "a key belongs to a tenant"
        key_id, at = actor.id.removeprefix("key:"), self.now()
        name = (actor.tenant.id, key_id)
        noted_at = self._noted_at.get(name)
        if noted_at is not None and abs(at - noted_at) < WRITTEN_AGAIN_AFTER:
            return
        if len(self._noted_at) >= REMEMBERED:
            self._noted_at.clear()
        self._noted_at[name] = at
        self._unsaved[name] = Use(actor.tenant, key_id, at, current_address.get())

    async def save(self) -> None:
        """One transaction for each tenant whose keys were used; what can't be written now is kept for the next turn.
        Raises Unavailable while the database is away.
        """
        for tenant_id in {tenant_id for tenant_id, _ in self._unsaved}:
            names = sorted(name for name in self._unsaved if name[0] == tenant_id)
            uses = [self._unsaved.pop(name) for name in names]  # in one order, whoever else saves
            try:
                async with self.database.write(system_actor(uses[0].tenant)) as tx:
                    for use in uses:
                        before = use.at - WRITTEN_AGAIN_AFTER
                        values = {"id": use.key_id, "at": use.at, "address": use.address, "before": before}
                        await tx.session.execute(SAVE, values)
            except Unavailable as error:
                self._unsaved = {**dict(zip(names, uses, strict=True)), **self._unsaved}
                if not isinstance(error, STANDS_STILL):
                    raise
            except Exception as error:  # a tenant that is broken, or gone, must not cost the others theirs
                log.warning("key_uses_forgotten", tenant=tenant_id, error=repr(error))
