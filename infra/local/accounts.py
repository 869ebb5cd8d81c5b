"""The demo installation's tenants, people and keys, made through the same services as any others, and written to
demo.json.
"""

import contextlib
import json
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyotp

from control_plane.core.system import SYSTEM
from control_plane.identity import service as identity
from control_plane.identity.errors import EmailTaken
from control_plane.identity.flows import SessionFlows
from control_plane.identity.passwords import hash_password
from control_plane.identity.rules import Role
from control_plane.identity.schemas import UserCreate
from control_plane.tenants.errors import TenantExists
from control_plane.tenants.flows import TenantFlows
from control_plane.tenants.schemas import TenantCreate
from infra.local.installation import Installation, write_private
from infra.local.options import Unusable
from shared.tx import Database
from tenant_plane.access import service as access
from tenant_plane.access.schemas import ApiKeyCreate, Scope
from tenant_plane.core.directory import TenantDirectory
from tenant_plane.core.tenancy import system_actor

ROOT = "root@opsplane.example"
TENANTS = {"acme": "Acme Shop", "globex": "Globex"}
PEOPLE = {Role.ADMIN: "Ana Ruiz", Role.OPERATOR: "Bo Lindqvist", Role.VIEWER: "Chidi Okafor"}


async def ensure_demo(installation: Installation, demo_file: Path, base_url: str) -> dict[str, Any]:
    """What demo.json says, made if it is not there yet. Passwords are random, one set per installation.

    They are written down before anybody is made, so that a start that was killed half-way is finished by the next. The
    super-admin's second factor comes last: older installations get theirs here, too.
    """
    draft = demo_file.with_name("demo.draft.json")
    demo = _read(demo_file)
    if demo is None:
        demo = await _make(installation, _read(draft) or await _new_passwords(installation, demo_file, draft))
    super_admin = {"totp_secret": pyotp.random_base32(), **demo["super_admin"]}
    demo = {**demo, "super_admin": super_admin, "base_url": base_url}
    write_private(demo_file, json.dumps(demo, indent=2))
    await enrol(installation, super_admin["email"], super_admin["totp_secret"])
    draft.unlink(missing_ok=True)
    return demo


def _read(file: Path) -> dict[str, Any] | None:
    try:
        return dict(json.loads(file.read_text())) if file.exists() else None
    except (ValueError, TypeError):
        raise Unusable(f"{file} is damaged; put a copy of it back, or choose another OPSPLANE_DATA.") from None


async def _new_passwords(installation: Installation, demo_file: Path, draft: Path) -> dict[str, str]:
    database: Database = installation.control.state.database
    async with database.read(SYSTEM) as tx:
        if await identity.find_user(tx, ROOT) is not None:
            raise Unusable(
                f"The demo accounts are in the database, but {demo_file} with their passwords is not there;"
                " put a copy of it back, or use an empty database."
            )
    emails = [ROOT, *(_email(tenant_id, role) for tenant_id in TENANTS for role in PEOPLE)]
    passwords = {email: secrets.token_urlsafe(12) for email in emails}
    write_private(draft, json.dumps(passwords))
    return passwords


def _email(tenant_id: str, role: Role) -> str:
    return f"{PEOPLE[role].split()[0].lower()}@{tenant_id}.example"


async def _make(installation: Installation, passwords: Mapping[str, str]) -> dict[str, Any]:
    """Passes over what an earlier start has made."""

    async def person(email: str, name: str, seats: dict[str, Role] | None) -> dict[str, str]:
        with contextlib.suppress(EmailTaken):
            await create_user(
                installation, email, name, password=passwords[email], is_super_admin=seats is None, memberships=seats
            )
        return {"email": email, "password": passwords[email]}

    super_admin = await person(ROOT, "Root", None)
    tenants = []
    for tenant_id, name in TENANTS.items():
        with contextlib.suppress(TenantExists):
            await create_tenant(installation, tenant_id, name, "pro", f"ops@{tenant_id}.example")
        people = {
            str(role): await person(_email(tenant_id, role), full_name, {tenant_id: role})
            for role, full_name in PEOPLE.items()
        }
        key = await create_api_key(installation, tenant_id, "demo senders", Scope.OPERATOR)
        tenants.append({"tenant_id": tenant_id, **people, "api_key": key})
    return {"base_url": "", "super_admin": super_admin, "tenants": tenants}


async def create_tenant(installation: Installation, tenant_id: str, name: str, plan: str, contact_email: str) -> None:
    flows: TenantFlows = installation.control.state.tenants
    command = TenantCreate(tenant_id=tenant_id, name=name, plan=plan, contact_email=contact_email)
    await flows.create_tenant(SYSTEM, command)


async def create_user(
    installation: Installation,
    email: str,
    name: str,
    *,
    password: str | None = None,
    is_super_admin: bool = False,
    memberships: dict[str, Role] | None = None,
) -> dict[str, str]:
    """The e-mail address and the password, which is made up when none is given."""
    password = password or secrets.token_urlsafe(12)
    database: Database = installation.control.state.database
    command = UserCreate(
        email=email, name=name, password_hash=await hash_password(password), is_super_admin=is_super_admin
    )
    async with database.write(SYSTEM) as tx:
        user = await identity.create_user(tx, command)
        for tenant_id, role in (memberships or {}).items():
            await identity.add_membership(tx, user.id, tenant_id, role)
    return {"email": user.email, "password": password}


async def enrol(installation: Installation, email: str, secret: str) -> None:
    """An authenticator app that makes codes from this secret (base32). Whoever has one already keeps it."""
    database: Database = installation.control.state.database
    sessions: SessionFlows = installation.control.state.sessions
    async with database.write(SYSTEM) as tx:
        user = await identity.find_user(tx, email)
        assert user is not None
        await identity.enrol(tx, user.id, secret, sessions.factors)


class UnknownTenant(Exception):
    def __init__(self, tenant_id: str) -> None:
        super().__init__(f"There is no tenant {tenant_id}; `opsplane tenant list` shows which there are.")


async def create_api_key(installation: Installation, tenant_id: str, name: str, scope: Scope) -> str:
    directory: TenantDirectory = installation.tenant.state.directory
    database: Database = installation.tenant.state.database
    tenant = await directory.find(tenant_id)
    if tenant is None:
        raise UnknownTenant(tenant_id)
    async with database.write(system_actor(tenant, "command line")) as tx:
        created = await access.create_api_key(tx, ApiKeyCreate(name=name, scope=scope))
    return created.api_key
