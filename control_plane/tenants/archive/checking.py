"""The file before anything is made of it: it must be whole and unchanged, and hold nothing but what an export holds.

Members are never written to a disk under their names, and each is at most ``MEMBER_BYTES`` long, whatever its header
says (``shared/tar.py``).
"""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import IO, TypeVar

from pydantic import BaseModel, ValidationError

from control_plane.tenants.archive.description import CLOSING, CONTROL, MANIFEST, PLANE, Digest, End, Manifest, pieces
from control_plane.tenants.schemas import TenantCreate
from shared.contracts.archive import KEPT_ANSWERS, ArchiveEnd, ArchiveManifest
from shared.contracts.tenants import Standing
from shared.tar import END, MEMBER_BYTES, BrokenArchive, member, members

LONGEST_ROW = 4 * MEMBER_BYTES
MEMBER_NAME = re.compile(
    r"manifest\.json|control/[a-z_]+/\d{8}\.jsonl|plane/(manifest|end)\.json|plane/(tables/\w+|jobs)/\d{8}\.copy",
    re.ASCII,
)
FOREIGN = "This is not an archive of a tenant, or it is damaged."
HALF_A_ROW = "The archive has half a row."
M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Checked:
    """``command``: what is asked for with it, apart from the plan."""

    file: IO[bytes]
    manifest: Manifest
    command: TenantCreate
    plane_end: ArchiveEnd

    @property
    def tenant_id(self) -> str:
        return self.manifest.tenant.tenant_id


async def check(file: IO[bytes]) -> Checked:
    """Raises BrokenArchive."""
    digest, manifest, plane_end, end = Digest(), None, None, None
    file.seek(0)
    async for name, content in members(pieces(file)):
        if name == CLOSING:
            end = _parsed(End, content)
            break
        _check_name(name)
        digest.take(name, content)
        if manifest is None:
            manifest = _parsed(Manifest, content) if name == MANIFEST else None
            if manifest is None:
                raise BrokenArchive("This is not an archive of a tenant.")
        elif name == PLANE + CLOSING:
            plane_end = _parsed(ArchiveEnd, content)
    if manifest is None or plane_end is None or end != digest.end():
        raise BrokenArchive("The archive is not whole, or was changed after it was made.")
    return Checked(file, manifest, _command(manifest), plane_end)


async def plane_part(file: IO[bytes]) -> AsyncIterator[bytes]:
    """The plane's archive, as of a tenant that is frozen: the plane obeys whatever it is told next."""
    file.seek(0)
    async for name, content in members(pieces(file)):
        if name == PLANE + MANIFEST:
            manifest = _parsed(ArchiveManifest, content)
            wanted = manifest.wanted.model_copy(update={"state": Standing.FROZEN, "generation": 0})
            content = manifest.model_copy(update={"wanted": wanted}).model_dump_json(exclude_unset=True).encode()
        if name.startswith(PLANE):
            yield member(name.removeprefix(PLANE), content)
    yield END


async def control_part(file: IO[bytes]) -> AsyncIterator[tuple[str, list[bytes]]]:
    """Tables and some of their lines."""
    table, rest = "", b""
    file.seek(0)
    async for name, content in members(pieces(file)):
        if name.startswith(CONTROL):
            before, table = table, name.removeprefix(CONTROL).partition("/")[0]
            if rest and table != before:
                raise BrokenArchive(HALF_A_ROW)
            *lines, rest = (rest + content).split(b"\n")
            if len(rest) > LONGEST_ROW:
                raise BrokenArchive(f"The archive has a row of {table} that is longer than any of ours.")
            yield table, lines
    if rest:
        raise BrokenArchive(HALF_A_ROW)


def _check_name(name: str) -> None:
    if MEMBER_NAME.fullmatch(name) is None:
        raise BrokenArchive(f"No archive of a tenant holds a {name[:100]!r}.")
    if name.startswith(f"{PLANE}tables/{KEPT_ANSWERS}/"):
        raise BrokenArchive("The archive holds answers that were kept for repeated requests; no export has them.")


def _command(manifest: Manifest) -> TenantCreate:
    tenant = manifest.tenant
    try:
        return TenantCreate(
            tenant_id=tenant.tenant_id,
            name=tenant.name,
            plan=manifest.plan.name,
            contact_email=tenant.contact_email,
        )
    except ValidationError:
        raise BrokenArchive(FOREIGN) from None


def _parsed(model: type[M], content: bytes) -> M:
    try:
        return model.model_validate_json(content)
    except ValidationError:
        raise BrokenArchive(FOREIGN) from None
