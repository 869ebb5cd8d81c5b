"""How the file is built: a tar archive whose first member describes it and whose last one closes it.

manifest.json                Manifest
control/<table>/<n>.jsonl    rows of the control plane, one JSON object a line
plane/…                      the archive of the tenant's plane (shared/contracts/archive.py), member by member
end.json                     End: a digest of all that came before
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from typing import IO, Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from control_plane.plans.schemas import Placement, PlanName
from control_plane.tenants.rules import TenantState
from shared.contracts.limits import Limits
from shared.contracts.tenants import TenantId
from shared.fields import LongText, Timestamp
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
    suspended_reason: LongText | None
    created_at: AwareDatetime


class ArchivedPlan(BaseModel):
    """What must be equal here for the plan to be the same."""

    model_config = ConfigDict(extra="ignore", from_attributes=True)

    name: PlanName
    version: Annotated[int, Field(ge=1, lt=2**31)]
    limits: Limits
    placement: Placement


class Manifest(BaseModel):
    """``tables``: the columns of each."""

    model_config = ConfigDict(extra="ignore")

    format: Literal["opsplane-tenant"]
    exported_at: Timestamp
    tenant: ArchivedTenant
    plan: ArchivedPlan
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
