"""A real Postgres, prepared once by the product's own ``prepare_database``; every test starts with empty tables."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from control_plane.core.prepare import prepare_database
from control_plane.identity.passwords import hash_password
from shared.logs import configure_logs
from tests.control_plane.support import APP_PASSWORD, PASSWORD, ControlPlane, control_plane

SEEDED = "'schema_version', 'plans'"
"""What migrations fill."""
EMPTY = f"""
do $$ begin
    execute (select 'truncate ' || string_agg(format('control.%I', tablename), ', ') from pg_tables
        where schemaname = 'control' and tablename not in ({SEEDED}));
    delete from control.plans where created_by <> 'product';
end $$
"""


@pytest.fixture(scope="session", autouse=True)
def plain_logs() -> None:
    """As in production; the default renders every local variable of a traceback, which takes seconds."""
    configure_logs()


@pytest.fixture(scope="session")
async def control_url(admin_url: str) -> str:
    """``admin_url``, after the control plane's schema is there."""
    await prepare_database(admin_url, APP_PASSWORD)
    return admin_url


@pytest.fixture(scope="session")
async def password_hash() -> str:
    return await hash_password(PASSWORD)


@pytest.fixture
async def empty_url(control_url: str) -> str:
    connection = await asyncpg.connect(control_url)
    await connection.execute(EMPTY)
    await connection.close()
    return control_url


@pytest.fixture
async def control(empty_url: str, password_hash: str) -> AsyncIterator[ControlPlane]:
    plane = control_plane(empty_url, password_hash)
    yield plane
    await plane.database.close()
