"""The accounts of a demo installation, as the launcher wrote them. The API keys in the same file never leave it.

The super-admin's second factor is as public as their password here: each answer carries a code that counts now.
"""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from pydantic import BaseModel, ValidationError

from control_plane.core.permissions import SUPER_ADMIN
from control_plane.identity.errors import DemoAccountsUnreadable, NotADemo
from control_plane.identity.rules import Role
from control_plane.identity.schemas import DemoAccount, DemoAccounts

MAX_FILE_BYTES = 1024 * 1024
CodeOf = Callable[[str, str], Awaitable[str | None]]
"""From e-mail address and secret to a code that counts now."""


class _Login(BaseModel):
    email: str
    password: str


class _SuperAdmin(_Login):
    totp_secret: str | None = None


class _DemoTenant(BaseModel):
    tenant_id: str
    admin: _Login
    operator: _Login
    viewer: _Login


class _DemoFile(BaseModel):
    super_admin: _SuperAdmin
    tenants: list[_DemoTenant]


async def demo_accounts(path: Path | None, code_of: CodeOf) -> DemoAccounts:
    """Raises NotADemo without a file; DemoAccountsUnreadable while it is half written."""
    if path is None:
        raise NotADemo
    try:
        content = await asyncio.to_thread(_read, path)
    except FileNotFoundError:
        raise NotADemo from None
    try:
        file = _DemoFile.model_validate_json(content)
    except ValidationError as error:
        raise DemoAccountsUnreadable from error
    secret = file.super_admin.totp_secret
    otp = None if secret is None else await code_of(file.super_admin.email, secret)
    return DemoAccounts(accounts=_accounts(file, otp))


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MAX_FILE_BYTES)


def _accounts(file: _DemoFile, otp: str | None) -> list[DemoAccount]:
    super_admin = DemoAccount(
        email=file.super_admin.email,
        password=file.super_admin.password,
        tenant_id=None,
        role=SUPER_ADMIN,
        label="Super-admin of all tenants",
        otp=otp,
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
