"""An archive that somebody made up, or of an installation whose word does not count here: its end always fits."""

import json
from collections.abc import Callable
from uuid import UUID

import pytest

from control_plane.core.system import SYSTEM
from control_plane.identity import service as identity
from control_plane.identity.rules import Role
from control_plane.plans import service as plans
from control_plane.plans.schemas import PlanCreate
from control_plane.tenants.schemas import ImportQuery
from infra.local.accounts import create_user
from tests.control_plane.archive.filling import DOMAIN, FAY
from tests.control_plane.archive.support import (
    CUSTOM,
    Row,
    body_of,
    closed,
    described,
    edited,
    exported,
    fetch,
    imported,
    refused,
    sql,
    traces,
)
from tests.support.origin import InProcess

ANA = "ana@acme.example"
PLAIN = ImportQuery()
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
STRANGER = "0192f0c1-2345-7890-abcd-ef0123456789"
ACCOUNTS = """
select to_jsonb(u)::text, to_jsonb(f)::text,
    (select jsonb_agg(c.code_hash order by c.code_hash)::text from recovery_codes c where c.user_id = u.id),
    (select jsonb_agg(to_jsonb(m) order by m.tenant_id)::text from memberships m
        where m.user_id = u.id and m.tenant_id <> 'acme')
from users u left join second_factors f on f.user_id = u.id where u.id = any ('{{{0}}}') order by u.id
"""
"""All that makes up an account, apart from its seat in the tenant that comes."""


async def with_accounts(origin: InProcess) -> str:
    """Two people of acme who have accounts here, in globex, with other passwords and a second factor; their ids."""
    state, ids = origin.installation.control.state, []
    for email in (ANA, FAY):
        await create_user(origin.installation, email, "Somebody Here", memberships={"globex": Role.VIEWER})
        async with state.database.write(SYSTEM) as tx:
            user = await identity.find_user(tx, email)
            assert user is not None
            await identity.enrol(tx, user.id, SECRET, state.sessions.factors)
        ids.append(str(user.id))
    await sql(
        origin,
        f"insert into recovery_codes select id, sha256(email::bytea) from users where id = any ('{{{','.join(ids)}}}')",
    )
    return ",".join(ids)


async def test_accounts_that_are_here_stay_as_they_are(source: InProcess, destination: InProcess) -> None:
    ids = await with_accounts(destination)
    before = await fetch(destination, ACCOUNTS.format(ids))
    tenant = await imported(destination, await exported(source))
    assert await fetch(destination, ACCOUNTS.format(ids)) == before
    assert tenant.notices == ["2 people had an account here already: it stays as it is, and is a member now."]
    roles = f"select role from memberships where tenant_id = 'acme' and user_id = any ('{{{ids}}}') order by role"
    assert await fetch(destination, roles) == [("admin",), ("viewer",)]


async def test_whoever_has_another_id_here_still_has_the_way_in(source: InProcess, destination: InProcess) -> None:
    """Break-glass: the ids of single sign-on are those that people have here."""
    ana = UUID((await with_accounts(destination)).split(",")[0])
    await imported(destination, await exported(source))
    connection = "select break_glass_user_ids from control.sso_connections where tenant_id = 'acme'"
    policy = "select exempt_user_ids from control.sign_in_policies where tenant_id = 'acme'"
    assert await fetch(destination, connection) == await fetch(destination, policy) == [([ana],)]


async def test_an_identity_provider_is_not_believed_about_an_account_that_is_here(
    source: InProcess, destination: InProcess
) -> None:
    await create_user(destination.installation, "omar@acme.example", "Omar Here")
    operator = source.demo.person("acme", "operator")["email"]
    parts = edited(await body_of(source), "users", lambda row: row.update(email=renamed(row["email"], operator)))
    tenant = await imported(destination, closed(parts))
    assert await fetch(destination, "select * from control.sso_identities") == []
    assert tenant.notices[-1] == (
        "One person will be linked to their account at the identity provider when they sign in that way next."
    )


def renamed(email: str, operator: str) -> str:
    return {operator: "omar@acme.example"}.get(email, email)


async def test_an_id_that_is_somebody_elses_here_is_not_taken_over(source: InProcess, destination: InProcess) -> None:
    """Their second factor is sealed for the old id, so it can't come along."""
    fay = (await fetch(source, f"select id from control.users where email = '{FAY}'"))[0][0]
    made = await create_user(destination.installation, "else@globex.example", "Somebody Else")
    await sql(destination, f"update users set id = '{fay}' where email = '{made['email']}'")
    tenant = await imported(destination, await exported(source))
    here = await fetch(
        destination, f"select id::text, email from control.users where email in ('{FAY}', '{made['email']}')"
    )
    assert {email: user_id == str(fay) for user_id, email in here} == {made["email"]: True, FAY: False}
    assert "had a second factor that can't be opened here" in tenant.notices[0]
    factors = f"select count(*) from control.second_factors where user_id in ('{here[0][0]}', '{here[1][0]}')"
    assert await fetch(destination, factors) == [(0,)]
    await sql(destination, f"delete from users where email = '{made['email']}'")


