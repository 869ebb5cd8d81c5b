"""Every operation of the tenant plane, called as nobody and as every role: what the table says, and nothing else."""

import pytest

from shared.web.operations import PATH_PARAMETER, Operation
from tenant_plane.app import OPERATIONS
from tenant_plane.core.permissions import ROLES, Permission
from tests.isolation.support import WORDS, World, body_of, ids_in
from tests.support.tenant_plane import refused

NEEDS = {
    "acknowledge_incident": Permission.INCIDENTS_WRITE,
    "add_incident_note": Permission.INCIDENTS_WRITE,
    "create_alert_event": Permission.ALERTS_INGEST,
    "create_api_key": Permission.API_KEYS_MANAGE,
    "create_event": Permission.ALERTS_INGEST,
    "create_own_api_key": Permission.API_KEYS_MANAGE,
    "enqueue_event": Permission.ALERTS_INGEST,
    "export_audit_log": Permission.AUDIT_READ,
    "get_alert": Permission.ALERTS_READ,
    "get_incident": Permission.INCIDENTS_READ,
    "get_permissions": Permission.PERMISSIONS_READ,
    "get_usage": Permission.USAGE_READ,
    "list_adapters": Permission.ALERTS_READ,
    "list_alert_events": Permission.ALERTS_READ,
    "list_alerts": Permission.ALERTS_READ,
    "list_api_keys": Permission.API_KEYS_READ,
    "list_audit_log": Permission.AUDIT_READ,
    "list_dead_letters": Permission.DEAD_LETTERS_READ,
    "list_held": Permission.DEAD_LETTERS_READ,
    "list_impersonations": Permission.IMPERSONATIONS_READ,
    "list_incident_alerts": Permission.INCIDENTS_READ,
    "list_incident_timeline": Permission.INCIDENTS_READ,
    "list_incidents": Permission.INCIDENTS_READ,
    "list_own_api_keys": Permission.API_KEYS_READ,
    "open_incident": Permission.INCIDENTS_WRITE,
    "receive_alertmanager_webhook": Permission.ALERTS_INGEST,
    "receive_postable_alerts": Permission.ALERTS_INGEST,
    "receive_root_webhook": Permission.ALERTS_INGEST,
    "receive_webhook": Permission.ALERTS_INGEST,
    "receive_webhook_of": Permission.ALERTS_INGEST,
    "replay_dead_letter": Permission.DEAD_LETTERS_MANAGE,
    "resolve_incident": Permission.INCIDENTS_WRITE,
    "revoke_api_key": Permission.API_KEYS_MANAGE,
    "revoke_own_api_key": Permission.API_KEYS_MANAGE,
    "snooze_incident": Permission.INCIDENTS_WRITE,
    "update_incident": Permission.INCIDENTS_WRITE,
}
"""Each operation and the one permission it needs; a new operation needs a line."""
ROLES_OF_PEOPLE = ("ingestion", "viewer", "operator", "admin")
FORBIDDEN = [
    (operation, role) for operation in OPERATIONS for role in ROLES_OF_PEOPLE if NEEDS[operation.id] not in ROLES[role]
]
ALLOWED = [
    (operation, role) for operation in OPERATIONS for role in ROLES_OF_PEOPLE if NEEDS[operation.id] in ROLES[role]
]


def path_of(world: World, operation: Operation) -> str:
    """With the id of a thing of ours: what is refused exists."""
    ours = world.ours
    ids = {"reference": ours.reference, "alert_id": ours.alert_id, "letter_id": ours.letter_id, "key_id": ours.key_id}
    ids |= WORDS
    return PATH_PARAMETER.sub(lambda found: ids[found[1]], operation.path)


def name(value: Operation | str) -> str:
    return value if isinstance(value, str) else value.id


def test_the_table_has_every_operation() -> None:
    assert {operation.id for operation in OPERATIONS} == set(NEEDS)
    assert all(operation.access != "public" for operation in OPERATIONS)


@pytest.mark.parametrize("operation", OPERATIONS, ids=name)
async def test_nobody_gets_in(world: World, operation: Operation) -> None:
    async with world.plane.client() as client, world.plane.unchanged(world.ours.tenant):
        answer = await client.request(operation.method, path_of(world, operation), **body_of(operation))
    refused(answer, 401, "UNAUTHORIZED")
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(("operation", "role"), FORBIDDEN, ids=name)
async def test_a_role_without_the_permission_is_refused(world: World, operation: Operation, role: str) -> None:
    async with world.plane.client(world.ours.tenant, role) as client, world.plane.unchanged(world.ours.tenant):
        answer = await client.request(operation.method, path_of(world, operation), **body_of(operation))
    refused(answer, 403, "FORBIDDEN")
    assert world.ours.word not in answer.text


@pytest.mark.parametrize(("operation", "role"), ALLOWED, ids=name)
async def test_a_role_with_the_permission_is_let_in(world: World, operation: Operation, role: str) -> None:
    """With ids of nobody, so that nothing of the shared world changes: 404 comes after the permission."""
    path = PATH_PARAMETER.sub(lambda found: world.pairs(found[1])[0][1], operation.path)
    tenant = await world.plane.new_tenant()
    async with world.plane.client(tenant, role) as client:
        answer = await client.request(operation.method, path, **body_of(operation))
    assert answer.status_code in ((404,) if ids_in(operation) else (200, 201, 202)), answer.text


def test_a_viewer_writes_nothing() -> None:
    may_write = [o.id for o in OPERATIONS if o.method != "GET" and NEEDS[o.id] in ROLES["viewer"]]
    assert may_write == []


@pytest.mark.parametrize("operation", OPERATIONS, ids=name)
async def test_a_super_admin_has_no_business_in_a_tenant(world: World, operation: Operation) -> None:
    for tenant_id in (None, world.ours.tenant.id):
        token = world.plane.issuer.token(tenant_id, "super_admin")
        async with (
            world.plane.client(authorization=f"Bearer {token}") as client,
            world.plane.unchanged(world.ours.tenant),
        ):
            answer = await client.request(operation.method, path_of(world, operation), **body_of(operation))
        refused(answer, 403, "FORBIDDEN")
