"""Where archives lie while they are checked or sent: files in one folder, and never more than there is room for."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from control_plane.tenants.errors import ArchivesInTheWay, ArchiveTooLarge


@dataclass
class Spool:
    """``most_bytes``: of all files of this process at once, and so of one archive, too."""

    most_bytes: int
    folder: Path | None = None
    used_bytes: int = field(default=0, init=False)

    @contextmanager
    def file(self) -> Iterator["SpooledFile"]:
        with TemporaryFile(dir=self.folder) as raw:
            file = SpooledFile(self, raw)
            try:
                yield file
            finally:
                self.used_bytes -= file.size


@dataclass
class SpooledFile:
    spool: Spool
    raw: IO[bytes]
    size: int = 0

    async def write(self, content: bytes) -> None:
        """Raises ArchiveTooLarge, and ArchivesInTheWay when it would fit alone."""
        if self.size + len(content) > self.spool.most_bytes:
            raise ArchiveTooLarge(self.spool.most_bytes)
        if self.spool.used_bytes + len(content) > self.spool.most_bytes:
            raise ArchivesInTheWay()
        self.size += len(content)
        self.spool.used_bytes += len(content)
        await asyncio.to_thread(self.raw.write, content)
