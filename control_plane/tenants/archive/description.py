"""How the file is built: a tar archive whose first member describes it and whose last one closes it.

manifest.json                Manifest
control/<table>/<n>.jsonl    rows of the control plane, one JSON object a line
plane/…                      the archive of the tenant's plane (shared/contracts/archive.py), member by member
end.json                     End: a digest of all that came before
"""

import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator
from datetime import datetime
from typing import IO, Literal

from pydantic import BaseModel, ConfigDict

from control_plane.plans.schemas import PlanRead
from control_plane.tenants.rules import TenantState
from shared.contracts.tenants import TenantId
from shared.fields import Timestamp
from shared.tar import MEMBER_BYTES

FORMAT: Literal["opsplane-tenant"] = "opsplane-tenant"
MANIFEST, CONTROL, PLANE, CLOSING = "manifest.json", "control/", "plane/", "end.json"


class ArchivedTenant(BaseModel):
    """``created_at`` to the microsecond: it shall be equal there."""

    model_config = ConfigDict(extra="ignore")

    tenant_id: TenantId
    name: str
    contact_email: str
    state: TenantState
    suspended_reason: str | None
    created_at: datetime


class Manifest(BaseModel):
    """``tables``: the columns of each. ``key_fingerprint`` tells whether what is sealed can be opened here."""

    model_config = ConfigDict(extra="ignore")

    format: Literal["opsplane-tenant"]
    exported_at: Timestamp
    key_fingerprint: str
    tenant: ArchivedTenant
    plan: PlanRead
    tables: dict[str, list[str]]


class End(BaseModel):
    sha256: str


class Digest:
    """Of names and contents, so that no member can be changed, moved or taken out."""

    def __init__(self) -> None:
        self._sha256 = hashlib.sha256()

    def take(self, name: str, content: bytes) -> None:
        self._sha256.update(f"{len(name)} {name} {len(content)} ".encode())
        self._sha256.update(content)

    def end(self) -> End:
        return End(sha256=self._sha256.hexdigest())


async def pieces(file: IO[bytes]) -> AsyncIterator[bytes]:
    """From where it stands to its end, without blocking the loop."""
    while piece := await asyncio.to_thread(file.read, MEMBER_BYTES):
        yield piece


def key_fingerprint(secret: str) -> str:
    """Equal for installations that can open each other's sealed columns; tells nothing of the secret itself."""
    return hmac.digest(secret.encode(), b"opsplane: fingerprint for archives", "sha256").hex()[:32]
