"""Tar archives as streams: written and read a member at a time, never whole in memory.

``tarfile`` makes and checks the headers; its own stream mode blocks and wants a file. Members are plain files, at most
``MEMBER_BYTES`` long, so that whoever reads one may hold it; longer content goes on in the next member. Any tar tool
opens the result.
"""

import tarfile
from collections.abc import AsyncIterable, AsyncIterator

from shared.errors import Invalid

BLOCK = tarfile.BLOCKSIZE
MEMBER_BYTES = 1024 * 1024
END = bytes(2 * BLOCK)


class BrokenArchive(Invalid):
    """Not an archive of ours, cut off, or changed after it was made. Nothing of it is kept."""

    code = "ARCHIVE_BROKEN"


def member(name: str, content: bytes) -> bytes:
    info = tarfile.TarInfo(name)
    info.size, info.mode = len(content), 0o600
    return info.tobuf(tarfile.USTAR_FORMAT) + content + bytes(-len(content) % BLOCK)


async def members(stream: AsyncIterable[bytes]) -> AsyncIterator[tuple[str, bytes]]:
    """Names and contents, in order. Raises BrokenArchive, also when the stream ends before the archive does."""
    source, held = aiter(stream), bytearray()

    async def take(size: int) -> bytes:
        while len(held) < size:
            try:
                held.extend(await anext(source))
            except StopAsyncIteration:
                raise BrokenArchive("The archive ends too early.") from None
        taken = bytes(held[:size])
        del held[:size]
        return taken

    while (header := await take(BLOCK)) != bytes(BLOCK):
        try:
            info = tarfile.TarInfo.frombuf(header, "utf-8", "strict")
        except (tarfile.TarError, UnicodeDecodeError):
            raise BrokenArchive("This is not a tar archive, or it is damaged.") from None
        if not info.isreg() or not 0 <= info.size <= MEMBER_BYTES:
            raise BrokenArchive("This is not an archive that Opsplane has made.")
        content = await take(info.size + -info.size % BLOCK)
        yield info.name, content[: info.size]
