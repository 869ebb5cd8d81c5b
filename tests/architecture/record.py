"""What this version's code says to its databases, written down for the versions to come.

    .venv/bin/python -m tests.architecture.record

runs the tests of both planes, listens to what the code (not the tests) sends, and writes ``version_N`` beside this file
with N one higher than the newest. Record what is about to be deployed, before a migration takes anything away;
test_versions.py says it to every newer schema. Delete a recording when no process of that version can be running.
"""

import re
import sys
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any
from weakref import WeakKeyDictionary, WeakSet

import asyncpg
import greenlet  # type: ignore[import-untyped]
import pytest
from sqlalchemy import Engine, event

from control_plane.core.prepare import APP_ROLE as CONTROL_ROLE
from tenant_plane.core.provision import APP_ROLE as PLANE_ROLE
from tests.architecture.migrations import FOLDERS
from tests.architecture.source import ROOT

LISTENED_TO = ("tests/control_plane", "tests/tenant_plane")
SPOKEN_BY = ("control_plane", "tenant_plane", "shared")
PLACES = {CONTROL_ROLE: "control", PLANE_ROLE: "plane"}
"""Which schema a login speaks to, by itself."""
STATEMENT = re.compile(r"(?:select|insert|update|delete|with)\b", re.IGNORECASE)
COMMENT = re.compile(r"--[^\n]*")
PARAMETER = re.compile(r"\$\d+")
MORE_ROWS = re.compile(r"(\([^()]*\$\d+[^()]*\))(?:, \([^()]*\$\d+[^()]*\))+")
MORE_VALUES = re.compile(r"\b(IN \(\$\d+(?:::\w+)?)(?:, \$\d+(?:::\w+)?)+\)")
BINDS = "set_config('role'"
HEADER = "-- What version {version} says to the schema of {place}, as of migration {migration:04}; recorded.\n"


def as_recorded(sql: str) -> str:
    """On one line; how many rows or values were sent at once makes no difference."""
    line = " ".join(COMMENT.sub("", sql).split())
    line = MORE_VALUES.sub(r"\1)", MORE_ROWS.sub(r"\1", line))
    numbers = dict[str, str]()
    return PARAMETER.sub(lambda found: numbers.setdefault(found[0], f"${len(numbers) + 1}"), line)


class Recorder:
    """A pytest plugin. A connection speaks to its login's schema until a transaction has bound it to a tenant's."""

    def __init__(self) -> None:
        self.heard: defaultdict[str, set[str]] = defaultdict(set)
        self._logins: WeakKeyDictionary[Any, str] = WeakKeyDictionary()
        self._bound: WeakSet[Any] = WeakSet()

    def pytest_sessionstart(self) -> None:
        event.listen(Engine, "begin", lambda connection: self._bound.discard(_driver(connection.connection)))
        event.listen(Engine, "before_cursor_execute", self._executed)
        for name in ("execute", "executemany", "fetch", "fetchrow", "fetchval"):
            setattr(asyncpg.Connection, name, self._listening(getattr(asyncpg.Connection, name)))

    def _executed(self, connection: Any, _: Any, sql: str, *rest: Any) -> None:
        driver = _driver(connection.connection)
        self._logins[driver] = connection.engine.url.username
        self._hear(driver, sql)

    def _listening(self, send: Callable[..., Any]) -> Callable[..., Any]:
        """What the code sends past SQLAlchemy, on a connection of SQLAlchemy's."""

        def sending(connection: asyncpg.Connection, sql: str, *arguments: Any, **options: Any) -> Any:
            self._hear(connection, sql)
            return send(connection, sql, *arguments, **options)

        return sending

    def _hear(self, driver: Any, sql: str) -> None:
        place = PLACES.get(self._logins.get(driver, ""))
        if place is not None and STATEMENT.match(sql.lstrip()) and _speaker() in SPOKEN_BY:
            self.heard["tenant" if driver in self._bound else place].add(as_recorded(sql))
        if BINDS in sql:
            self._bound.add(driver)


def _driver(connection: Any) -> Any:
    """asyncpg's own connection."""
    return connection.driver_connection


def _speaker() -> str | None:
    """The top-level folder of the innermost frame that is ours, through SQLAlchemy's greenlet."""
    frame: FrameType | None = sys._getframe(1)
    parent = greenlet.getcurrent().parent
    while frame is not None or parent is not None:
        if frame is None:
            frame, parent = parent.gr_frame, parent.parent
            continue
        path = Path(frame.f_code.co_filename)
        if path != Path(__file__) and path.is_relative_to(ROOT) and ".venv" not in path.parts:
            return path.relative_to(ROOT).parts[0]
        frame = frame.f_back
    return None


def main() -> int:
    folder = Path(__file__).parent
    version = 1 + max(int(path.name.removeprefix("version_")) for path in folder.glob("version_*"))
    recorder = Recorder()
    failed = pytest.main(["-q", *LISTENED_TO], plugins=[recorder])
    made = folder / f"version_{version}"
    made.mkdir()
    for place, migrations in FOLDERS.items():
        newest = max(int(path.name[:4]) for path in migrations.glob("*.sql"))
        header = HEADER.format(version=version, place=place, migration=newest)
        (made / f"{place}.sql").write_text(header + "".join(f"{sql};\n" for sql in sorted(recorder.heard[place])))
    print({place: len(said) for place, said in recorder.heard.items()})
    return failed


if __name__ == "__main__":
    sys.exit(main())
