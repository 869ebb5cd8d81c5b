"""Live push. NOTIFY carries ids only; the hub reads the events under the tenant's own role and hands them to that
tenant's listeners. It pushes and never accepts commands.

A listener that falls behind, or a database that went away, ends the listener's stream: it connects again and reads
what it shows.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import asyncpg
import structlog
from prometheus_client import Gauge
from sqlalchemy import text

from shared.errors import AppError
from shared.tx import Actor, Database, ReadTx, RecordedEvent, utc_now
from tenant_plane.core.directory import TenantDirectory
from tenant_plane.core.provision import CHANGED
from tenant_plane.core.tenancy import system_actor

CHANNEL = "opsplane_events"
GATHER_SECONDS = 0.1
MOST_UNREAD = 1000
LOAD = text("select id, kind, body from events where id = any(:ids) order by id")
LISTENERS = Gauge("opsplane_live_listeners", "Open live streams")
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class LiveMessage:
    """``permission`` says who may hear it; ``subject`` is the typed thing inside, for GraphQL subscriptions."""

    type: str
    permission: str
    body: Mapping[str, Any]
    subject: Any = None


Presenter = Callable[[ReadTx, Sequence[RecordedEvent]], Awaitable[Sequence[LiveMessage]]]
"""From recorded events of one kind to what listeners hear; runs in the tenant's read transaction."""


@dataclass(eq=False)
class Listener:
    """``credential`` is looked at again before every push: one that expired or was revoked hears nothing more."""

    actor: Actor
    credential: str
    queue: "asyncio.Queue[LiveMessage | None]" = field(default_factory=lambda: asyncio.Queue(MOST_UNREAD))
    ended: bool = False

    def give(self, message: LiveMessage) -> None:
        if self.ended or message.permission not in self.actor.permissions:
            return
        try:
            self.queue.put_nowait(message)
        except asyncio.QueueFull:
            self.end()

    def end(self) -> None:
        self.ended = True
        while not self.queue.empty():
            self.queue.get_nowait()
        self.queue.put_nowait(None)

    async def messages(self) -> AsyncIterator[LiveMessage]:
        while (message := await self.queue.get()) is not None:
            yield message


class Hub:
    def __init__(
        self,
        url: str,
        database: Database,
        directory: TenantDirectory,
        presenters: Mapping[str, Presenter],
        verify: Callable[[str], Awaitable[Actor]],
    ) -> None:
        self._verify = verify
        self._url = url
        self._database = database
        self._directory = directory
        self._presenters = presenters
        self._listeners: dict[str, set[Listener]] = {}
        self._pending: dict[str, list[UUID]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def listen(self, actor: Actor, credential: str) -> AsyncIterator[Listener]:
        assert actor.tenant is not None, "only members of a tenant listen"
        listener = Listener(actor, credential)
        mine = self._listeners.setdefault(actor.tenant.id, set())
        mine.add(listener)
        LISTENERS.inc()
        try:
            yield listener
        finally:
            LISTENERS.dec()
            mine.discard(listener)
            if not mine:
                self._listeners.pop(actor.tenant.id, None)

    async def run(self, stop: asyncio.Event) -> None:
        """Hold the LISTEN connection until ``stop``; after a loss every stream ends, for notifications were missed."""
        while not stop.is_set():
            try:
                await self._hold(stop)
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                log.warning("live_lost_database", error=str(error))
            self._end_all()
            try:
                await asyncio.wait_for(stop.wait(), 1)
            except TimeoutError:
                continue

    async def _hold(self, stop: asyncio.Event) -> None:
        connection = await asyncpg.connect(self._url, timeout=5)
        lost = asyncio.Event()
        connection.add_termination_listener(lambda *_: lost.set())
        try:
            await connection.add_listener(CHANGED, self._tenant_changed)
            await connection.add_listener(CHANNEL, self._heard)
            waits = [asyncio.create_task(stop.wait()), asyncio.create_task(lost.wait())]
            _, rest = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            for task in rest:
                task.cancel()
        finally:
            await connection.close(timeout=2)

    def _heard(self, _: object, __: int, ___: str, payload: object) -> None:
        tenant_id, _, ids = str(payload).partition(" ")
        if tenant_id not in self._listeners:
            return
        if tenant_id not in self._pending:
            self._pending[tenant_id] = []
            task = asyncio.create_task(self._push(tenant_id))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        self._pending[tenant_id].extend(UUID(event_id) for event_id in ids.split(","))

    def _tenant_changed(self, _: object, __: int, ___: str, payload: object) -> None:
        tenant_id = str(payload)
        self._directory.forget(tenant_id)
        if tenant_id in self._listeners:
            task = asyncio.create_task(self._look_again(tenant_id))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _look_again(self, tenant_id: str) -> None:
        """The streams of a tenant that was dropped end at once."""
        try:
            gone = await self._directory.find(tenant_id) is None
        except AppError as error:
            log.warning("live_tenant_unknown", tenant=tenant_id, error=error.detail)
            gone = True
        if gone:
            self._end_all(tenant_id)

    async def _push(self, tenant_id: str) -> None:
        """A storm changes one incident many times a second: gather for a moment, then read it once."""
        await asyncio.sleep(GATHER_SECONDS)
        ids = self._pending.pop(tenant_id)
        try:
            messages = await self._present(tenant_id, ids)
        except AppError as error:
            log.warning("live_push_failed", tenant=tenant_id, error=error.detail)
            self._end_all(tenant_id)
        except Exception as error:
            log.error("live_push_failed", tenant=tenant_id, exc_info=error)
            self._end_all(tenant_id)
        else:
            for listener in list(self._listeners.get(tenant_id, ())):
                await self.renew(listener)
                for message in messages:
                    listener.give(message)

    async def renew(self, listener: Listener) -> None:
        """End the stream of a token that has expired, a key that was revoked, or an impersonation that was ended. No
        other token can be revoked before it expires.
        """
        expires_at = listener.actor.expires_at
        if expires_at is not None and listener.actor.impersonated_by is None:
            if expires_at <= utc_now():
                listener.end()
            return
        try:
            listener.actor = await self._verify(listener.credential)
        except AppError:
            listener.end()

    async def _present(self, tenant_id: str, ids: Sequence[UUID]) -> list[LiveMessage]:
        tenant = await self._directory.find(tenant_id)
        if tenant is None:
            return []
        async with self._database.read(system_actor(tenant)) as tx:
            rows = await tx.session.execute(LOAD, {"ids": list(ids)})
            by_kind: dict[str, list[RecordedEvent]] = {}
            for row in rows:
                by_kind.setdefault(row.kind, []).append(RecordedEvent(row.id, row.kind, row.body))
            messages: list[LiveMessage] = []
            for kind, events in by_kind.items():
                if presenter := self._presenters.get(kind):
                    messages.extend(await presenter(tx, events))
            return messages

    def _end_all(self, tenant_id: str | None = None) -> None:
        for tenant, listeners in list(self._listeners.items()):
            if tenant_id in (None, tenant):
                for listener in list(listeners):
                    listener.end()
