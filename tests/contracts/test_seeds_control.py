"""What the four seeds document about tenants, identity, keys, roles, rates and errors, asked of a whole installation
over HTTP, under /api and under /api/v1: their paths, their fields, their statuses.
"""

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio

from infra.local.postgres import throw_away
from tests.support.origin import InProcess, installed
from tests.support.tenant_plane import until

ROOTS = ["/api", "/api/v1"]
ERROR = {"error", "code", "trace_id", "detail", "status_code"}
"""AtlasAI's three fields, and ChatOps' two."""
RATE = {"x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"}
PASSWORD = "a long enough passphrase"


@pytest_asyncio.fixture(scope="module")
async def origin(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[InProcess]:
    """With the rates that the product ships with."""
    with throw_away() as url:
        async with installed(url, tmp_path_factory.mktemp("seeds"), requests_per_minute={}) as origin:
            yield origin


@pytest_asyncio.fixture
async def nobody(origin: InProcess) -> AsyncIterator[httpx.AsyncClient]:
    async with origin.client() as client:
        yield client


@pytest_asyncio.fixture
async def admin(origin: InProcess) -> AsyncIterator[httpx.AsyncClient]:
    async with origin.client(await token_of(origin, "admin")) as client:
        yield client


@pytest_asyncio.fixture
async def root(origin: InProcess) -> AsyncIterator[httpx.AsyncClient]:
    async with origin.client(await origin.root_token()) as client:
        yield client


_tokens: dict[tuple[int, str], str] = {}


async def token_of(origin: InProcess, role: str) -> str:
    """One session a role, for the whole module."""
    name = (id(origin), role)
    if name not in _tokens:
        _tokens[name] = await origin.token(origin.demo.person("acme", role))
    return _tokens[name]


def data(answer: httpx.Response, status: int = 200) -> Any:
    assert answer.status_code == status, answer.text
    assert set(answer.headers) >= RATE
    body = answer.json()
    assert set(body) <= {"data", "message"}
    return body["data"]


def refused(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    body: dict[str, Any] = answer.json()
    assert (answer.status_code, body["code"], body["status_code"]) == (status, code, status), answer.text
    assert set(answer.headers) >= RATE
    assert set(body) >= ERROR
    assert body["detail"] == body["error"]
    assert body["trace_id"] == answer.headers["x-trace-id"]
    return body


async def invited(admin: httpx.AsyncClient, email: str) -> str:
    """The token in the link of an invitation."""
    body = {"emails": [email], "role": "viewer"}
    (invitation,) = data(await admin.post("/api/users/invitations", json=body), 201)["items"]
    return str(invitation["link"].rpartition("#")[2])


@pytest.mark.parametrize("root_path", ROOTS)
async def test_atlas_auth_token(origin: InProcess, nobody: httpx.AsyncClient, root_path: str) -> None:
    person = origin.demo.person("acme", "admin")
    answer = data(await nobody.post(f"{root_path}/auth/token", json=person))
    assert set(answer) >= {"token", "refresh_token", "user"}
    assert (answer["user"]["email"], answer["user"]["role"]) == (person["email"], "admin")
    bare = (await nobody.post(f"{root_path}/auth/token?profile=bare", json=person)).json()
    assert set(bare) == set(answer), "as AtlasAI's own example shows it, without data"
    headers = {"authorization": f"Bearer {answer['token']}", "x-tenant-id": "acme"}
    assert set(data(await nobody.get(f"{root_path}/incidents", headers=headers))) >= {
        "items",
        "total",
        "limit",
        "offset",
    }
    wrong = {**person, "password": "something else"}
    refused(await nobody.post(f"{root_path}/auth/token", json=wrong), 401, "UNAUTHORIZED")
    refused(await nobody.post(f"{root_path}/auth/token", json={"email": person["email"]}), 422, "VALIDATION_ERROR")


@pytest.mark.parametrize("root_path", ROOTS)
async def test_chatops_auth(admin: httpx.AsyncClient, nobody: httpx.AsyncClient, root_path: str) -> None:
    """Register, login, refresh, me, change-password, logout: a person's life in that order."""
    email = f"new-{uuid4().hex[:8]}@acme.example"
    body = {"token": await invited(admin, email), "name": "Noor", "password": PASSWORD}
    registered = data(await nobody.post(f"{root_path}/auth/register", json=body), 201)
    assert registered["email"] == email
    refused(await nobody.post(f"{root_path}/auth/register", json={**body, "password": "x"}), 422, "VALIDATION_ERROR")

    session = data(await nobody.post(f"{root_path}/auth/login", json={"email": email, "password": PASSWORD}))
    refresh = {"refresh_token": session["refresh_token"]}
    session = data(await nobody.post(f"{root_path}/auth/refresh", json=refresh))
    assert set(session) >= {"token", "refresh_token"}

    me = {"authorization": f"Bearer {session['token']}"}
    assert data(await nobody.get(f"{root_path}/auth/me", headers=me))["email"] == email
    assert data(await nobody.put(f"{root_path}/auth/me", headers=me, json={"name": "Noor B."}))["name"] == "Noor B."
    refused(await nobody.get(f"{root_path}/auth/me"), 401, "UNAUTHORIZED")

    change = {"old_password": PASSWORD, "new_password": f"{PASSWORD} again"}
    assert data(await nobody.post(f"{root_path}/auth/change-password", headers=me, json=change))["changed"] is True
    refused(await nobody.post(f"{root_path}/auth/change-password", headers=me, json=change), 401, "UNAUTHORIZED")

    refresh = {"refresh_token": session["refresh_token"]}
    data(await nobody.post(f"{root_path}/auth/logout", headers=me, json=refresh))
    refused(await nobody.post(f"{root_path}/auth/refresh", json=refresh), 401, "UNAUTHORIZED")


@pytest.mark.parametrize("root_path", ROOTS)
async def test_chatops_api_keys(admin: httpx.AsyncClient, nobody: httpx.AsyncClient, root_path: str) -> None:
    made = data(await admin.post(f"{root_path}/api-keys", json={"name": "agent", "scope": "viewer"}), 201)
    mine = data(await admin.get(f"{root_path}/api-keys/me"))["items"]
    assert made["key_id"] in {key["key_id"] for key in mine}
    assert made["api_key"] not in str(mine)
    headers = {"x-api-key": made["api_key"]}
    data(await nobody.get(f"{root_path}/incidents", headers=headers))
    data(await admin.delete(f"{root_path}/api-keys/{made['key_id']}"))
    refused(await admin.delete(f"{root_path}/api-keys/nothing"), 404, "NOT_FOUND")


@pytest.mark.parametrize("root_path", ROOTS)
async def test_aiops_apikeys(
    origin: InProcess, admin: httpx.AsyncClient, nobody: httpx.AsyncClient, root_path: str
) -> None:
    body = {
        "name": "Production Ingestion",
        "scope": "ingestion",
        "rate_limit_rps": 1000,
        "expires_at": "2099-01-01T00:00:00Z",
    }
    made = await admin.post(f"{root_path}/apikeys?profile=bare", json=body)
    assert made.status_code == 201
    assert set(made.json()) >= {"key_id", "api_key", "scope", "created_at"}
    assert made.json().items() >= {**body, "expires_at": "2099-01-01T00:00:00.000Z"}.items()
    listed = data(await admin.get(f"{root_path}/apikeys"))["items"]
    (key,) = [key for key in listed if key["key_id"] == made.json()["key_id"]]
    assert made.json()["api_key"].startswith(key["prefix"].removesuffix("…"))
    assert made.json()["api_key"] not in str(listed)
    alert = {"title": "High CPU", "severity": "critical", "service": "payments"}
    sender = {"authorization": f"Bearer {made.json()['api_key']}"}
    data(await nobody.post(f"{root_path}/webhook", headers=sender, json=alert))
    async with origin.client(await token_of(origin, "operator")) as operator:
        refused(await operator.post(f"{root_path}/apikeys", json=body), 403, "FORBIDDEN")
    data(await admin.delete(f"{root_path}/apikeys/{made.json()['key_id']}"))


@pytest.mark.parametrize("root_path", ROOTS)
async def test_aiops_tenants(root: httpx.AsyncClient, admin: httpx.AsyncClient, root_path: str) -> None:
    tenant_id = f"acme-{uuid4().hex[:8]}"
    body = {"tenant_id": tenant_id, "name": "Acme Corporation", "plan": "pro", "contact_email": "ops@acme.com"}
    made = await root.post(f"{root_path}/tenants?profile=bare", json=body)
    assert made.status_code == 201, made.text
    assert made.json()["tenant_id"] == tenant_id
    assert made.json()["created_at"].endswith("Z")
    listed = await root.get(f"{root_path}/tenants?profile=bare&q={tenant_id}")
    (tenant,) = listed.json()["tenants"]
    assert set(tenant) >= {"tenant_id", "name", "plan", "created_at", "events_this_month"}
    assert (tenant["name"], tenant["plan"]) == ("Acme Corporation", "pro")
    assert (tenant["created_at"], tenant["events_this_month"]) == (made.json()["created_at"], 0)
    refused(await admin.get(f"{root_path}/tenants"), 403, "FORBIDDEN")
    refused(await admin.post(f"{root_path}/tenants", json=body), 403, "FORBIDDEN")
    refused(await root.post(f"{root_path}/tenants", json={**body, "plan": "free"}), 409, "CONFLICT")


@pytest.mark.parametrize("root_path", ROOTS)
@pytest.mark.parametrize(("role", "level"), [("viewer", 1), ("operator", 2), ("admin", 3)])
async def test_aiops_permissions(origin: InProcess, root_path: str, role: str, level: int) -> None:
    async with origin.client(await token_of(origin, role)) as client:
        answer = (await client.get(f"{root_path}/rbac/permissions?profile=bare")).json()
    assert set(answer) == {"tenant_id", "user_id", "role", "level", "permissions"}
    assert (answer["tenant_id"], answer["role"], answer["level"]) == ("acme", role, level)
    assert answer["permissions"] == sorted(set(answer["permissions"]))


@pytest.mark.parametrize("root_path", ROOTS)
async def test_chatcli_keys_roles_and_pages(
    origin: InProcess, admin: httpx.AsyncClient, nobody: httpx.AsyncClient, root_path: str
) -> None:
    """viewer GETs, operator POSTs actions, admin does all; in Kubernetes' shape, as the key was made for it."""
    keys = {}
    for role in ("viewer", "operator", "admin"):
        body = {"name": role, "scope": role, "profile": "k8s"}
        keys[role] = {"x-api-key": data(await admin.post(f"{root_path}/apikeys", json=body), 201)["api_key"]}
    incident = data(await admin.post(f"{root_path}/incidents", json={"title": "Down", "severity": "P1"}), 201)
    path = f"{root_path}/incidents"
    listed = await nobody.get(f"{path}?page=2&pageSize=1", headers=keys["viewer"])
    assert (listed.status_code, set(listed.json())) == (200, {"apiVersion", "kind", "metadata", "items"})
    assert (listed.json()["apiVersion"], listed.json()["kind"]) == ("v1", "IncidentList")
    assert listed.json()["metadata"].items() >= {"page": 2, "pageSize": 1}.items()
    acknowledge = f"{path}/{incident['reference']}/acknowledge"
    forbidden = await nobody.post(acknowledge, headers=keys["viewer"], json={})
    assert (forbidden.status_code, forbidden.json()["code"]) == (403, "FORBIDDEN")
    assert (await nobody.post(acknowledge, headers=keys["operator"], json={})).status_code == 200
    assert (await nobody.get(f"{root_path}/apikeys", headers=keys["admin"])).status_code == 200
    refused(await nobody.get(path), 401, "UNAUTHORIZED")
    unknown = f"opk_acme_{'a' * 12}_{'b' * 43}"
    refused(await nobody.get(path, headers={"x-api-key": unknown}), 401, "UNAUTHORIZED")


@pytest.mark.parametrize(("role", "limit"), [("viewer", 100), ("operator", 500), ("admin", 1000)])
@pytest.mark.parametrize("root_path", ROOTS)
@pytest.mark.parametrize("path", ["/incidents", "/auth/me"])
async def test_chatcli_rates_by_role(origin: InProcess, root_path: str, path: str, role: str, limit: int) -> None:
    async with origin.client(await token_of(origin, role)) as client:
        answer = await client.get(root_path + path)
    assert answer.status_code == 200
    assert answer.headers["x-ratelimit-limit"] == str(limit)
    assert 0 <= int(answer.headers["x-ratelimit-remaining"]) < limit
    assert int(answer.headers["x-ratelimit-reset"]) > 1_700_000_000


@pytest.mark.parametrize("path", ["/api/v1/incidents", "/api/v1/auth/me"])
async def test_chatcli_over_the_rate(origin: InProcess, path: str) -> None:
    """Two hundred and one in at most two minutes: in one of them there are too many."""
    async with origin.client(await origin.token(origin.demo.person("globex", "viewer"))) as viewer:
        answers = [await viewer.get(path) for _ in range(201)]
    over = [answer for answer in answers if answer.status_code != 200]
    assert over
    for answer in over:
        refused(answer, 429, "RATE_LIMIT")
        assert 1 <= int(answer.headers["retry-after"]) <= 61
        assert answer.headers["x-ratelimit-remaining"] == "0"


async def answered(admin: httpx.AsyncClient, path: str, status: int) -> httpx.Response:
    """To one more incident, once the tenant's plane has heard of its limit."""

    async def look() -> httpx.Response | None:
        answer = await admin.post(path, json={"title": "Down", "severity": "P1"})
        return answer if answer.status_code == status else None

    return await until(look, seconds=15)


@pytest.mark.parametrize("root_path", ROOTS)
async def test_atlas_error_codes(admin: httpx.AsyncClient, root: httpx.AsyncClient, root_path: str) -> None:
    path = f"{root_path}/incidents"
    incident = data(await admin.post(path, json={"title": "Down", "severity": "P1"}), 201)
    one = f"{path}/{incident['id']}"
    refused(await admin.get(one, headers={"authorization": "Bearer nonsense"}), 401, "UNAUTHORIZED")
    refused(await admin.get(one, headers={"x-tenant-id": "globex"}), 403, "FORBIDDEN")
    refused(await admin.get(f"{path}/{uuid4()}"), 404, "NOT_FOUND")
    assert refused(await admin.post(path, json={}), 422, "VALIDATION_ERROR")["errors"]
    refused(await admin.post(path, content=b"{"), 400, "BAD_REQUEST")
    refused(await admin.patch(one, json={"status": "closed"}), 400, "INVALID_TRANSITION")
    limit = {"limit_name": "incidents_per_month", "value": 0, "reason": "the contract's test"}
    lowered = data(await root.post(f"{root_path}/tenants/acme/limits", json=limit), 201)
    refused(await answered(admin, path, 402), 402, "QUOTA_EXCEEDED")
    data(await root.delete(f"{root_path}/tenants/acme/limits/{lowered['limit_id']}"))
    data(await answered(admin, path, 201), 201)


@pytest.mark.parametrize("root_path", ROOTS)
@pytest.mark.parametrize(
    ("who", "method", "path", "status", "code"),
    [
        ("nobody", "GET", "/incidents", 401, "UNAUTHORIZED"),
        ("nobody", "GET", "/auth/me", 401, "UNAUTHORIZED"),
        ("nobody", "GET", "/tenants", 401, "UNAUTHORIZED"),
        ("admin", "POST", "/incidents", 400, "VALIDATION_ERROR"),
        ("root", "POST", "/tenants", 400, "VALIDATION_ERROR"),
        ("admin", "GET", "/tenants", 403, "FORBIDDEN"),
        ("admin", "GET", "/incidents/INC-99999999", 404, "NOT_FOUND"),
        ("root", "GET", "/tenants/nobody-is-called-so", 404, "NOT_FOUND"),
        ("root", "POST", "/tenants/acme/resume", 409, "INVALID_TRANSITION"),
        ("nobody", "GET", "/nothing", 404, "NOT_FOUND"),
    ],
)
async def test_chatcli_errors_in_kubernetes_shape(
    nobody: httpx.AsyncClient,
    admin: httpx.AsyncClient,
    root: httpx.AsyncClient,
    root_path: str,
    who: str,
    method: str,
    path: str,
    status: int,
    code: str,
) -> None:
    client = {"nobody": nobody, "admin": admin, "root": root}[who]
    headers = {"accept": "application/vnd.k8s+json"}
    answer = await client.request(method, root_path + path, headers=headers, json={})
    body = answer.json()
    assert (answer.status_code, body["code"], body["status_code"]) == (status, code, status), answer.text
    assert (body["apiVersion"], body["kind"]) == ("v1", "Error")
    assert body["message"] == body["error"]
    assert set(answer.headers) >= RATE


@pytest.mark.parametrize("root_path", ROOTS)
async def test_chatops_people_register_themselves_where_the_installation_is_open(
    nobody: httpx.AsyncClient, root_path: str
) -> None:
    """This one is not; tests/control_plane/identity has one that is."""
    body = {"email": "stranger@acme.example", "password": PASSWORD, "name": "Stranger"}
    refused(await nobody.post(f"{root_path}/auth/register", json=body), 403, "REGISTRATION_CLOSED")
