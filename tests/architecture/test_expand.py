"""Expand, then contract: a migration only adds, by the words of its statements. test_versions.py is the real proof."""

from pathlib import Path

import pytest

from tests.architecture.migrations import FOLDERS, breaks
from tests.architecture.source import ROOT

LATER = [
    path for folder in FOLDERS.values() for path in sorted(folder.glob("*.sql")) if not path.name.startswith("0001")
]


@pytest.mark.parametrize("path", LATER, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_migration_breaks_the_code_before_it(path: Path) -> None:
    assert breaks(path.read_text()) == [], "expand only; what must be, stands under a line `-- contract: reason`"


@pytest.mark.parametrize(
    "statement",
    [
        "drop table alerts",
        "drop view v",
        "drop function publish",
        "alter table alerts drop column url",
        "alter table alerts drop url",
        "alter table alerts add column a text, drop column url",
        "alter table alerts rename to alarms",
        "alter table alerts rename column url to link",
        "alter table alerts alter column url type bytea",
        "alter table alerts alter url set data type bytea",
        "alter table alerts alter column url set not null",
        "alter table alerts alter column occurrences drop default",
        "alter table alerts add column a text not null",
        "alter table alerts add a text not null",
        "alter table alerts add column a text not null check (a <> '; default')",
        "alter table alerts add column a text not null, add column b text default ''",
        "alter table alerts add column if not exists a text unique",
        "alter table alerts add check (url <> '')",
        "alter table alerts add constraint c check (url <> '')",
        "alter table alerts add constraint c check (url <> '') not valid",
        "alter table alerts add constraint c unique (url)",
        "alter table only alerts add constraint c foreign key (incident_id) references incidents",
        "create unique index u on alerts (url)",
        "truncate alerts",
        "delete from alerts",
        "-- harmless: it's nothing\nALTER TABLE alerts\n  DROP COLUMN url",
        "select 1; alter table alerts drop column url",
    ],
)
def test_what_breaks_old_code_is_refused(statement: str) -> None:
    assert len(breaks(f"create table other (id int);\n{statement};")) >= 1
    assert breaks(f"-- contract: nobody has read it since version 3\n{statement.rpartition(';')[2]};") == []


@pytest.mark.parametrize(
    "statement",
    [
        "create table new (id int not null unique); alter table new add check (id > 0)",
        "create table new (id int not null); create unique index u on new (id)",
        "create table new (id int); alter table new drop column id",
        "alter table alerts add column a text",
        "alter table alerts add column a text not null default ''",
        "alter table alerts add column a int default 0 not null",
        "alter table alerts add column a text check (a <> '')",
        "alter table alerts add column a uuid references incidents",
        "alter table alerts add column a int not null generated always as (1) stored",
        "alter table alerts drop constraint c",
        "alter table alerts alter column url drop not null",
        "alter table alerts alter column url set default ''",
        "create index i on alerts (url)",
        "drop index i",
        "comment on table alerts is 'we drop table; rename'",
        "create function f() returns void language sql as $$ delete from alerts; drop table alerts; $$",
    ],
)
def test_what_only_adds_is_let_by(statement: str) -> None:
    assert breaks(statement + ";") == []


def test_a_marker_needs_a_reason_and_counts_for_one_statement() -> None:
    assert len(breaks("-- contract:\ndrop table a;")) == 1
    assert len(breaks("-- contract: unused\ndrop table a;\ndrop table b;")) == 1
