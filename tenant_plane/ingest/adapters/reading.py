"""How single values of a sender's JSON are read: nothing odd loses an alert, it costs a warning.

All functions are pure. `warnings` is the list of the alert being read; a function appends to it.
"""

import hashlib
import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import chain

from pydantic import JsonValue

from tenant_plane.alerts.rules import Severity, severity_from
from tenant_plane.ingest.adapters.event import Action, JsonObject, UnreadablePayload

URL_LENGTH = 4_000
DEPTH = 64
MOST_PAIRS = 1_000
"""More labels than that are a mistake; far fewer are kept."""
WARNINGS = 20

_RESOLVE = (
    "resolve resolved ok okay close closed recovery recovered recover normal clear cleared inactive deactivated up "
    "healthy autoresolved delete deleted"
)
_ACKNOWLEDGE = "ack acked acknowledge acknowledged acknowledgement acknowledgment"
_TRIGGER = (
    "trigger triggered retrigger firing fire fired alert alerting alarm active activated open opened reopened new "
    "create created problem down unhealthy failed failure failing fail error critical warning nodata pending "
    "suppressed unprocessed unresolved renotify"
)
_ACTIONS = {
    word: action
    for action, words in (
        (Action.RESOLVE, _RESOLVE),
        (Action.ACKNOWLEDGE, _ACKNOWLEDGE),
        (Action.TRIGGER, _TRIGGER),
    )
    for word in words.split()
}

_SURROGATE = re.compile("[\ud800-\udfff]")
_STATE_PREFIX = re.compile(r"\[([A-Za-z_ ]{1,20})(?::\d+)?\]\s*")
_NUMBER = re.compile(r"[+-]?\d{1,25}(\.\d{1,25})?")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")


def clean(value: JsonValue, warnings: list[str]) -> JsonValue:
    """A copy that jsonb takes: no NUL, no lone surrogate, no NaN, no endless number, no bottomless nesting."""
    return _clean(value, warnings, 0)


def clean_object(value: Mapping[str, JsonValue], warnings: list[str]) -> JsonObject:
    return {clean_text(key, warnings): _clean(item, warnings, 1) for key, item in value.items()}


