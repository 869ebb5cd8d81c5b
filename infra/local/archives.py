"""A tenant into a file and out of one, at the terminal."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from control_plane.core.system import SYSTEM
from control_plane.tenants.archive.export import Exporter
from control_plane.tenants.archive.importing import Importer
from control_plane.tenants.schemas import ImportQuery, TenantImportRead
from infra.local.installation import Installation
from infra.local.options import Unusable
from shared.tar import MEMBER_BYTES


async def export_tenant(installation: Installation, tenant_id: str, file: Path, reason: str, console: Console) -> int:
    """Its size in bytes. The file must be new, and is gone again when it can't be completed."""
    exporter: Exporter = installation.control.state.exporter
    size = 0
    with _opened(file, "xb") as target, _progress(console) as progress:
        task = progress.add_task(f"Exporting {tenant_id}", total=None)

        async def write(data: bytes) -> None:
            nonlocal size
            size += len(data)
            await asyncio.to_thread(target.write, data)
            progress.advance(task, len(data))

        try:
            await exporter.write(SYSTEM, await exporter.start(SYSTEM, tenant_id, reason), write)
        except BaseException:
            file.unlink()  # noqa: ASYNC240
            raise
    return size


async def import_tenant(
    installation: Installation, file: Path, wishes: ImportQuery, console: Console
) -> TenantImportRead:
    importer: Importer = installation.control.state.importer
    with _opened(file, "rb") as source, _progress(console) as progress:
        task = progress.add_task(f"Importing {file.name}", total=os.fstat(source.fileno()).st_size)

        async def pieces() -> AsyncIterator[bytes]:
            while piece := await asyncio.to_thread(source.read, MEMBER_BYTES):
                yield piece
                progress.advance(task, len(piece))
            progress.update(task, description="Checking and restoring")

        return await importer.run(SYSTEM, pieces(), wishes)


@contextmanager
def _opened(file: Path, mode: str) -> Iterator[IO[bytes]]:
    try:
        opened = file.open(mode)
    except OSError as error:
        raise Unusable(f"{file} can't be opened: {error.strerror}.") from None
    with opened:
        yield opened


def _progress(console: Console) -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    )
