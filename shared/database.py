"""Engines, and what a failing database means to a caller: nothing was accepted, try again."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import structlog
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, InterfaceError, TimeoutError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from shared.errors import Unavailable

log = structlog.get_logger()
R = TypeVar("R")
RETRYABLE = frozenset({"40001", "40P01"})  # serialization failure, deadlock
ABSENT = ("08", "53", "57", "58")  # connection, resources, shutting down, system: the server, not our statement


def create_engine(url: str, *, pool_size: int = 10) -> AsyncEngine:
    """Small pools and recycled connections: a backend keeps about 0.9 MB for every tenant it has touched."""
    parsed = make_url(url).set(drivername="postgresql+asyncpg")
    return create_async_engine(
        parsed,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_timeout=5,
        pool_recycle=1800,
        hide_parameters=True,  # an error in the log must not show what customers wrote
        connect_args={"timeout": 5, "command_timeout": 60, "server_settings": {"application_name": "opsplane"}},
    )


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
