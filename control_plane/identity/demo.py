"""The accounts of a demo installation, as the launcher wrote them. The API keys in the same file never leave it."""

import asyncio
from pathlib import Path

from pydantic import BaseModel, ValidationError

from control_plane.core.permissions import SUPER_ADMIN
from control_plane.identity.errors import DemoAccountsUnreadable, NotADemo
from control_plane.identity.rules import Role
from control_plane.identity.schemas import DemoAccount, DemoAccounts

MAX_FILE_BYTES = 1024 * 1024


class _Login(BaseModel):
    email: str
    password: str


class _DemoTenant(BaseModel):
    tenant_id: str
    admin: _Login
    operator: _Login
    viewer: _Login


class _DemoFile(BaseModel):
    super_admin: _Login
    tenants: list[_DemoTenant]


async def demo_accounts(path: Path | None) -> DemoAccounts:
    """Raises NotADemo without a file; DemoAccountsUnreadable while it is half written."""
    if path is None:
        raise NotADemo
    try:
        content = await asyncio.to_thread(_read, path)
    except FileNotFoundError:
        raise NotADemo from None
    try:
        return DemoAccounts(accounts=_accounts(_DemoFile.model_validate_json(content)))
    except ValidationError as error:
        raise DemoAccountsUnreadable from error


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MAX_FILE_BYTES)


def _accounts(file: _DemoFile) -> list[DemoAccount]:
    super_admin = DemoAccount(
        **file.super_admin.model_dump(), tenant_id=None, role=SUPER_ADMIN, label="Super-admin of all tenants"
    )
    members = [
        DemoAccount(
            **login.model_dump(),
            tenant_id=tenant.tenant_id,
            role=role,
            label=f"{role.capitalize()} of {tenant.tenant_id}",
        )
        for tenant in file.tenants
        for role, login in ((Role.ADMIN, tenant.admin), (Role.OPERATOR, tenant.operator), (Role.VIEWER, tenant.viewer))
    ]
    return [super_admin, *members]
