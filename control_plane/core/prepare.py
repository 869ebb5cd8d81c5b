"""Bring a database to the state that the control plane serves from: schema, migrations, and its login role.

Runs under the owner's login, never under the one that serves requests.
"""

from pathlib import Path

import asyncpg

from control_plane.core.database import SCHEMA
from shared.migrations import migrate_schema
from shared.roles import ensure_role

MIGRATIONS = Path(__file__).parent.parent / "migrations"
APP_ROLE = "opsplane_control"
GRANTS = f"""
    grant usage on schema {SCHEMA} to {APP_ROLE};
    grant select, insert, update, delete on all tables in schema {SCHEMA} to {APP_ROLE};
    revoke insert, update, delete on {SCHEMA}.schema_version from {APP_ROLE};
    revoke update, delete on {SCHEMA}.plans from {APP_ROLE};
    revoke update, delete on {SCHEMA}.events, {SCHEMA}.audit_log from {APP_ROLE};
"""


async def prepare_database(admin_url: str, app_password: str) -> None:
    """Safe to repeat, and to run in several processes at once. Sets the password of ``opsplane_control`` each time."""
    connection = await asyncpg.connect(admin_url, timeout=10, command_timeout=300)
    try:
        await migrate_schema(connection, SCHEMA, MIGRATIONS)
        async with connection.transaction():
            await connection.execute("select pg_advisory_xact_lock(hashtext('opsplane:prepare'))")
            await ensure_role(connection, APP_ROLE, password=app_password)
            await connection.execute(GRANTS)
    finally:
        await connection.close()
