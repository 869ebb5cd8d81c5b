"""Reading migrations as statements: which of them the code of the version before could not live with."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from control_plane.core.prepare import MIGRATIONS
from tenant_plane.core.provision import FOLDER

FOLDERS = {"control": MIGRATIONS, "plane": FOLDER / "plane", "tenant": FOLDER / "tenant"}
"""Of migrations, by the schema that they are about."""
MARKER = re.compile(r"^[ \t]*--[ \t]*contract:[ \t]*\S", re.MULTILINE)
CREATED = re.compile(r'^create table (?:if not exists )?([\w."]+)')
ALTERED = re.compile(r'^alter table (?:if exists )?(?:only )?([\w."]+) (.*)$')
UNIQUE_INDEX = re.compile(r'^create unique index (?:concurrently )?(?:if not exists )?\w+ on ([\w."]+)')
ANYWHERE = {
    "drops": re.compile(r"^drop (?!constraint|index)\w+"),
    "renames": re.compile(r"^alter .*\brename\b"),
    "empties a table": re.compile(r"^(?:truncate|delete from)\b"),
}
NEW_COLUMN = r"^add (?:column )?(?:if not exists )?(?!constraint\b|check\b|unique\b|primary\b|foreign\b|exclude\b)\w+ "
ACTIONS = {
    "drops a column": re.compile(r"^drop (?:column )?(?!constraint\b)\w+"),
    "drops a default": re.compile(r"^alter (?:column )?\w+ drop default\b"),
    "changes a type": re.compile(r"^alter (?:column )?\w+ (?:set data )?type\b"),
    "sets not null": re.compile(r"^alter (?:column )?\w+ set not null\b"),
    "adds a column that must be filled": re.compile(NEW_COLUMN + r"(?!.*\b(?:default|generated)\b).*\bnot null\b"),
    "adds a unique column": re.compile(NEW_COLUMN + r".*\b(?:unique|primary key)\b"),
    "adds a constraint": re.compile(r"^add (?:constraint \w+ )?(?:check|unique|primary key|foreign key|exclude)\b"),
}
"""Of ALTER TABLE, on tables that an earlier file made: the old code knows no others. A constraint binds what it writes
even when it is NOT VALID.
"""


@dataclass(frozen=True)
class Statement:
    text: str
    """In one line, in small letters, without comments, bodies of functions and what stands in quotes."""
    marked: bool


def statements(sql: str) -> Iterator[Statement]:
    emptied = re.sub(r"\$(\w*)\$.*?\$\1\$", "''", sql, flags=re.DOTALL)
    # Comments first: an apostrophe in one begins no text, a semicolon in one ends no statement.
    emptied = re.sub(r"(--[^\n]*)|'(?:[^']|'')*'", lambda it: it[1].replace(";", ",") if it[1] else "''", emptied)
    for part in emptied.split(";"):
        text = " ".join(re.sub(r"--[^\n]*", "", part).split()).lower()
        if text:
            yield Statement(text, MARKER.search(part) is not None)


def breaks(sql: str) -> list[str]:
    """What the old code could not live with, as ``why: what``; a statement under ``-- contract: reason`` is let by."""
    found, made = list[str](), set[str]()
    for statement in statements(sql):
        if created := CREATED.match(statement.text):
            made.add(created[1])
        if not statement.marked:
            found += [f"{why}: {statement.text}" for why, rule in ANYWHERE.items() if rule.search(statement.text)]
            found += _about_old_tables(statement.text, made)
    return found


def _about_old_tables(text: str, made: set[str]) -> Iterator[str]:
    indexed = UNIQUE_INDEX.match(text)
    if indexed and indexed[1] not in made:
        yield f"makes a unique index: {text}"
    altered = ALTERED.match(text)
    if altered and altered[1] not in made:
        for action in re.split(r", (?=(?:add|drop|alter|rename|validate)\b)", altered[2]):
            yield from (f"{why}: {action}" for why, rule in ACTIONS.items() if rule.search(action))