def _clean(value: JsonValue, warnings: list[str], depth: int) -> JsonValue:
    if isinstance(value, str):
        return clean_text(value, warnings)
    if isinstance(value, dict | list):
        if depth >= DEPTH:
            warn(warnings, f"nested deeper than {DEPTH} levels: the rest was left out")
            return None
        if isinstance(value, dict):
            return {clean_text(key, warnings): _clean(item, warnings, depth + 1) for key, item in value.items()}
        return [_clean(item, warnings, depth + 1) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        warn(warnings, "a number that is not finite was kept as text")
        return str(value)
    # Python refuses to print an int of more than 4,300 digits, whoever asks.
    if isinstance(value, int) and value.bit_length() > 256:
        warn(warnings, "a number of more than 77 digits was kept as hexadecimal text")
        return hex(value)
    return value


def clean_text(text: str, warnings: list[str]) -> str:
    if "\0" not in text and (text.isascii() or not _SURROGATE.search(text)):
        return text
    warn(warnings, "characters that can't be stored (NUL, half of a surrogate pair) were removed or replaced")
    return _SURROGATE.sub("\ufffd", text.replace("\0", ""))


def warn(warnings: list[str], text: str) -> None:
    if len(warnings) < WARNINGS and text not in warnings:
        warnings.append(text)


def text_of(value: JsonValue) -> str:
    """Any cleaned JSON value as text: numbers as people write them, structures as compact JSON, null as nothing."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return str(value)


def first_text(values: Iterable[JsonValue]) -> str:
    """The first scalar that isn't blank, stripped."""
    for value in values:
        if value is None or isinstance(value, dict | list):
            continue
        text = text_of(value).strip()
        if text:
            return text
    return ""


def object_in(raw: Mapping[str, JsonValue], key: str, warnings: list[str]) -> JsonObject:
    """The object under this key; an empty one when there is none."""
    value = raw.get(key)
    if isinstance(value, dict):
        return value
    if value is not None:
        warn(warnings, f"{key} was not an object")
    return {}


def said(values: Mapping[str, JsonValue]) -> dict[str, str]:
    """Those of the values that say something, as text: labels from fields that a sender may leave out."""
    return {key: text for key, value in values.items() if (text := first_text((value,)))}


def first_item(value: JsonValue) -> JsonValue:
    """The first element of a list that isn't blank; the value itself when it is no list."""
    if isinstance(value, list):
        return next((item for item in value if item not in (None, "")), None)
    return value


def cut(text: str, length: int, what: str, warnings: list[str]) -> str:
    if len(text) <= length:
        return text
    warn(warnings, f"{what} was cut to {length} characters")
    return text[: length - 1] + "…"


def named(what: str) -> str:
    """What a sender called something, made safe to quote in a warning."""
    return repr(what if len(what) <= 60 else what[:59] + "…")


def identity(name: str, value: str) -> tuple[str, str]:
    """A pair for `dedup_fields`; a long value becomes its beginning and a digest, so that it stays distinct."""
    return (_short(name), _short(value))


def _short(text: str) -> str:
    return text if len(text) <= 200 else f"{text[:100]}…{digest(text)}"


def label_identity(labels: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(chain.from_iterable(identity(name, labels[name]) for name in sorted(labels)))


def digest(value: JsonValue) -> str:
    return hashlib.sha256(text_of(value).encode()).hexdigest()[:32]


def pairs_of(value: JsonValue, what: str, warnings: list[str]) -> dict[str, str]:
    """Labels or tags as text pairs, from an object, a list ("k:v", "k=v", {"name", "value"}) or a comma string."""
    if isinstance(value, dict):
        pairs: dict[str, str] = {}
        for key, item in value.items():
            if isinstance(item, str):
                pairs[key] = item
            elif item is None:
                warn(warnings, f"{what} {named(key)} was null and was left out")
            else:
                warn(warnings, f"{what} {named(key)} was not text and was kept as text")
                pairs[key] = text_of(item)
        return pairs
    if isinstance(value, str):
        return dict(_split_pair(part) for part in value.split(",", MOST_PAIRS)[:MOST_PAIRS] if part.strip())
    if isinstance(value, list):
        return dict(_pairs_of_list(value[:MOST_PAIRS], what, warnings))
    if value is not None:
        warn(warnings, f"{what}s were neither an object nor a list and were left out")
    return {}


def _pairs_of_list(items: list[JsonValue], what: str, warnings: list[str]) -> Iterator[tuple[str, str]]:
    for item in items:
        if isinstance(item, str) and item.strip():
            yield _split_pair(item)
        elif isinstance(item, dict):
            name = first_text(item.get(key) for key in ("name", "key", "tag"))
            if name and "value" in item:
                yield name, text_of(item["value"])
            else:
                yield from pairs_of(item, what, warnings).items()
        else:
            warn(warnings, f"a {what} that is not text was left out")


def _split_pair(text: str) -> tuple[str, str]:
    """ "k:v" or "k=v", whichever mark comes first; a bare word is a mark that it is there."""
    text = text.strip()
    place = min((at for at in (text.find(":"), text.find("=")) if at > 0), default=-1)
    return (text, "true") if place < 0 else (text[:place].strip(), text[place + 1 :].strip())


def time_of(
    value: JsonValue, what: str, received_at: datetime, warnings: list[str], *, zero_is_open: bool = False
) -> datetime | None:
    """RFC 3339 with any number of digits, or an epoch in s, ms, us or ns; None when absent or unusable.

    `zero_is_open`: Go's zero time (year 1) is how a Go sender writes "not yet", which is no oddity for an end.
    """
    if value is None or value == "":
        return None
    moment: datetime | None = None
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            moment = _from_epoch(value)
        elif isinstance(value, str):
            moment = _from_text(value.strip(), what, warnings)
    except (ValueError, OverflowError, OSError):
        moment = None
    if moment is not None and moment.year <= 1970 and zero_is_open:
        return None
    # The year 2000: a sender without a clock, or Go's zero time. A day ahead: one with a wrong clock.
    if moment is None or moment.year < 2000 or moment - received_at > timedelta(days=1):
        warn(warnings, f"{what} was not a usable time")
        return None
    return moment


def _from_epoch(value: float) -> datetime:
    for limit, unit in ((1e11, 1), (1e14, 1e3), (1e17, 1e6)):
        if abs(value) < limit:
            return datetime.fromtimestamp(value / unit, UTC)
    return datetime.fromtimestamp(value / 1e9, UTC)


def _from_text(text: str, what: str, warnings: list[str]) -> datetime:
    if _DATE.match(text):
        moment = datetime.fromisoformat(text.removesuffix(" UTC"))
        if moment.tzinfo is None:
            if not text.endswith(" UTC"):
                warn(warnings, f"{what} had no time zone and was read as UTC")
            return moment.replace(tzinfo=UTC)
        # Year 1 and year 9999 overflow when an offset moves them out of the calendar.
        return moment.astimezone(UTC)
    if _NUMBER.fullmatch(text):
        return _from_epoch(float(text))
    raise ValueError(what)


def url_of(values: Iterable[JsonValue], warnings: list[str]) -> str | None:
    """The first absolute http(s) address; anything else (relative, `javascript:`) is no link to show a person."""
    refused = False
    for value in values:
        if value is None or value == "":
            continue
        if isinstance(value, str):
            text = value.strip()
            host = text.partition("://")[2][:1]
            if (
                text[:8].lower().startswith(("http://", "https://"))
                and (host.isalnum() or host == "[")
                and len(text) <= URL_LENGTH
                and text.isprintable()
                and " " not in text
            ):
                return text
        refused = True
    if refused:
        warn(warnings, f"the link was not an absolute http(s) address of at most {URL_LENGTH} characters")
    return None


def action_from(word: str) -> Action | None:
    """What a status word means, in any case and spelling ("No Data", "auto-resolved"); None if it is no such word."""
    found = _ACTIONS.get(word)
    if found is None and len(word) <= 40:
        found = _ACTIONS.get("".join(char for char in word.casefold() if char.isalpha()))
    return found


def action_of(values: Iterable[JsonValue], what: str, warnings: list[str]) -> Action:
    """The first word's meaning. No word, or one that means nothing, is a trigger: a call too many, but none lost."""
    word = first_text(values)
    action = action_from(word) if word else Action.TRIGGER
    if action is None:
        warn(warnings, f"{what} {named(word)} is not known and was read as trigger")
    return action or Action.TRIGGER


def without_state(title: str) -> str:
    """A title without the "[FIRING:2]" or "[OK]" before it, which would tell a resolve from its trigger."""
    match = _STATE_PREFIX.match(title)
    if match is None or action_from(match[1]) is None:
        return title
    return title[match.end() :] or title


def severity_of(values: Iterable[JsonValue], default: Severity, warnings: list[str]) -> Severity:
    """The first word that is a severity. None given is no oddity; a word that means nothing is."""
    unknown = ""
    for value in values:
        word = first_text((value,))
        if not word:
            continue
        found = severity_from(word)
        if found is not None:
            return found
        unknown = unknown or word
    if unknown:
        warn(warnings, f"severity {named(unknown)} is not known and was read as {default.value}")
    return default


def objects_in(items: list[JsonValue], warnings: list[str]) -> list[JsonObject]:
    """The objects of a list of alerts; anything else in it is left out with a warning."""
    found = [item for item in items if isinstance(item, dict)]
    if not found:
        raise UnreadablePayload("the list of alerts has no object in it" if items else "the list of alerts is empty")
    if len(found) < len(items):
        warn(warnings, f"{len(items) - len(found)} of {len(items)} list elements were no objects and were left out")
    return found
