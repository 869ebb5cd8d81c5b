"""The demo installation's tenants, people and keys, made through the same services as any others, and written to
demo.json.
"""

import json
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from control_plane.core.system import SYSTEM
from control_plane.identity import service as identity
from control_plane.identity.passwords import hash_password
from control_plane.identity.rules import Role
from control_plane.identity.schemas import UserCreate
from control_plane.tenants.flows import TenantFlows
from control_plane.tenants.schemas import TenantCreate
from infra.local.installation import Installation, write_private
from infra.local.options import Unusable
from shared.tx import Database
from tenant_plane.access import service as access
from tenant_plane.access.schemas import ApiKeyCreate, Scope
from tenant_plane.core.directory import TenantDirectory
from tenant_plane.core.tenancy import system_actor

TENANTS = {"acme": "Acme Shop", "globex": "Globex"}
PEOPLE = {Role.ADMIN: "Ana Ruiz", Role.OPERATOR: "Bo Lindqvist", Role.VIEWER: "Chidi Okafor"}


async def ensure_demo(installation: Installation, demo_file: Path, base_url: str) -> dict[str, Any]:
    """What demo.json says, made if it is not there yet. Passwords are random, one set per installation."""
    demo = _read(demo_file) or await _make(installation)
    write_private(demo_file, json.dumps({**demo, "base_url": base_url}, indent=2))
    return {**demo, "base_url": base_url}


def _read(demo_file: Path) -> dict[str, Any] | None:
    try:
        return dict(json.loads(demo_file.read_text())) if demo_file.exists() else None
    except (ValueError, TypeError):
        raise Unusable(f"{demo_file} is damaged; put a copy of it back, or choose another OPSPLANE_DATA.") from None


async def _make(installation: Installation) -> dict[str, Any]:
    super_admin = await create_user(installation, "root@opsplane.example", "Root", is_super_admin=True)
    tenants = []
    for tenant_id, name in TENANTS.items():
        await create_tenant(installation, tenant_id, name, "pro", f"ops@{tenant_id}.example")
        people = {}
        for role, person in PEOPLE.items():
            email = f"{person.split()[0].lower()}@{tenant_id}.example"
            people[str(role)] = await create_user(installation, email, person, memberships={tenant_id: role})
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


@dataclass(frozen=True, slots=True)
class UnknownTenant(Exception):
    tenant_id: str

    def __str__(self) -> str:
        return f"There is no tenant {self.tenant_id}; `opsplane tenant list` shows which there are."


async def create_api_key(installation: Installation, tenant_id: str, name: str, scope: Scope) -> str:
    directory: TenantDirectory = installation.tenant.state.directory
    database: Database = installation.tenant.state.database
    tenant = await directory.find(tenant_id)
    if tenant is None:
        raise UnknownTenant(tenant_id)
    async with database.write(system_actor(tenant, "command line")) as tx:
        created = await access.create_api_key(tx, ApiKeyCreate(name=name, scope=scope))
    return created.api_key
