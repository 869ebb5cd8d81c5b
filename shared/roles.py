"""Login roles of the planes: made idempotently, with a password that no log of the database can show."""

import base64
import hashlib
import hmac
import secrets

import asyncpg

SCRAM_ITERATIONS = 4096


async def ensure_role(connection: asyncpg.Connection, role: str, *, password: str | None = None) -> None:
    """A role that inherits nothing; with a password it may log in. ``role`` is an identifier of ours, never input."""
    options = "nologin" if password is None else "login noinherit"
    if not await connection.fetchval("select 1 from pg_roles where rolname = $1", role):
        # Roles belong to the whole server, the caller's lock to one database: a twin elsewhere may still be faster.
        await connection.execute(
            f"do $$ begin create role {role} {options};"
            " exception when duplicate_object or unique_violation then null; end $$"
        )
    if password is not None:
        verifier = scram_verifier(password, secrets.token_bytes(16))
        await connection.execute(f"alter role {role} with {options} password '{verifier}'")
        database = await connection.fetchval("select quote_ident(current_database())")
        await connection.execute(f"grant connect on database {database} to {role}")


def scram_verifier(password: str, salt: bytes) -> str:
    """What Postgres itself would store (RFC 5803), so that no password can reach the server's log."""
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, SCRAM_ITERATIONS)
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    stored_key = hashlib.sha256(client_key).digest()
    server_key = hmac.digest(salted, b"Server Key", "sha256")
    encoded = [base64.b64encode(part).decode() for part in (salt, stored_key, server_key)]
    return f"SCRAM-SHA-256${SCRAM_ITERATIONS}:{encoded[0]}${encoded[1]}:{encoded[2]}"
