"""Server-side apply: who owns which field, what an apply sets, and what it takes away.

A field is a path; items of keyed lists are named by their keys, so that they keep their owners when others are added.
Source of the rules: kubernetes.io/docs/reference/using-api/server-side-apply.
"""

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.fakes.kubernetes.schemas import Schema, child, is_atomic, merge_keys

Item = tuple[tuple[str, Any], ...]
"""The keys of one item of a list."""
Path = tuple[str | Item, ...]
Fields = dict[Path, Any]
NEVER_OWNED = {("apiVersion",), ("kind",), ("metadata", "name"), ("metadata", "namespace")}
KEY_DEFAULTS = {"protocol": "TCP"}


@dataclass(frozen=True)
class Disputed(Exception):
    """Fields of others that would change, with one of those others."""

    paths: list[Path]
    manager: str


def fields_of(manifest: Mapping[str, Any], schema: Schema) -> Fields:
    """Every field that is set, with its value."""
    return {path: value for path, value in _fields(manifest, schema, ()) if path not in NEVER_OWNED}


def _fields(value: Any, schema: Schema, path: Path) -> Iterator[tuple[Path, Any]]:
    if isinstance(value, Mapping) and value and not is_atomic(schema):
        for key, below in value.items():
            yield from _fields(below, child(schema, key), (*path, key))
    elif isinstance(value, list) and (keys := merge_keys(schema)) and all(isinstance(one, Mapping) for one in value):
        for one in value:
            yield from _fields(one, child(schema, None), (*path, _item(one, keys)))
    else:
        yield path, value


def _item(one: Mapping[str, Any], keys: tuple[str, ...]) -> Item:
    return tuple((key, one.get(key, KEY_DEFAULTS.get(key))) for key in keys)


Owners = dict[str, set[Path]]
"""Field managers, and what each owns."""


def apply(
    live: Mapping[str, Any], owners: Owners, manager: str, wanted: Mapping[str, Any], schema: Schema, *, force: bool
) -> tuple[dict[str, Any], Owners]:
    """The object and its owners after an apply. Raises Disputed."""
    new, current = fields_of(wanted, schema), fields_of(live, schema)
    changed = {path for path, value in new.items() if current.get(path) != value}
    for other, theirs in owners.items():
        disputed = sorted(changed & theirs, key=str)
        if other != manager and disputed and not force:
            raise Disputed(disputed, other)
    result = copy.deepcopy(dict(live))
    kept = {path for other, theirs in owners.items() if other != manager for path in theirs}
    # An item's keys go last: until then they are how it is found.
    for path in sorted(owners.get(manager, set()) - new.keys() - kept, key=_is_key):
        _remove(result, path)
    for path, value in new.items():
        _put(result, path, value)
    after = {other: theirs - changed for other, theirs in owners.items() if other != manager}
    return result, {name: theirs for name, theirs in {**after, manager: set(new)}.items() if theirs}


def _is_key(path: Path) -> bool:
    return len(path) > 1 and not isinstance(path[-2], str) and path[-1] in dict(path[-2])


def _find(items: list[Any], item: Item) -> Any:
    for one in items:
        if all(one.get(key, KEY_DEFAULTS.get(key)) == value for key, value in item):
            return one
    return None


def _put(root: Any, path: Path, value: Any) -> None:
    here = root
    for index, step in enumerate(path[:-1]):
        below: Any = {} if isinstance(path[index + 1], str) else []
        here = here.setdefault(step, below) if isinstance(step, str) else _found_or_new(here, step)
    last = path[-1]
    if isinstance(last, str):
        here[last] = copy.deepcopy(value)
    else:
        _found_or_new(here, last)


def _found_or_new(items: list[Any], item: Item) -> Any:
    one = _find(items, item)
    if one is None:
        items.append(one := {})
        one.update({key: value for key, value in item if value is not None})
    return one


def _remove(root: Any, path: Path) -> None:
    """And what is empty afterwards."""
    trail, here = [], root
    for step in path:
        trail.append((here, step))
        here = here.get(step) if isinstance(step, str) and isinstance(here, dict) else _find(here, step)  # type: ignore[arg-type]
        if here is None:
            return
    for parent, step in reversed(trail):
        if isinstance(step, str):
            parent.pop(step, None)
        else:
            parent[:] = [one for one in parent if one]
        if parent:
            return


def as_fields_v1(paths: set[Path]) -> dict[str, Any]:
    """As ``metadata.managedFields`` shows them."""
    root: dict[str, Any] = {}
    for path in paths:
        here = root
        for step in path:
            here = here.setdefault(f"f:{step}" if isinstance(step, str) else f"k:{dict(step)}", {})
    return root
