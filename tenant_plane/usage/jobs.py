"""Requests are counted in memory and written down by a tick: a count of its own for each would cost more than most
requests. A process that is killed forgets those of its last seconds.
"""

from collections import Counter
from dataclasses import dataclass, field

import structlog

from shared.contracts.usage import Metric
from shared.errors import Unavailable
from shared.tx import Actor, Database, Tenant
from tenant_plane.core.tenancy import STANDS_STILL, system_actor
from tenant_plane.usage import service

log = structlog.get_logger()


@dataclass
class RequestCounts:
    database: Database
    _unsaved: Counter[Tenant] = field(default_factory=Counter)

    def note(self, actor: Actor) -> None:
        if actor.tenant is not None:
            self._unsaved[actor.tenant] += 1

    async def save(self) -> None:
        """One transaction for each tenant that has called; what can't be written now is kept for the next turn. Raises
        Unavailable while the database is away.
        """
        for tenant in list(self._unsaved):
            number = self._unsaved.pop(tenant)
            try:
                async with self.database.write(system_actor(tenant)) as tx:
                    await service.count_usage(tx, Metric.REQUESTS, number)
            except Unavailable as error:
                self._unsaved[tenant] += number
                if not isinstance(error, STANDS_STILL):
                    raise
            except Exception as error:  # a tenant that is broken, or gone, must not cost the others theirs
                log.warning("requests_not_counted", tenant=tenant.id, requests=number, error=repr(error))
