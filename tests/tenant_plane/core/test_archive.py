"""A tenant leaves one plane as a stream and comes back, here or elsewhere, equal in every row."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from shared.contracts.archive import ArchiveManifest
from shared.migrations import read_migrations
from shared.tar import END, MEMBER_BYTES
from tenant_plane.core import archive as archives
from tenant_plane.core import provision
from tenant_plane.core.archive_tables import in_order, quoted
from tests.support.tenant_plane import Plane, data, opened, refused, until
from tests.tenant_plane.core.archives import (
    NOTHING,
    bring,
    fetch,
    internal,
    lived_in,
    parts,
    pieces,
    tar,
    traces,
    whole,
)


async def test_a_tenant_comes_back_equal_elsewhere(plane: Plane, elsewhere: Plane) -> None:
    tenant = await lived_in(plane)
    before = await whole(plane, tenant.id)
    answer = await bring(elsewhere, tenant.id, pieces(await fetch(plane, tenant.id)))
    assert answer.status_code == 201, answer.text
    assert await whole(elsewhere, tenant.id) == before
    filled = {"alerts", "alert_events", "incidents", "incident_timeline", "dead_letters", "api_keys", "events"}
    assert filled <= {name for name, rows in before["rows"].items() if rows}
    assert before["jobs"] != [] and before["rights"] != []
    async with internal(plane) as here, internal(elsewhere) as there:
        digests = [
            (await client.get(f"/internal/tenants/{tenant.id}/archive/digest")).json() for client in (here, there)
        ]
    assert digests[0] == digests[1] == answer.json()
    assert digests[0]["tables"]["incidents"]["rows"] == len(before["rows"]["incidents"])


async def test_the_restored_tenant_works_and_keeps_its_rules(plane: Plane, elsewhere: Plane) -> None:
    tenant = await lived_in(plane)
    await bring(elsewhere, tenant.id, await fetch(plane, tenant.id))
    async with elsewhere.client(tenant) as client:
        listed = data(await client.get("/api/incidents"))["items"]
        incident = await opened(client)
    assert incident["reference"] > max(item["reference"] for item in listed)
    with pytest.raises(DBAPIError, match="permission denied"):
        async with elsewhere.database.write(elsewhere.actor(tenant)) as tx:
            await tx.session.execute(text("delete from events"))


async def test_a_change_after_the_export_began_is_not_in_it(plane: Plane) -> None:
    """One snapshot for all tables, however long the stream takes."""
    tenant = await lived_in(plane)
    before = await whole(plane, tenant.id)
    content = bytearray()

    async def write(piece: bytes) -> None:
        if not content:
            async with plane.client(tenant) as client:
                await opened(client, title="too late")
        content.extend(piece)

    digest = await archives.Archives(plane.owner_url).write(tenant.id, write)
    assert digest.tables["incidents"].rows == len(before["rows"]["incidents"])
    assert b"too late" not in content


async def test_members_stay_small(plane: Plane, elsewhere: Plane) -> None:
    tenant = await plane.new_tenant()
    await plane.rows(
        tenant,
        "insert into dead_letters (id, source, sender, payload, error, received_at)"
        " select gen_random_uuid(), 'x', 'y', repeat(md5(n::text), 3000), 'e', now() from generate_series(1, 40) n",
    )
    content = await fetch(plane, tenant.id)
    sizes = [len(part) for name, part in await parts(content) if name.startswith("tables/dead_letters/")]
    assert len(sizes) > 3 and max(sizes) == MEMBER_BYTES
    assert (await bring(elsewhere, tenant.id, pieces(content, 70_000))).status_code == 201
    assert await whole(elsewhere, tenant.id) == await whole(plane, tenant.id)


async def test_an_archive_overwrites_nothing(plane: Plane) -> None:
    tenant = await lived_in(plane)
    before = await whole(plane, tenant.id)
    refused(await bring(plane, tenant.id, await fetch(plane, tenant.id)), 409, "CONFLICT")
    assert await whole(plane, tenant.id) == before


async def test_there_is_no_archive_of_nobody(plane: Plane) -> None:
    async with internal(plane) as client:
        for path in ("archive", "archive/digest"):
            refused(await client.get(f"/internal/tenants/never-was/{path}"), 404, "NOT_FOUND")


@pytest.mark.parametrize(("scheme", "who"), [("", ""), ("Bearer", "stranger"), ("Bearer", "admin")])
async def test_only_the_control_plane_may_ask(plane: Plane, scheme: str, who: str) -> None:
    tenant = await plane.new_tenant()
    token = {"admin": plane.issuer.token(tenant.id, "admin")}.get(who, "nonsense")
    async with plane.client(authorization=f"{scheme} {token}") as client, plane.unchanged(tenant):
        asked = (
            ("GET", "archive"),
            ("PUT", "archive"),
            ("GET", "archive/digest"),
            ("GET", "export"),
            ("POST", "export"),
        )
        for method, path in asked:
            answer = await client.request(method, f"/internal/tenants/{tenant.id}/{path}")
            refused(answer, 401, "UNAUTHORIZED")


def without_end(found: list[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
    return found[:-1]


def without_a_table(found: list[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
    return [part for part in found if not part[0].startswith("tables/incident_timeline/")]


def with_a_row_less(found: list[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
    return [
        (name, content.split(b"\n", 1)[1] if name.startswith("tables/dead_letters/") else content)
        for name, content in found
    ]


def with_a_row_that_refers_to_nothing(found: list[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
    return [part for part in found if not part[0].startswith("tables/alerts/")]


def with_rubbish_for_rows(found: list[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
    return [(name, b"\xff\t1\n" if name.startswith("tables/alerts/") else content) for name, content in found]


def of_another_tenant(found: list[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
    return [manifest(found, tenant_id="somebody-else"), *found[1:]]


def of_another_format(found: list[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
    return [manifest(found, format="a-cookbook"), *found[1:]]


def with_a_column_less(found: list[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
    tables = json.loads(found[0][1])["tables"]
    tables[0]["columns"].pop()
    return [manifest(found, tables=tables), *found[1:]]


def with_a_jump_of_a_sequence(found: list[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
    end = json.loads(found[-1][1])
    end["sequences"][0]["name"] = "somebody_elses"
    return [*found[:-1], (found[-1][0], json.dumps(end).encode())]


def manifest(found: list[tuple[str, bytes]], **changes: Any) -> tuple[str, bytes]:
    assert found[0][0] == "manifest.json"
    return "manifest.json", json.dumps({**json.loads(found[0][1]), **changes}).encode()


@pytest.mark.parametrize(
    "spoil",
    [
        without_end,
        without_a_table,
        with_a_row_less,
        with_a_row_that_refers_to_nothing,
        with_rubbish_for_rows,
        of_another_tenant,
        of_another_format,
        with_a_column_less,
        with_a_jump_of_a_sequence,
    ],
)
async def test_a_spoilt_archive_is_refused_and_leaves_nothing(
    plane: Plane, elsewhere: Plane, spoil: Callable[[list[tuple[str, bytes]]], list[tuple[str, bytes]]]
) -> None:
    tenant = await lived_in(plane)
    found = await parts(await fetch(plane, tenant.id))
    refused(await bring(elsewhere, tenant.id, tar(spoil(found))), 422, "ARCHIVE_BROKEN")
    assert await traces(elsewhere, tenant.id) == NOTHING


@pytest.mark.parametrize("content", [b"", b"x" * 5000, b"PK" + bytes(3000), END], ids=["empty", "text", "zip", "bare"])
async def test_another_file_is_refused(elsewhere: Plane, content: bytes) -> None:
    refused(await bring(elsewhere, "initech", content), 422, "ARCHIVE_BROKEN")
    assert await traces(elsewhere, "initech") == NOTHING


@pytest.mark.parametrize("share", [0.05, 0.5, 0.95])
async def test_a_cut_archive_is_refused(plane: Plane, elsewhere: Plane, share: float) -> None:
    tenant = await lived_in(plane)
    content = await fetch(plane, tenant.id)
    answer = await bring(elsewhere, tenant.id, content[: int(len(content) * share)])
    refused(answer, 422, "ARCHIVE_BROKEN")
    assert await traces(elsewhere, tenant.id) == NOTHING


async def test_every_byte_of_a_row_counts(plane: Plane, elsewhere: Plane) -> None:
    tenant = await lived_in(plane)
    content = bytearray(await fetch(plane, tenant.id))
    for needle in (b"payments", b"incident.triggered", b"not json"):
        position = content.rindex(needle)
        changed = bytes(content[:position]) + bytes([content[position] ^ 1]) + bytes(content[position + 1 :])
        refused(await bring(elsewhere, tenant.id, changed), 422, "ARCHIVE_BROKEN")
    assert await traces(elsewhere, tenant.id) == NOTHING


async def test_a_restore_that_is_stopped_leaves_nothing(plane: Plane, elsewhere: Plane) -> None:
    tenant = await lived_in(plane)
    content = await fetch(plane, tenant.id)
    arrived, never = asyncio.Event(), asyncio.Event()

    async def stalls() -> AsyncIterator[bytes]:
        yield content[: len(content) - 3000]
        arrived.set()
        await never.wait()

    restoring = asyncio.create_task(archives.Archives(elsewhere.owner_url).restore(tenant.id, stalls()))
    await arrived.wait()
    restoring.cancel()
    with pytest.raises(asyncio.CancelledError):
        await restoring

    async def gone() -> bool | None:
        return await traces(elsewhere, tenant.id) == NOTHING or None

    await until(gone)
    assert (await bring(elsewhere, tenant.id, content)).status_code == 201


async def test_of_two_restores_at_once_one_wins(plane: Plane, elsewhere: Plane) -> None:
    tenant = await lived_in(plane)
    content = await fetch(plane, tenant.id)
    answers = await asyncio.gather(*(bring(elsewhere, tenant.id, content) for _ in range(3)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409]
    assert await whole(elsewhere, tenant.id) == await whole(plane, tenant.id)


async def test_an_archive_of_a_newer_product_is_refused(plane: Plane, elsewhere: Plane) -> None:
    tenant = await plane.new_tenant()
    found = await parts(await fetch(plane, tenant.id))
    newer = tar([manifest(found, schema_version=9999, wanted={"from": "the future"}), *found[1:]])
    body = refused(await bring(elsewhere, tenant.id, newer), 422, "ARCHIVE_TOO_NEW")
    assert "9999" in body["detail"]
    assert await traces(elsewhere, tenant.id) == NOTHING


async def test_an_archive_of_an_older_product_is_migrated_up(plane: Plane, elsewhere: Plane) -> None:
    """Made by hand as version 1 would have made it: a schema with the first migration only."""
    tenant_id = "from-long-ago"
    schema = provision.schema_of(tenant_id)
    migrations = read_migrations(provision.FOLDER / "tenant")
    connection = await asyncpg.connect(plane.owner_url)
    try:
        async with connection.transaction():
            await provision.create_schema(connection, schema)
            await provision.run_migrations(connection, schema, migrations[:1])
            await connection.execute(
                f"insert into {quoted(schema)}.incidents (id, title, severity, status, source, created_at, updated_at)"
                " values (gen_random_uuid(), 'old', 'high', 'open', 'x', now(), now());"
                "insert into plane.tenants (tenant_id, schema_name, name, plan, state, schema_version)"
                f" values ('{tenant_id}', '{schema}', 'Old', 'pro', 'active', 1)"
            )
    finally:
        await connection.close()
    content = await fetch(plane, tenant_id)
    await provision.migrate_tenants(plane.owner_url)
    assert ArchiveManifest.model_validate_json((await parts(content))[0][1]).schema_version == 1
    assert (await bring(elsewhere, tenant_id, content)).status_code == 201
    restored, migrated = await whole(elsewhere, tenant_id), await whole(plane, tenant_id)
    assert restored == migrated
    assert (restored["known"][-1], len(restored["rows"]["incidents"])) == (len(migrations), 1)


@pytest.mark.parametrize(
    ("needs", "order"),
    [
        ({}, []),
        ({"b": set(), "a": set()}, ["a", "b"]),
        ({"a": {"z"}, "z": set()}, ["z", "a"]),
        (
            {"links": {"alerts", "incidents"}, "incidents": set(), "alerts": {"incidents"}},
            ["incidents", "alerts", "links"],
        ),
    ],
)
def test_what_is_referred_to_comes_first(needs: Mapping[str, set[str]], order: list[str]) -> None:
    assert in_order(needs) == order


def test_a_circle_of_references_is_a_mistake_of_ours() -> None:
    with pytest.raises(ValueError, match="circle"):
        in_order({"a": {"b"}, "b": {"a"}})
