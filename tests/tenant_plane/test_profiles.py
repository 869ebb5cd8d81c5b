"""One answer in three shapes: atlas, k8s, bare; for a list, for one, for a refusal."""

import httpx
import pytest

from tests.support.tenant_plane import data, fired, incident_of, opened, refused

K8S = {"accept": "application/vnd.k8s+json"}


async def test_atlas_is_the_default(admin: httpx.AsyncClient) -> None:
    incident = await opened(admin)
    response = await admin.get("/api/incidents")
    assert response.headers["content-type"] == "application/json"
    assert response.json() == {"data": {"items": [incident], "total": 1, "limit": 50, "offset": 0, "next_cursor": None}}
    assert (await admin.get("/api/incidents/INC-1")).json() == {"data": incident}
    assert (await admin.get("/api/incidents/INC-1?profile=atlas", headers=K8S)).json() == {"data": incident}


@pytest.mark.parametrize(
    ("suffix", "headers"), [("profile=k8s", {}), ("", K8S), ("", {"accept": f"a/b, {K8S['accept']}"})]
)
async def test_k8s(admin: httpx.AsyncClient, suffix: str, headers: dict[str, str]) -> None:
    for _ in range(3):
        await opened(admin)
    page = data(await admin.get("/api/incidents?limit=2"))
    body = (await admin.get(f"/api/incidents?limit=2&{suffix}", headers=headers)).json()
    assert body == {
        "apiVersion": "v1",
        "kind": "IncidentList",
        "metadata": {"totalCount": 3, "page": 1, "pageSize": 2, "continue": page["next_cursor"]},
        "items": page["items"],
    }
    second = (await admin.get(f"/api/incidents?page=2&pageSize=2&{suffix}", headers=headers)).json()
    assert second["metadata"] == {"totalCount": 3, "page": 2, "pageSize": 2}
    incident = await incident_of(admin, "INC-1")
    response = await admin.get(f"/api/incidents/INC-1?{suffix}", headers=headers)
    assert response.headers["etag"] == '"1"'
    assert response.json() == {
        "apiVersion": "v1",
        "kind": "Incident",
        "metadata": {
            "name": "INC-00000001",
            "uid": incident["id"],
            "creationTimestamp": incident["created_at"],
        },
        "spec": incident,
        "status": incident,
    }


async def test_k8s_of_an_alert_and_of_what_has_no_id(admin: httpx.AsyncClient) -> None:
    answer = await fired(admin, labels={"team": "pay"})
    path = f"/api/alerts/{answer['alerts'][0]['alert_id']}"
    body = (await admin.get(path, headers=K8S)).json()
    assert (body["kind"], body["metadata"]["name"]) == ("Alert", "High CPU")
    assert body["metadata"]["labels"] == body["spec"]["labels"] == data(await admin.get(path))["labels"]
    me = (await admin.get("/api/rbac/permissions", headers=K8S)).json()
    assert (me["kind"], me["metadata"], me["spec"]["role"]) == ("Permissions", {}, "admin")


async def test_bare(admin: httpx.AsyncClient) -> None:
    for _ in range(3):
        await opened(admin)
    page = data(await admin.get("/api/incidents?limit=2"))
    assert (await admin.get("/api/incidents?limit=2&profile=bare")).json() == {
        "incidents": page["items"],
        "count": 2,
        "total": 3,
        "page_token": page["next_cursor"],
    }
    assert (await admin.get("/api/incidents/INC-1?profile=bare")).json() == {
        "incident": await incident_of(admin, "INC-1")
    }
    me = data(await admin.get("/api/rbac/permissions"))
    assert (await admin.get("/api/rbac/permissions?profile=bare")).json() == me


async def test_refusals_in_each_profile(admin: httpx.AsyncClient) -> None:
    await opened(admin)
    step = {"status": "closed"}
    path = "/api/incidents/INC-1"
    atlas = refused(await admin.patch(path, json=step), 400, "INVALID_TRANSITION")
    bare = refused(await admin.patch(f"{path}?profile=bare", json=step), 400, "INVALID_TRANSITION")
    k8s = refused(await admin.patch(path, json=step, headers=K8S), 409, "INVALID_TRANSITION")
    assert set(atlas) == set(bare) == {"error", "code", "trace_id", "detail", "status_code"}
    assert set(k8s) == {*atlas, "apiVersion", "kind", "message"}
    assert (k8s["apiVersion"], k8s["kind"], k8s["message"]) == ("v1", "Error", k8s["detail"])
    wrong = refused(await admin.post("/api/incidents", json={}, headers=K8S), 400, "VALIDATION_ERROR")
    assert [error["field"] for error in wrong["errors"]] == ["body.title", "body.severity"]
    assert refused(await admin.get("/api/incidents/INC-9", headers=K8S), 404, "NOT_FOUND")["kind"] == "Error"


async def test_a_profile_that_does_not_exist(admin: httpx.AsyncClient) -> None:
    error = refused(await admin.get("/api/incidents?profile=xml"), 422, "VALIDATION_ERROR")
    assert error["detail"] == "query.profile: must be one of atlas, k8s, bare."
