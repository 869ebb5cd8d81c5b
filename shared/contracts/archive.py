"""A tenant as one archive: a tar stream that a plane without this tenant restores to an equal state.

``GET /internal/tenants/{tenant_id}/archive`` streams it from one snapshot; ``PUT`` of the same path restores it in one
transaction and answers an ArchiveDigest; ``GET …/archive/digest`` answers the same for the tenant as it stands, so that
a copy can be compared with its source. ``GET …/export`` is the archive that leaves the provider: without KEPT_ANSWERS.
Before it, ``POST …/export`` tells the plane who takes it and why (ExportNote), for the tenant's own audit log.

    manifest.json                     ArchiveManifest
    tables/<table>/<number>.copy      COPY text of its rows in the order of the primary key, cut into members
    jobs/<number>.copy                reactions that still wait in the queue
    end.json                          ArchiveEnd: digests, row counts, sequences; an archive without it is incomplete
"""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from shared.contracts.tenants import TenantId, TenantWanted

FORMAT = "opsplane-tenant-schema"
KEPT_ANSWERS = "idempotency_keys"
"""A table whose rows move with the tenant and are never exported: the plain text of a new key may be in an answer."""


class ExportNote(BaseModel):
    """``by``: an e-mail address of the provider's."""

    model_config = ConfigDict(extra="forbid")

    operation_id: UUID
    by: str
    reason: str


class ArchiveHead(BaseModel):
    """What must be understood before anything else is."""

    model_config = ConfigDict(extra="ignore")

    format: str
    schema_version: int


class ArchivedTable(BaseModel):
    name: str
    columns: list[str]


class ArchiveManifest(ArchiveHead):
    """``held_since``: payloads of the tenant wait since then."""

    tenant_id: TenantId
    wanted: TenantWanted
    held_since: datetime | None = None
    tables: list[ArchivedTable]


class TableDigest(BaseModel):
    """``sha256`` is of the whole COPY text, so it is the same for equal rows wherever they are stored."""

    rows: int
    sha256: str


class ArchiveDigest(BaseModel):
    tenant_id: str
    schema_version: int
    tables: dict[str, TableDigest]


class SequenceValue(BaseModel):
    """A sequence behind an identity column."""

    name: str
    last_value: int
    is_called: bool


class ArchiveEnd(BaseModel):
    digest: ArchiveDigest
    jobs: TableDigest
    sequences: list[SequenceValue]
