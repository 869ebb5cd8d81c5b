"""What an archive holds of a tenant's schema, as the catalogue says it: tables in the order of their references, and
sequences.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from graphlib import CycleError, TopologicalSorter

import asyncpg

from shared.contracts.archive import SequenceValue

COLUMNS = """
select c.relname as table_name, array_agg(a.attname::text order by a.attnum) as columns,
    coalesce(
        (select array_agg(quote_ident(k.attname) || case when k.attcollation <> 0 then ' collate "C"' else '' end
            order by array_position(i.indkey::int2[], k.attnum))
        from pg_index i join pg_attribute k on k.attrelid = i.indrelid and k.attnum = any (i.indkey)
        where i.indrelid = c.oid and i.indisprimary),
        array_agg(quote_ident(a.attname) || '::text collate "C"' order by a.attnum)) as key
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
where n.nspname = $1 and c.relkind in ('r', 'p') and not c.relispartition
group by c.oid, c.relname
order by c.relname
"""
REFERENCES = """
select r.relname as table_name, t.relname as target
from pg_constraint f
join pg_class r on r.oid = f.conrelid join pg_class t on t.oid = f.confrelid
join pg_namespace n on n.oid = r.relnamespace
where n.nspname = $1 and f.contype = 'f' and r.oid <> t.oid
"""
SEQUENCES = """
select c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
where n.nspname = $1 and c.relkind = 'S' order by c.relname
"""
JOBS = """
select entrypoint, convert_from(payload, 'UTF8')::json ->> 'event_id' from queue.pgqueuer
where tenant_id = $1 and status::text in ('queued', 'picked') order by id
"""


@dataclass(frozen=True, slots=True)
class Table:
    """``query`` selects all rows in an order that depends on nothing but themselves."""

    schema: str
    name: str
    columns: tuple[str, ...]
    query: str
    folder: str

    @property
    def place(self) -> str:
        return f"{quoted(self.schema)}.{quoted(self.name)}"

    @property
    def emptied(self) -> "Table":
        """In an archive the same table, without its rows."""
        return replace(self, query=f"{self.query} limit 0")


JOB_TABLE = Table("pg_temp", "archived_jobs", ("kind", "event_id"), JOBS, "jobs/")
"""Reactions that wait: rows of the plane's queue, which all tenants share, so they go through a table of their own."""


async def tables_of(connection: asyncpg.Connection, schema: str) -> list[Table]:
    """Referenced tables come before those that refer to them."""
    found = {row["table_name"]: _table(schema, row) for row in await connection.fetch(COLUMNS, schema)}
    needs: dict[str, set[str]] = {name: set() for name in found}
    for row in await connection.fetch(REFERENCES, schema):
        needs[row["table_name"]].add(row["target"])
    return [found[name] for name in in_order(needs)]


async def sequences_of(connection: asyncpg.Connection, schema: str) -> list[SequenceValue]:
    values = []
    for row in await connection.fetch(SEQUENCES, schema):
        place = f"{quoted(schema)}.{quoted(row['name'])}"
        value = await connection.fetchrow(f"select last_value, is_called from {place}")
        assert value is not None, "a sequence is one row"
        values.append(SequenceValue(name=row["name"], last_value=value["last_value"], is_called=value["is_called"]))
    return values


def in_order(needs: Mapping[str, set[str]]) -> list[str]:
    """By name where references leave a choice. Tables that refer to each other in a circle can't be restored."""
    sorter, order = TopologicalSorter(needs), list[str]()
    try:
        sorter.prepare()
    except CycleError as error:
        raise ValueError(f"tables refer to each other in a circle: {error.args[1]}") from None
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        order += ready
        sorter.done(*ready)
    return order


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _table(schema: str, row: asyncpg.Record) -> Table:
    name, columns = row["table_name"], row["columns"]
    key: Sequence[str] = row["key"]
    query = f"select {', '.join(map(quoted, columns))} from {quoted(schema)}.{quoted(name)} order by {', '.join(key)}"
    return Table(schema, name, tuple(columns), query, f"tables/{name}/")
