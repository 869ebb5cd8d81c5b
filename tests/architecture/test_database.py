"""The code's picture of the database is the migrated one, and every list is read along an index."""

import importlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, get_type_hints

import asyncpg
import httpx
import pytest
from sqlalchemy import Table, event, text
from sqlalchemy.dialects import postgresql

from control_plane.core.prepare import prepare_database
from control_plane.core.tables import Base as ControlBase
from shared.pages import Page
from shared.tx import Tenant
from shared.web.operations import Operation
from tenant_plane.app import OPERATIONS
from tenant_plane.core.base import Base as TenantBase
from tests.architecture.source import in_layers
from tests.support.tenant_plane import Plane, data, fired, opened

WITHOUT_MODEL = {"schema_version", "events", "idempotency_keys", "request_counts"}
"""Written by one statement each, in core and shared; nothing reads them as objects."""
COLUMNS = """
select c.relname as table, a.attname as column, format_type(a.atttypid, a.atttypmod) as type, a.attnotnull as not_null,
    coalesce(a.attnum = any (i.indkey), false) as is_key
from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
left join pg_index i on i.indrelid = c.oid and i.indisprimary
where n.nspname = $1 and c.relkind = 'r' and a.attnum > 0 and not a.attisdropped
"""
SORTED_BY_HAND = {"list_incident_alerts"}
"""May only shrink. Alerts of one incident, found by its primary key; an index on linked_at would cost every alert that
comes in.
"""
Column = tuple[str, str, str, bool, bool]


async def columns_of(url: str, schema: str) -> set[Column]:
    connection = await asyncpg.connect(url)
    try:
        rows = await connection.fetch(COLUMNS, schema)
    finally:
        await connection.close()
    return {(r["table"], r["column"], r["type"], r["not_null"], r["is_key"]) for r in rows}


def columns_in(tables: Sequence[Table]) -> set[Column]:
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    return {
        (table.name, column.name, column.type.compile(dialect).lower(), not column.nullable, column.primary_key)
        for table in tables
        for column in table.columns
    }


def models(plane: str) -> None:
    """Import every models.py, so that its tables are known to the plane's base."""
    for module in in_layers("models"):
        if module.parts[0] == plane:
            importlib.import_module(".".join(module.parts))


async def test_models_of_the_tenant_plane_match_the_migrated_schema(plane: Plane) -> None:
    models("tenant_plane")
    tenant = await plane.new_tenant()
    actual = {column for column in await columns_of(plane.owner_url, tenant.schema) if column[0] not in WITHOUT_MODEL}
    assert columns_in(list(TenantBase.metadata.tables.values())) == actual


async def test_models_of_the_control_plane_match_the_migrated_schema(admin_url: str) -> None:
    models("control_plane")
    await prepare_database(admin_url, "it's a secret")
    actual = {column for column in await columns_of(admin_url, "control") if column[0] not in WITHOUT_MODEL}
    assert columns_in(list(ControlBase.metadata.tables.values())) == actual


@contextmanager
def captured(plane: Plane) -> Iterator[list[tuple[str, Any]]]:
    """Statements with their parameters, as they go to Postgres."""
    seen: list[tuple[str, Any]] = []

    def note(_: Any, __: Any, statement: str, parameters: Any, *rest: Any) -> None:
        seen.append((statement, parameters))

    engine = plane.app.state.directory.engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)


async def explain(plane: Plane, tenant: Tenant, statement: str, parameters: Any) -> set[str]:
    """The kinds of nodes in the plan. Tables this small would be read whole, so that is taken away."""
    async with plane.database.read(plane.actor(tenant)) as tx:
        for setting in ("enable_seqscan", "enable_bitmapscan"):
            await tx.session.execute(text(f"set local {setting} = off"))
        connection = await tx.session.connection()
        plan = (await connection.exec_driver_sql(f"explain (format json) {statement}", parameters)).scalar_one()
    return set(_nodes((plan if isinstance(plan, list) else json.loads(plan))[0]["Plan"]))


def _nodes(plan: dict[str, Any]) -> Iterator[str]:
    yield plan["Node Type"]
    for child in plan.get("Plans", []):
        yield from _nodes(child)


def returns_page(operation: Operation) -> bool:
    returned = get_type_hints(operation.handler)["return"]
    return isinstance(returned, type) and issubclass(returned, Page)


LISTS = sorted(operation.id for operation in OPERATIONS if returns_page(operation))


async def filled(client: httpx.AsyncClient) -> dict[str, str]:
    """Something in every list; answers the ids that paths need."""
    answer = await fired(client)
    await client.post("/api/webhook", content=b"not json")
    await client.post("/api/apikeys", json={"name": "sender", "scope": "ingestion"})
    incident = await opened(client)
    return {"reference": incident["reference"], "alert_id": answer["alerts"][0]["alert_id"]}


@pytest.mark.parametrize(
    ("name", "query"),
    [(name, "") for name in LISTS] + [("list_incidents", "?sort=newest"), ("list_incidents", "?sort=updated")],
)
async def test_every_list_is_read_along_an_index(plane: Plane, name: str, query: str) -> None:
    tenant = await plane.new_tenant()
    operation = next(operation for operation in OPERATIONS if operation.id == name)
    async with plane.client(tenant) as client:
        ids = await filled(client)
        with captured(plane) as seen:
            page = data(await client.get(operation.path.format(**ids) + query))
    assert page["limit"] >= 50
    ordered = [(statement, parameters) for statement, parameters in seen if "ORDER BY" in statement]
    assert len(ordered) == 1
    nodes = await explain(plane, tenant, *ordered[0])
    assert nodes & {"Index Scan", "Index Only Scan"}
    assert bool(nodes & {"Sort", "Incremental Sort"}) is (name in SORTED_BY_HAND), nodes


def test_all_lists_are_looked_at() -> None:
    assert set(LISTS) >= {
        "list_incidents",
        "list_alerts",
        "list_incident_timeline",
        "list_alert_events",
        "list_dead_letters",
        "list_api_keys",
    }
