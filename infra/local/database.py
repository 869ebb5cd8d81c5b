"""Which database a local installation uses: DATABASE_URL wins, else the embedded server of the data directory."""

import os
from pathlib import Path

import asyncpg

from infra.local.options import Unusable
from infra.local.postgres import LocalPostgresError, database_url


async def owner_url(data_dir: Path) -> str:
    """The owner's URL, after one successful connection. Raises Unusable with one sentence."""
    given = os.environ.get("DATABASE_URL")
    try:
        url = given or database_url(data_dir / "postgres")
    except LocalPostgresError as error:
        raise Unusable(str(error)) from None
    try:
        connection = await asyncpg.connect(url, timeout=10)
        await connection.close()
    except (OSError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError) as error:
        where = "DATABASE_URL" if given else "the embedded database"
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise Unusable(f"The database of {where} can't be reached: {reason}") from None
    return url