async def test_nobody_becomes_super_admin(source: InProcess, destination: InProcess) -> None:
    forged = edited(await body_of(source), "users", lambda row: row.update(is_super_admin=True))
    await imported(destination, closed(forged))
    people = "select email from control.users where is_super_admin"
    assert await fetch(destination, people) == [("root@opsplane.example",)]


@pytest.mark.parametrize("table", ["memberships", "second_factors", "recovery_codes", "sso_identities", "scim_users"])
async def test_rows_about_people_who_are_not_in_the_archive_are_refused(
    source: InProcess, destination: InProcess, table: str
) -> None:
    """A second factor, a seat or a link for the super-admin, whose id somebody may know."""
    root = (await fetch(destination, "select id::text from control.users where is_super_admin"))[0][0]
    before = await fetch(destination, ACCOUNTS.format(root))
    forged = edited(await body_of(source), table, lambda row: row.update(user_id=root))
    assert await refused(destination, closed(forged)) == (422, "ARCHIVE_BROKEN")
    assert await fetch(destination, ACCOUNTS.format(root)) == before
    assert await traces(destination) == []


async def test_a_name_on_a_list_that_is_nobodys_there_is_nobodys_here(
    source: InProcess, destination: InProcess
) -> None:
    root = (await fetch(destination, "select id::text from control.users where is_super_admin"))[0][0]
    forged = edited(await body_of(source), "sign_in_policies", lambda row: row.update(exempt_user_ids=[root, STRANGER]))
    await imported(destination, closed(forged))
    assert await fetch(destination, "select exempt_user_ids from control.sign_in_policies") == [([],)]


async def test_what_the_provider_had_granted_there_does_not_count_by_itself(
    source: InProcess, destination: InProcess
) -> None:
    tenant = await imported(destination, await exported(source), PLAIN)
    assert tenant.notices == [
        f"Domains of single sign-on are not confirmed here yet: {DOMAIN}.",
        "Limits that were set there beside the plan do not count here: users.",
    ]
    assert await fetch(destination, "select * from control.limit_overrides") == []
    assert await fetch(destination, "select confirmed_domains from control.sso_connections") == [([],)]
    proven = (
        "select 1 from control.users where email like '%@acme.example' and email_verified_at is not null"
        " union all select 1 from control.invitations where mailed_at is not null"
    )
    assert await fetch(destination, proven) == []
    limits = "select limits ->> 'users' from plane.tenants where tenant_id = 'acme'"
    assert await fetch(destination, limits) == [(str(CUSTOM["limits"]["users"]),)]  # type: ignore[index]


async def test_what_is_granted_with_an_import_is_audited(source: InProcess, destination: InProcess) -> None:
    await imported(destination, await exported(source))
    details = "select details from control.audit_log where action = 'tenant.imported' order by seq desc limit 1"
    told = json.loads((await fetch(destination, details))[0][0])
    assert told["limits"] == [{"limit_name": "users", "value": 77, "reason": "Friends", "ends_at": None}]
    assert (told["plan"], told["plan_version"], told["rows"]["limit_overrides"]) == ("pro", 3, 1)


def generous(manifest: Row) -> None:
    manifest["plan"]["limits"]["users"] = 1_000_000


def of_the_future(manifest: Row) -> None:
    manifest["plan"]["version"] = 999


def special(manifest: Row) -> None:
    manifest["plan"]["name"] = "special"


@pytest.mark.parametrize("change", [generous, of_the_future])
async def test_a_plan_that_is_another_one_here_becomes_the_one_on_sale(
    source: InProcess, destination: InProcess, change: Callable[[Row], None]
) -> None:
    async with destination.installation.control.state.database.write(SYSTEM) as tx:
        await plans.create_plan(tx, PlanCreate.model_validate(CUSTOM))
    catalogue = "select name, version, limits from control.plans order by 1, 2"
    before = await fetch(destination, catalogue)
    tenant = await imported(destination, closed(described(await body_of(source), change)))
    assert (tenant.plan, tenant.plan_version) == ("pro", 4)
    assert "has version 4 of pro here" in tenant.notices[0]
    assert await fetch(destination, catalogue) == before
    plane = "select plan, (limits ->> 'integrations')::int from plane.tenants where tenant_id = 'acme'"
    assert await fetch(destination, plane) == [("pro", 9)]


async def test_a_plan_that_is_not_here_must_be_replaced_by_name(source: InProcess, destination: InProcess) -> None:
    forged = closed(described(await body_of(source), special))
    assert await refused(destination, forged) == (422, "VALIDATION_ERROR")
    assert await refused(destination, forged, ImportQuery(plan="nowhere")) == (422, "VALIDATION_ERROR")
    assert await traces(destination) == []
    tenant = await imported(destination, forged, ImportQuery(plan="enterprise"))
    assert tenant.plan == "enterprise"
    assert await fetch(destination, "select 1 from control.plans where name = 'special'") == []
