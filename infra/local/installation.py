"""A whole installation in one process: both planes over one database, talking to each other by contract, in memory.

The planes stay two services: each has its own login role, schema and settings, and what one asks of the other goes
through HTTP requests that an in-process transport carries.
"""

import json
import os
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from pydantic import SecretStr
from sqlalchemy.engine import make_url
from starlette.applications import Starlette

from control_plane import app as control
from control_plane.core.prepare import APP_ROLE as CONTROL_ROLE
from control_plane.core.prepare import prepare_database as prepare_control
from control_plane.settings import ControlSettings
from infra.local.in_process import InProcess
from infra.local.options import Unusable
from tenant_plane import app as tenant
from tenant_plane.core.provision import APP_ROLE as TENANT_ROLE
from tenant_plane.core.provision import Migrated, Progress
from tenant_plane.core.provision import prepare_database as prepare_tenant
from tenant_plane.settings import Settings as TenantSettings


@dataclass(frozen=True, slots=True)
class Secrets:
    """Made once per data directory and kept there, readable by its owner only."""

    control_password: str
    tenant_password: str
    key_encryption_secret: str


@dataclass(frozen=True, slots=True)
class Installation:
    control: Starlette
    tenant: Starlette


def read_secrets(data_dir: Path) -> Secrets:
    path = data_dir / "secrets.json"
    try:
        return Secrets(**json.loads(path.read_text()))
    except FileNotFoundError:
        made = Secrets(*(secrets.token_urlsafe(36) for _ in range(3)))
        write_private(path, json.dumps({name: getattr(made, name) for name in Secrets.__slots__}))
        return made
    except (ValueError, TypeError):
        # Never made anew by itself: new secrets would not open the signing keys that the old ones sealed.
        raise Unusable(f"{path} is damaged; put a copy of it back, or choose another OPSPLANE_DATA.") from None


def write_private(path: Path, text: str) -> None:
    """Complete or not at all, and never readable by others, not even for a moment."""
    new = path.with_suffix(".new")
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)


async def prepare(owner_url: str, known: Secrets, *, progress: Progress = lambda done, of: None) -> Migrated:
    """Roles, schemas, migrations of both planes. Safe to repeat."""
    migrated = await prepare_tenant(owner_url, known.tenant_password, progress=progress)
    await prepare_control(owner_url, known.control_password)
    return migrated


@asynccontextmanager
async def open_installation(
    owner_url: str,
    known: Secrets,
    *,
    demo_file: Path | None = None,
    with_worker: bool = True,
    requests_per_minute: Mapping[str, int] | None = None,
) -> AsyncIterator[Installation]:
    """Both planes, put together but not yet started: whoever serves them runs their lifespans."""
    # Each plane is made before the other's client can reach it; the transports look it up when they are first used.
    apps: dict[str, Starlette] = {}
    to_control, to_tenant = InProcess(lambda: apps["control"]), InProcess(lambda: apps["tenant"])
    async with (
        httpx.AsyncClient(transport=to_control, base_url="http://control-plane") as control_client,
        httpx.AsyncClient(transport=to_tenant, base_url="http://tenant-plane") as tenant_client,
    ):
        control_settings = ControlSettings(
            control_database_url=owner_url,
            control_app_database_url=login(owner_url, CONTROL_ROLE, known.control_password),
            key_encryption_secret=SecretStr(known.key_encryption_secret),
            demo_accounts_path=demo_file,
            requests_per_minute=dict(requests_per_minute or {}),
        )
        tenant_settings = TenantSettings(
            tenant_database_url=owner_url,
            tenant_app_database_url=login(owner_url, TENANT_ROLE, known.tenant_password),
            requests_per_minute=dict(requests_per_minute or {}),
        )
        apps["control"] = control.create_app(control_settings, tenant_plane=tenant_client)
        apps["tenant"] = tenant.create_app(tenant_settings, control_plane=control_client, with_worker=with_worker)
        yield Installation(apps["control"], apps["tenant"])


def login(owner_url: str, role: str, password: str) -> str:
    return make_url(owner_url).set(username=role, password=password).render_as_string(hide_password=False)
