"""The hash chain: what a row's hash covers, how an exported line looks, and how both are checked. Pure.

A row's hash is SHA-256 over the hash before it and the row as one JSON array, so that a row which is changed, taken out
or put in between does not fit any more. What a chain alone can't show is that its newest rows are gone: for that, keep
the head (its number and hash) somewhere else, for example the last line of an export.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

GENESIS = bytes(32)
FIELDS = (
    "seq",
    "at",
    "actor_id",
    "actor_kind",
    "actor_name",
    "impersonated_by",
    "action",
    "target",
    "result",
    "address",
    "trace_id",
    "tenant_id",
    "details",
)
"""What the hash covers, in this order; a tenant's own log has no ``tenant_id``, which counts as null."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Row = Mapping[str, Any]
"""FIELDS with ``at`` as an aware datetime and ``details`` as the text of the jsonb, ``previous_hash`` and ``hash``."""


class ChainBroken(Exception):
    def __init__(self, seq: int, reason: str) -> None:
        super().__init__(f"entry {seq} {reason}")
        self.seq = seq


class NotAnExport(Exception):
    """One sentence that says why a file can't be an export of an audit log, or not a whole one."""


@dataclass(frozen=True, slots=True)
class Head:
    """The newest entry; nothing but GENESIS in an empty log."""

    seq: int = 0
    hash: bytes = GENESIS


def hash_of(previous: bytes, row: Row) -> bytes:
    """``at`` counts as microseconds since 1970, so that no time zone and no format changes it."""
    values = [row.get(name) for name in FIELDS]
    values[1] = (row["at"] - EPOCH) // timedelta(microseconds=1)
    return hashlib.sha256(previous + json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode()).digest()


@dataclass(slots=True)
class Check:
    """Walks along a chain in the order of ``seq``. ``first_missing`` is set by rows that were left out."""

    count: int = 0
    head: Head = Head()
    first_missing: int | None = None

    def take(self, row: Row) -> None:
        """Raises ChainBroken."""
        seq: int = row["seq"]
        if seq <= self.head.seq:
            raise ChainBroken(seq, "stands there twice or in the wrong place")
        if seq > self.head.seq + 1:
            self.first_missing = self.first_missing or self.head.seq + 1
        elif row["previous_hash"] != self.head.hash:
            raise ChainBroken(seq, "does not follow the entry before it")
        if hash_of(row["previous_hash"], row) != row["hash"]:
            raise ChainBroken(seq, "was changed")
        self.head = Head(seq, row["hash"])
        self.count += 1

    def require_all(self) -> None:
        """Raises ChainBroken when rows were left out."""
        if self.first_missing is not None:
            raise ChainBroken(self.first_missing, "is missing")


def line_of(row: Row) -> str:
    """One entry of an export. ``details`` stand in it letter for letter, as the hash covers them."""
    told = {name: row.get(name) for name in FIELDS[:-1]}
    told["at"] = row["at"].astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    told |= {"previous_hash": row["previous_hash"].hex(), "hash": row["hash"].hex()}
    return f'{json.dumps(told, ensure_ascii=False)[:-1]}, "details": {row["details"]}}}\n'


def last_line_of(check: Check) -> str:
    """``complete``: every entry from the first to the head is in the file."""
    head = {"seq": check.head.seq, "hash": check.head.hash.hex()}
    return json.dumps({"count": check.count, "head": head, "complete": check.first_missing is None}) + "\n"


def check_export(lines: Iterable[str]) -> Check:
    """Check an exported file line by line; raises ChainBroken or NotAnExport.

    A filtered export has gaps: each of its rows is checked alone, and with the one before it where that is there.
    """
    check, last = Check(), None
    for number, line in enumerate(lines, start=1):
        if last is not None:
            raise NotAnExport(f"Line {number} stands behind the last line of the export.")
        told = _parsed(number, line)
        if "count" in told:
            last = json.loads(line)
        else:
            check.take(_row(number, told))
    if last is None:
        raise NotAnExport("The last line is missing, so the export is not whole.")
    if last != json.loads(last_line_of(check)):
        raise NotAnExport("The last line does not fit: entries were added or taken out.")
    return check


def head_of(last_line: str) -> Head:
    """The head that an export tells in its last line; raises NotAnExport."""
    told = _parsed(0, last_line)
    try:
        return Head(int(told["head"]["seq"]), bytes.fromhex(told["head"]["hash"]))
    except (KeyError, TypeError, ValueError):
        raise NotAnExport("The last line is missing, so the export is not whole.") from None


class _Number(str):
    """A number as it is written: 1.50 must not become 1.5."""


def _parsed(number: int, line: str) -> dict[str, Any]:
    try:
        told = json.loads(line, parse_float=_Number, parse_int=_Number)
    except ValueError:
        told = None
    if not isinstance(told, dict):
        raise NotAnExport(f"Line {number} is not JSON." if number else "The last line is not JSON.")
    return told


def _row(number: int, told: dict[str, Any]) -> Row:
    try:
        return {
            **told,
            "seq": int(told["seq"]),
            "at": datetime.fromisoformat(told["at"]),
            "details": _jsonb(told["details"]),
            "previous_hash": bytes.fromhex(told["previous_hash"]),
            "hash": bytes.fromhex(told["hash"]),
        }
    except (KeyError, TypeError, ValueError):
        raise NotAnExport(f"Line {number} is not an entry of an audit log.") from None


def _jsonb(value: Any) -> str:
    """The text that Postgres writes for this jsonb; keys keep the order in which they were read."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_jsonb(key)}: {_jsonb(member)}" for key, member in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_jsonb(member) for member in value) + "]"
    return str(value) if isinstance(value, _Number) else json.dumps(value, ensure_ascii=False)
