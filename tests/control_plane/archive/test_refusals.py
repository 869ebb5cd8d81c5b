"""A file that is not whole, was forged, or comes at a bad moment: all of it or nothing."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from control_plane.tenants.archive.spool import Spool
from control_plane.tenants.errors import PlaneFailed
from shared.tar import END, member
from tests.control_plane.archive.support import (
    Parts,
    closed,
    exported,
    fetch,
    imported,
    leaving_rows,
    parts_of,
    plane_rows,
    refused,
    sql,
    traces,
)
from tests.support.origin import InProcess
from tests.support.tenant_plane import until


def cut(content: bytes) -> bytes:
    return content[: len(content) // 2]


def flipped(content: bytes) -> bytes:
    position = content.index(b"ana@acme.example")
    return content[:position] + b"A" + content[position + 1 :]


def flipped_in_the_plane_s_part(content: bytes) -> bytes:
    position = content.rindex(b"incident.")
    return content[:position] + b"I" + content[position + 1 :]


def another_file(_: bytes) -> bytes:
    return b"PK\x03\x04" + bytes(5000)


def another_archive(_: bytes) -> bytes:
    return member("recipes.txt", b"pancakes") + END


def nothing(_: bytes) -> bytes:
    return b""


@pytest.mark.parametrize("spoil", [cut, flipped, flipped_in_the_plane_s_part, another_file, another_archive, nothing])
async def test_a_spoilt_file_leaves_nothing(
    source: InProcess, destination: InProcess, spoil: Callable[[bytes], bytes]
) -> None:
    assert await refused(destination, spoil(await exported(source))) == (422, "ARCHIVE_BROKEN")
    assert await traces(destination) == []


def without_alerts(parts: Parts) -> Parts:
    return [part for part in parts if not part[0].startswith("plane/tables/alerts/")]


def with_somebody_elses_row(parts: Parts) -> Parts:
    return [
        (name, content.replace(b'"tenant_id": "acme"', b'"tenant_id": "glob"') if "memberships" in name else content)
        for name, content in parts
    ]


def with_a_row_that_does_not_fit(parts: Parts) -> Parts:
    return [
        (name, content.replace(b'"role": "viewer"', b'"role": "cooks"') if "memberships" in name else content)
        for name, content in parts
    ]


def with_a_strange_table(parts: Parts) -> Parts:
    return [parts[0], ("control/signing_keys/00000001.jsonl", b"{}\n"), *parts[1:]]


def of_a_newer_version(parts: Parts) -> Parts:
    return [("manifest.json", parts[0][1].replace(b'"email",', b'"email", "horoscope",')), *parts[1:]]


@pytest.mark.parametrize(
    ("forge", "status"),
    [
        (without_alerts, 422),
        (with_somebody_elses_row, 422),
        (with_a_row_that_does_not_fit, 409),
        (with_a_strange_table, 422),
        (of_a_newer_version, 422),
    ],
)
async def test_a_forged_file_leaves_nothing(
    source: InProcess, destination: InProcess, forge: Callable[[Parts], Parts], status: int
) -> None:
    """Its end fits, so only what is inside can give it away: in the plane, or after the plane has restored its part."""
    parts = (await parts_of(await exported(source)))[:-1]
    forged = forge(list(parts))
    assert forged != parts
    assert (await refused(destination, closed(forged)))[0] == status
    assert await traces(destination) == []


async def test_a_file_that_is_too_large_is_refused_while_it_comes(source: InProcess, destination: InProcess) -> None:
    state = destination.installation.control.state
    spool = Spool(10_000)
    state.importer = replace(state.importer, spool=spool)
    assert await refused(destination, await exported(source)) == (413, "PAYLOAD_TOO_LARGE")
    assert await traces(destination) == []
    assert spool.used_bytes == 0


async def test_archives_that_have_no_room_together_come_one_by_one(
    source: InProcess, destination: InProcess, tmp_path: Path
) -> None:
    content = await exported(source)
    state = destination.installation.control.state
    spool = Spool(len(content) + 10_000, tmp_path)
    state.importer = replace(state.importer, spool=spool)
    with spool.file() as other:
        await other.write(bytes(20_000))
        assert await refused(destination, content) == (503, "UNAVAILABLE")
        assert await traces(destination) == []
    assert (await imported(destination, content)).tenant_id == "acme"
    assert spool.used_bytes == 0


async def test_an_import_that_is_stopped_leaves_nothing(source: InProcess, destination: InProcess) -> None:
    content = await exported(source)
    state = destination.installation.control.state
    reached, never = asyncio.Event(), asyncio.Event()

    class Stalling:
        """The plane restores, and then its answer never comes."""

        def __getattr__(self, name: str) -> Any:
            return getattr(plane, name)

        async def restore(self, *arguments: Any) -> None:
            await plane.restore(*arguments)
            reached.set()
            await never.wait()

    importer, plane = state.importer, state.importer.plane
    state.importer = replace(importer, plane=Stalling())
    importing = asyncio.create_task(imported(destination, content))
    await reached.wait()
    importing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await importing

    async def gone() -> bool | None:
        return await traces(destination) == [] or None

    await until(gone, seconds=15)
    state.importer = importer
    assert (await imported(destination, content)).state == "active"


async def killed_after(destination: InProcess, content: bytes, name: str) -> None:
    """As a process that dies there: nothing is taken back, and its hold ends by time."""
    state = destination.installation.control.state
    importer = state.importer

    class Dying:
        def __getattr__(self, wanted: str) -> Any:
            return getattr(importer.plane, wanted)

        async def restore(self, *arguments: Any) -> Any:
            if name == "restored":
                await importer.plane.restore(*arguments)
            raise PlaneFailed("killed")

    state.importer = replace(importer, plane=Dying())
    assert (await refused(destination, content))[0] == 503
    state.importer = importer
    await sql(destination, "update control.operations set lease_until = now() - interval '1 s' where kind = 'import'")


@pytest.mark.parametrize("name", ["recorded", "restored"])
async def test_an_import_that_was_killed_is_finished_by_the_same_request(
    source: InProcess, destination: InProcess, name: str
) -> None:
    content = await exported(source)
    await killed_after(destination, content, name)
    await destination.installation.control.state.tenants.reconcile_tenants()
    assert await fetch(destination, "select state from control.tenants where tenant_id = 'acme'") == [("requested",)]
    await imported(destination, content)
    assert await plane_rows(destination) == await leaving_rows(source)


async def test_while_an_import_is_under_way_senders_wait(source: InProcess, destination: InProcess) -> None:
    """What a plane that is restored but not yet ours accepted would not be in the archive that is compared."""
    await killed_after(destination, await exported(source), "restored")
    assert await fetch(destination, "select state from plane.tenants where tenant_id = 'acme'") == [("frozen",)]
