"""What no export holds, in a file whose end fits: refused, whatever it is, and nothing stays."""

import json
import tarfile
from collections.abc import Callable
from typing import Any

import pytest

from control_plane.tenants.archive.checking import LONGEST_ROW
from shared.contracts.archive import KEPT_ANSWERS
from shared.tar import BLOCK, END, MEMBER_BYTES, member
from tests.control_plane.archive.support import Parts, body_of, closed, described, edited, fetch, refused, traces
from tests.support.origin import InProcess


async def test_kept_answers_are_not_in_an_export_and_not_in_an_import(
    source: InProcess, destination: InProcess
) -> None:
    """In the first answer to a new API key is the key."""
    assert await fetch(source, f"select count(*) from t_acme.{KEPT_ANSWERS}") == [(1,)]
    parts = await body_of(source)
    assert [name for name, _ in parts if KEPT_ANSWERS in name] == []
    forged = [*parts[:-1], (f"plane/tables/{KEPT_ANSWERS}/00000001.copy", b"x\tx\tx\t200\t\\\\x00\tnow\n"), parts[-1]]
    assert await refused(destination, closed(forged)) == (422, "ARCHIVE_BROKEN")
    assert await traces(destination) == []


def twice(parts: Parts) -> Parts:
    return [part for name, content in parts for part in ((name, content * (1 + ("users" in name))),)]


def out_of_order(parts: Parts) -> Parts:
    users = [part for part in parts if part[0].startswith("control/users/")]
    return [*(part for part in parts if part not in users), *users]


def of_an_unnamed_table(parts: Parts) -> Parts:
    return described(parts, lambda manifest: manifest["tables"].pop("scim_tokens"))


def with_a_reserved_id(parts: Parts) -> Parts:
    return described(parts, lambda manifest: manifest["tenant"].update(tenant_id="usage"))


def with_rows(table: str, **changes: Any) -> Callable[[Parts], Parts]:
    return lambda parts: edited(parts, table, lambda row: row.update(changes))


def without(table: str, column: str) -> Callable[[Parts], Parts]:
    """Neither the rows nor the manifest have it, as if it were a column that an older version did not know."""

    def forge(parts: Parts) -> Parts:
        parts = described(parts, lambda manifest: manifest["tables"][table].remove(column))
        return edited(parts, table, lambda row: row.pop(column))

    return forge


def with_a_line(line: bytes) -> Callable[[Parts], Parts]:
    return lambda parts: [parts[0], ("control/users/00000001.jsonl", line + b"\n"), *parts[2:]]


def with_a_member(name: str) -> Callable[[Parts], Parts]:
    return lambda parts: [*parts, (name, b"{}")]


