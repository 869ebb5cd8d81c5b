"""Rows of the control plane as JSON and back, by the list in ``tables.py``."""

import json
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.exc import DataError, IntegrityError
from uuid_utils.compat import uuid7

from control_plane.core.permissions import Permission
from control_plane.tenants.archive.tables import AUDIT, TABLES, USERS, TenantTable
from control_plane.tenants.errors import RowsDoNotFit
from shared.tar import BrokenArchive
from shared.tx import ReadTx, WriteTx

READ_AT_ONCE = 500
COLUMNS = text(
    "select table_name, array_agg(column_name::text order by ordinal_position) as columns"
    " from information_schema.columns where table_schema = current_schema() group by table_name"
)
KNOWN_USERS = text("select id, email from users where email = any (:emails) or id = any (cast(:ids as uuid[]))")
Row = dict[str, Any]


async def columns_of(tx: ReadTx) -> dict[str, list[str]]:
    """Of the tables that go along."""
    tx.require(Permission.TENANTS_MANAGE)
    found = {row.table_name: list(row.columns) for row in await tx.session.execute(COLUMNS)}
    return {table.name: found[table.name] for table in TABLES}


async def rows_of(tx: ReadTx, tenant_id: str, columns: Mapping[str, Sequence[str]]) -> AsyncIterator[tuple[str, str]]:
    """Table and row, in the order of TABLES. One statement, so all are of the same moment; never all in memory."""
    tx.require(Permission.TENANTS_MANAGE)
    parts = [
        f"select {number} as part, '{table.name}' as name, to_jsonb(r)::text as row from"
        f" (select {_list(columns[table.name])} from {table.name} where {table.where}) r"
        for number, table in enumerate(TABLES)
    ]
    statement = text(f'select name, row from ({" union all ".join(parts)}) rows order by part, row collate "C"')
    async for name, row in await tx.session.stream(
        statement, {"tenant_id": tenant_id}, execution_options={"yield_per": READ_AT_ONCE}
    ):
        yield name, row


class Restoring:
    """Rows into the tables of this installation, people first. The caller's transaction makes it all or nothing."""

    def __init__(self, tx: WriteTx, tenant_id: str, columns: Mapping[str, list[str]], *, can_open: bool) -> None:
        tx.require(Permission.TENANTS_MANAGE)
        self._tx = tx
        self._tenant_id = tenant_id
        self._columns = columns
        self._can_open = can_open
        self._people: dict[str, str] = {}
        self._known: set[str] = set()
        self.counts: dict[str, int] = {}

    async def take(self, name: str, lines: Iterable[bytes]) -> None:
        """Some rows of one table. Raises BrokenArchive."""
        table = next((table for table in TABLES if table.name == name), None)
        if table is None:
            raise BrokenArchive(f"The archive has rows of a table {name} that no tenant has.")
        rows = [_parsed(line) for line in lines if line]
        self.counts[name] = self.counts.get(name, 0) + len(rows)
        if name == AUDIT or (table.is_sealed and not self._can_open and table.sealed_elsewhere is None):
            return
        await self._insert(table, await self._people_among(rows) if name == USERS else self._moved(table, rows))

    async def _people_among(self, rows: list[Row]) -> list[Row]:
        """Those who are not here yet; who has the same address keeps the account that is here."""
        emails, ids = [row["email"] for row in rows], [row["id"] for row in rows]
        here = (await self._tx.session.execute(KNOWN_USERS, {"emails": emails, "ids": ids})).all()
        by_email, taken = {row.email: str(row.id) for row in here}, {str(row.id) for row in here}
        for row in rows:
            free = row["id"] if row["id"] not in taken else str(uuid7())
            self._people[row["id"]] = by_email.get(row["email"], free)
        self._known.update(row["id"] for row in rows if row["email"] in by_email)
        return [
            {**row, "id": self._people[row["id"]], "is_super_admin": False}
            for row in rows
            if row["email"] not in by_email
        ]

    def _moved(self, table: TenantTable, rows: list[Row]) -> list[Row]:
        if table.of_new_people:
            rows = [row for row in rows if not self._known.intersection(row[name] for name in table.users)]
        for row in rows:
            if "tenant_id" in row and row["tenant_id"] != self._tenant_id:
                raise BrokenArchive(f"The archive has a row of {table.name} that belongs to another tenant.")
            row.update({name: self._person(row[name]) for name in table.users if row[name] is not None})
            row.update({name: [self._person(user) for user in row[name]] for name in table.user_lists})
            if table.is_sealed and not self._can_open:
                row.update(table.sealed_elsewhere or {})
        return rows

    def _person(self, user_id: str) -> str:
        """Somebody who is no member any more keeps an id that is nobody's."""
        return self._people.get(user_id, user_id)

    async def _insert(self, table: TenantTable, rows: list[Row]) -> None:
        """Columns that the archive does not know get their defaults."""
        if not rows:
            return
        columns = self._columns[table.name]
        if any(set(row) != set(columns) for row in rows):
            raise BrokenArchive(f"The archive's rows of {table.name} do not have the columns that it names.")
        names = _list(columns)
        statement = text(
            f"insert into {table.name} ({names}) select {names}"
            f" from jsonb_populate_recordset(null::{table.name}, cast(:rows as jsonb))"
        )
        try:
            await self._tx.session.execute(statement, {"rows": json.dumps(rows)})
        except (DataError, IntegrityError) as error:
            raise RowsDoNotFit(table.name) from error


def unknown_columns(archived: Mapping[str, Iterable[str]], here: Mapping[str, Iterable[str]]) -> list[str]:
    """``table.column`` of an archive that a newer version has made."""
    return [
        f"{table}.{column}"
        for table, columns in archived.items()
        for column in columns
        if table not in here or column not in here[table]
    ]


def _list(columns: Iterable[str]) -> str:
    """Names that the catalogue has told, or that were compared with it."""
    return ", ".join(f'"{column}"' for column in columns)


def _parsed(line: bytes) -> Row:
    try:
        row = json.loads(line)
    except ValueError:
        row = None
    if not isinstance(row, dict):
        raise BrokenArchive("The archive has a row that can't be read.")
    return row
