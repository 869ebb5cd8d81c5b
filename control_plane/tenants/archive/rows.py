"""Rows of the control plane as JSON, by the list in ``tables.py``."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence

from sqlalchemy import text

from control_plane.core.permissions import Permission
from control_plane.tenants.archive.tables import TABLES
from shared.tx import ReadTx

READ_AT_ONCE = 500
COLUMNS = text(
    "select table_name, array_agg(column_name::text order by ordinal_position) as columns"
    " from information_schema.columns where table_schema = current_schema() group by table_name"
)


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
        f" (select {names(columns[table.name])} from {table.name} where {table.where}) r"
        for number, table in enumerate(TABLES)
    ]
    statement = text(f'select name, row from ({" union all ".join(parts)}) rows order by part, row collate "C"')
    async for name, row in await tx.session.stream(
        statement, {"tenant_id": tenant_id}, execution_options={"yield_per": READ_AT_ONCE}
    ):
        yield name, row


def unknown_columns(archived: Mapping[str, Iterable[str]], here: Mapping[str, Iterable[str]]) -> list[str]:
    """``table.column`` of an archive that a newer version has made."""
    return [
        f"{table}.{column}"
        for table, columns in archived.items()
        for column in columns
        if table not in here or column not in here[table]
    ]


def names(columns: Iterable[str]) -> str:
    """Of columns that the catalogue has told, or that were compared with it."""
    return ", ".join(f'"{column}"' for column in columns)
