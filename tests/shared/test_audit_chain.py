"""The hash chain as a pure thing: what is changed, taken out or put in between does not fit any more."""

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from shared.audit.chain import (
    GENESIS,
    ChainBroken,
    Check,
    NotAnExport,
    check_export,
    hash_of,
    head_of,
    last_line_of,
    line_of,
)

AT = datetime(2026, 4, 1, 18, 0, 0, 123456, UTC)
DETAILS = '{"ä": "line\\nbreak \\u0001 \\"x\\"", "n": 1.50, "big": 10000000000000000000000, "of": [true, null, -2, {}]}'
ODD = {"action": 'quote " and \\', "actor_name": "Ána ☂", "impersonated_by": "root", "address": None}


def rows(count: int) -> list[dict[str, Any]]:
    chain: list[dict[str, Any]] = []
    for seq in range(1, count + 1):
        row: dict[str, Any] = {
            "seq": seq,
            "at": AT + timedelta(seconds=seq),
            "actor_id": f"user-{seq}",
            "actor_kind": "user",
            "target": "incident:INC-00000001",
            "result": "done",
            "trace_id": "-",
            "tenant_id": None,
            "details": DETAILS,
            "previous_hash": chain[-1]["hash"] if chain else GENESIS,
            **ODD,
        }
        chain.append({**row, "hash": hash_of(row["previous_hash"], row)})
    return chain


def walked(chain: list[dict[str, Any]]) -> Check:
    check = Check()
    for row in chain:
        check.take(row)
    check.require_all()
    return check


def exported(chain: list[dict[str, Any]]) -> list[str]:
    check = Check()
    for row in chain:
        check.take(row)
    return [*(line_of(row) for row in chain), last_line_of(check)]


def test_the_hash_is_the_written_down_one() -> None:
    """Independent of our code: what anybody would compute from the description."""
    (row,) = rows(1)
    told = [1, 1775066401123456, "user-1", "user", "Ána ☂", "root", 'quote " and \\', "incident:INC-00000001", "done"]
    text = json.dumps([*told, None, "-", None, DETAILS], ensure_ascii=False, separators=(",", ":"))
    assert row["hash"] == hashlib.sha256(bytes(32) + text.encode()).digest()


def test_a_good_chain_and_its_export() -> None:
    chain = rows(5)
    check = walked(chain)
    assert (check.count, check.head.seq, check.head.hash) == (5, 5, chain[-1]["hash"])
    assert check_export(exported(chain)) == check
    assert check_export(exported([])).count == 0
    assert head_of(exported(chain)[-1]) == check.head


def test_a_zone_changes_no_hash() -> None:
    (row,) = rows(1)
    elsewhere = {**row, "at": row["at"].astimezone(timezone(timedelta(hours=5, minutes=45)))}
    assert hash_of(GENESIS, elsewhere) == row["hash"]


@pytest.mark.parametrize("name", [name for name in rows(1)[0] if name != "seq"])
def test_every_changed_column_is_found(name: str) -> None:
    chain = rows(3)
    changes: dict[str, Any] = {"at": AT, "details": "{}", "previous_hash": bytes(31) + b"1", "hash": bytes(32)}
    chain[1][name] = changes.get(name, "another")
    with pytest.raises(ChainBroken) as broken:
        walked(chain)
    assert broken.value.seq == 2


@pytest.mark.parametrize(
    ("spoil", "seq"),
    [
        (lambda chain: chain.pop(1), 2),
        (lambda chain: chain.pop(0), 1),
        (lambda chain: chain.insert(2, chain[1]), 2),
        (lambda chain: chain.reverse(), 4),
        (lambda chain: chain.insert(2, {**rows(9)[2], "actor_id": "somebody"}), 3),
    ],
)
def test_rows_out_of_place_are_found(spoil: Callable[[list[dict[str, Any]]], Any], seq: int) -> None:
    chain = rows(5)
    spoil(chain)
    with pytest.raises(ChainBroken) as broken:
        walked(chain)
    assert broken.value.seq == seq


def test_a_rewritten_row_is_found_at_the_next_one() -> None:
    chain = rows(3)
    chain[1]["actor_name"] = "somebody else"
    chain[1]["hash"] = hash_of(chain[1]["previous_hash"], chain[1])
    with pytest.raises(ChainBroken) as broken:
        walked(chain)
    assert broken.value.seq == 3


def test_a_filtered_export_is_checked_row_by_row() -> None:
    some = [row for row in rows(6) if row["seq"] in (2, 3, 6)]
    lines = exported(some)
    assert (check_export(lines).count, json.loads(lines[-1])["complete"]) == (3, False)
    with pytest.raises(ChainBroken):
        check_export([lines[0].replace("user-2", "user-9"), *lines[1:]])


@pytest.mark.parametrize(
    "spoil",
    [
        lambda lines: lines.pop(),
        lambda lines: lines.pop(2),
        lambda lines: lines.append(lines[0]),
        lambda lines: lines.insert(1, "not json\n"),
        lambda lines: lines.insert(1, "[]\n"),
        lambda lines: lines.insert(1, '{"seq": 2}\n'),
        lambda lines: lines.__setitem__(-1, lines[-1].replace('"count": 3', '"count": 4')),
    ],
)
def test_a_spoilt_file_is_no_export(spoil: Callable[[list[str]], Any]) -> None:
    lines = exported(rows(3))
    spoil(lines)
    with pytest.raises(NotAnExport):
        check_export(lines)


def test_a_changed_number_in_details_is_found() -> None:
    lines = exported(rows(3))
    with pytest.raises(ChainBroken):
        check_export([lines[0].replace("1.50", "1.5"), *lines[1:]])