def with_a_row_without_end(parts: Parts) -> Parts:
    pieces = [(f"control/users/{n:08}.jsonl", b" " * MEMBER_BYTES) for n in range(1, LONGEST_ROW // MEMBER_BYTES + 2)]
    return [parts[0], *pieces, *parts[2:]]


@pytest.mark.parametrize(
    ("forge", "status"),
    [
        (twice, 422),
        (out_of_order, 422),
        (of_an_unnamed_table, 422),
        (with_a_reserved_id, 422),
        (with_a_row_without_end, 422),
        (with_rows("users", id=7), 422),
        (with_rows("users", id="7; drop table users"), 422),
        (with_rows("users", email=["a@acme.example"]), 422),
        (with_rows("users", email="Ana@Acme.example"), 422),
        (with_rows("users", horoscope="Leo"), 422),
        (with_rows("users", name="\x00"), 409),
        (with_rows("users", created_at="yesterday or so"), 409),
        (with_rows("users", email="same@acme.example"), 409),
        (with_rows("memberships", user_id=["x"]), 422),
        (with_rows("second_factors", sealed_secret="not hexadecimal"), 422),
        (with_rows("sso_connections", break_glass_user_ids=[[]]), 422),
        (with_rows("sso_connections", confirmed_domains=7), 422),
        (with_rows("limit_overrides", value="very much"), 422),
        (with_rows("usage_days", amount=-1), 409),
        (without("users", "id"), 422),
        (without("users", "email"), 422),
        (without("memberships", "user_id"), 422),
        (without("memberships", "tenant_id"), 409),
        (without("second_factors", "sealed_secret"), 422),
        (without("sso_connections", "id"), 409),
        (without("sso_connections", "break_glass_user_ids"), 422),
        (without("limit_overrides", "limit_name"), 422),
        (with_rows("invitations", tenant_id="globex"), 422),
        (with_a_line(b"[" * 100_000), 422),
        (with_a_line(b'{"id": ' + b"9" * 5000 + b"}"), 422),
        (with_a_line(b"\xff\xfe"), 422),
        (with_a_member("control/signing_keys/00000001.jsonl"), 422),
        (with_a_member("control/users; drop table users/00000001.jsonl"), 422),
        (with_a_member("../../etc/cron.d/evil"), 422),
        (with_a_member("/etc/passwd"), 422),
        (with_a_member("control/../../users/00000001.jsonl"), 422),
        (with_a_member("plane/tables/../../x/00000001.copy"), 422),
        (with_a_member("plane/tables/audit_log/extra"), 422),
    ],
    ids=str,
)
async def test_what_no_export_holds_is_refused_and_leaves_nothing(
    source: InProcess, destination: InProcess, forge: Callable[[Parts], Parts], status: int
) -> None:
    parts = await body_of(source)
    assert parts[1][0] == "control/users/00000001.jsonl"
    forged = forge(list(parts))
    assert forged != parts
    people = await fetch(destination, "select id, email from control.users order by 1")
    assert (await refused(destination, closed(forged)))[0] == status
    assert await traces(destination) == []
    assert await fetch(destination, "select id, email from control.users order by 1") == people


def header(size: int, kind: bytes = tarfile.REGTYPE, target: str = "") -> bytes:
    info = tarfile.TarInfo("control/users/00000001.jsonl")
    info.size, info.type, info.linkname = size, kind, target
    return info.tobuf(tarfile.GNU_FORMAT)


@pytest.mark.parametrize(
    "bad",
    [
        header(MEMBER_BYTES + 1) + bytes(BLOCK),
        header(2**60) + bytes(BLOCK),
        header(-1) + bytes(BLOCK),
        header(0, tarfile.SYMTYPE, "/etc/passwd"),
        header(0, tarfile.LNKTYPE, "../manifest.json"),
        header(0, tarfile.DIRTYPE),
        header(0, tarfile.FIFOTYPE),
    ],
    ids=["large", "huge", "negative", "symlink", "hardlink", "folder", "pipe"],
)
async def test_a_member_that_is_no_small_file_is_refused(source: InProcess, destination: InProcess, bad: bytes) -> None:
    first = (await body_of(source))[0]
    assert await refused(destination, member(*first) + bad + END) == (422, "ARCHIVE_BROKEN")
    assert await traces(destination) == []


@pytest.mark.parametrize("which", ["plane", "control"])
async def test_a_wrong_digest_in_either_part_is_refused(source: InProcess, destination: InProcess, which: str) -> None:
    """The plane's part has an end of its own."""
    parts = await parts_with_wrong(which, await body_of(source))
    assert await refused(destination, parts) == (422, "ARCHIVE_BROKEN")
    assert await traces(destination) == []


async def parts_with_wrong(which: str, parts: Parts) -> bytes:
    end = json.loads(parts[-1][1])
    assert parts[-1][0] == "plane/end.json"
    end["digest"]["tables"]["incidents"]["sha256"] = "0" * 64
    wrong_plane = closed([*parts[:-1], (parts[-1][0], json.dumps(end).encode())])
    wrong_end = b"".join(member(*part) for part in parts) + member("end.json", b'{"sha256": "00"}') + END
    return {"plane": wrong_plane, "control": wrong_end}[which]
