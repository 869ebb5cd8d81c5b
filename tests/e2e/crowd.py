"""A tenant with 5,000 incidents, written set-wise: as many as the list holds."""

from tests.e2e.product import Account, Api, Product

SIZE = 5_000
CROWD = Account("ines@initech.example", "a-password-for-tests", "initech")
INSERT = """
insert into incidents (id, title, severity, status, source, service, environment, alert_count, created_at, updated_at)
select uuidv7(),
       'Worker ' || n || ' is slow' || case when n % 250 = 0 then ' beyond words' else '' end,
       (array['critical', 'high', 'medium', 'low', 'info'])[1 + n % 5],
       (array['triggered', 'open', 'acknowledged', 'investigating', 'resolved', 'closed'])[1 + n % 6],
       'webhook',
       (array['checkout-api', 'checkout-web', 'search', 'billing', 'mail', 'ledger', 'login'])[1 + n % 7],
       'production',
       n % 40,
       now() - make_interval(mins => $2 - n),
       now() - make_interval(mins => $2 - n)
from generate_series($1::int, $2::int) as n
"""
DELETE = (
    "delete from incident_timeline where incident_id in (select id from incidents where number > $1)",
    "delete from incidents where number > $1",
)


async def found_crowd(product: Product, operations: Api) -> None:
    tenant = {"tenant_id": "initech", "name": "Initech", "plan": "enterprise", "contact_email": CROWD.email}
    await operations.post("/api/tenants", tenant)
    product.command(
        "user", "create", CROWD.email, "--name", "Ines", "--tenant", "initech", "--role", "admin",
        "--password", CROWD.password,
    )  # fmt: skip


async def fill(product: Product, first: int = 1, last: int = SIZE) -> None:
    async with product.schema("initech") as connection:
        await connection.execute(INSERT, first, last)
        await connection.execute("analyze incidents")


async def empty_beyond(product: Product, last: int) -> None:
    async with product.schema("initech") as connection:
        for statement in DELETE:
            await connection.execute(statement, last)
