"""Engines, and what a failing database means to a caller: nothing was accepted, try again."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import structlog
from sqlalchemy import event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, InterfaceError, TimeoutError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from shared.errors import Unavailable

log = structlog.get_logger()
R = TypeVar("R")
TOUCHED, MOST_TOUCHED = "opsplane_touched", 200
RETRYABLE = frozenset({"40001", "40P01"})  # serialization failure, deadlock
ABSENT = ("08", "53", "57", "58")  # connection, resources, shutting down, system: the server, not our statement


def create_engine(url: str, *, pool_size: int = 10) -> AsyncEngine:
    """Small pools, and connections that are replaced in time; see ``touch``."""
    parsed = make_url(url).set(drivername="postgresql+asyncpg")
    engine = create_async_engine(
        parsed,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_timeout=5,
        pool_recycle=1800,
        hide_parameters=True,  # an error in the log must not show what customers wrote
        connect_args={"timeout": 5, "command_timeout": 60, "server_settings": {"application_name": "opsplane"}},
    )
    event.listen(engine.sync_engine, "checkin", _replace_worn)
    return engine


async def touch(session: AsyncSession, schema: str) -> None:
    """Note that this connection works in a schema: its backend keeps what it learns of it, 0.1 to 0.9 MB, for good.

    One that has been in MOST_TOUCHED schemas is replaced before it is used again.
    """
    (await session.connection()).info.setdefault(TOUCHED, set()).add(schema)


def _replace_worn(_: Any, record: ConnectionPoolEntry) -> None:
    if len(record.info.get(TOUCHED, ())) >= MOST_TOUCHED:
        record.invalidate(soft=True)


def sqlstate(error: BaseException) -> str:
    original: Any = getattr(error, "orig", error)
    return str(getattr(original, "sqlstate", None) or getattr(error, "sqlstate", None) or "")


@asynccontextmanager
async def absence_is_unavailable() -> AsyncIterator[None]:
    """A database that is away or shutting down becomes Unavailable (503); a wrong statement stays what it is."""
    try:
        yield
    except (DBAPIError, InterfaceError) as error:
        if error.connection_invalidated or isinstance(error, InterfaceError) or sqlstate(error).startswith(ABSENT):
            raise _unavailable(error) from error
        raise
    except (OSError, TimeoutError) as error:
        raise _unavailable(error) from error
    except Exception as error:
        # asyncpg raises its own classes while connecting, before SQLAlchemy can wrap them.
        if type(error).__module__.startswith("asyncpg") and sqlstate(error).startswith(ABSENT):
            raise _unavailable(error) from error
        raise


def _unavailable(error: BaseException) -> Unavailable:
    log.warning("database_unavailable", error=type(error).__name__, detail=str(error).splitlines()[:1])
    return Unavailable("The database does not answer; nothing was changed.", retry_after_seconds=2)


async def runs_twice(verb: Callable[[], Awaitable[R]]) -> R:
    """Run a verb once more when Postgres aborted it in favour of another transaction."""
    try:
        return await verb()
    except Exception as error:  # the hottest paths speak to asyncpg itself, whose errors SQLAlchemy does not wrap
        if sqlstate(error) not in RETRYABLE:
            raise
    return await verb()
