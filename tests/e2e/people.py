"""People and tenants that a test may change, made through the API as the screens would."""

from dataclasses import dataclass
from urllib.parse import urlsplit
from uuid import uuid4

from tests.e2e.product import Account, Api

PASSWORD = "a-password-for-tests"


@dataclass(frozen=True)
class Team:
    """A tenant of one test, with its admin."""

    operations: Api
    tenant_id: str
    name: str
    admin: Account

    @property
    def domain(self) -> str:
        return self.admin.email.partition("@")[2]

    async def invite(self, email: str, role: str) -> str:
        """The path of the link, as nobody gets mail here."""
        return await invite(self.operations, self.tenant_id, email, role)

    async def join(self, name: str, role: str = "operator") -> Account:
        """A new person with an account of their own."""
        email = f"{name.split()[0].lower()}@{self.domain}"
        return await register(self.operations, self.tenant_id, email, name, role)


async def found(operations: Api, name: str = "Wayne") -> Team:
    tenant_id = f"{name.lower()}-{uuid4().hex[:8]}"
    email = f"alva@{tenant_id}.example"
    tenant = {"tenant_id": tenant_id, "name": name, "plan": "enterprise", "contact_email": email}
    await operations.post("/api/tenants", tenant)
    return Team(operations, tenant_id, name, await register(operations, tenant_id, email, "Alva Berg", "admin"))


async def invite(operations: Api, tenant_id: str, email: str, role: str) -> str:
    body = {"emails": [email], "role": role}
    answer = await operations.post(f"/api/users/invitations?tenant_id={tenant_id}", body)
    link = urlsplit(answer["items"][0]["link"])
    return f"{link.path}#{link.fragment}"


async def register(operations: Api, tenant_id: str, email: str, name: str, role: str) -> Account:
    token = (await invite(operations, tenant_id, email, role)).partition("#")[2]
    await operations.post("/api/auth/register", {"token": token, "name": name, "password": PASSWORD})
    return Account(email, PASSWORD, tenant_id)
