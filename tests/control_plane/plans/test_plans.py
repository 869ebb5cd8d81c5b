import pytest

from tests.control_plane.support import ControlPlane


async def test_the_catalogue(control: ControlPlane) -> None:
    headers = await control.super_admin()
    data = (await control.client.get("/api/plans", headers=headers)).json()["data"]
    assert [(plan["name"], plan["version"]) for plan in data["items"]] == [("free", 1), ("pro", 1), ("enterprise", 1)]
    assert data["items"][0]["limits"] == {
        "users": 3,
        "api_keys": 2,
        "events_per_month": 10_000,
        "incidents_per_month": 50,
        "retention_days": 7,
    }
    assert (data["total"], data["limit"], data["offset"], data["next_cursor"]) == (3, 50, 0, None)


async def test_the_catalogue_page_by_page(control: ControlPlane) -> None:
    headers = await control.super_admin()
    names, cursor = [], None
    for _ in range(3):
        query = {"limit": "1"} if cursor is None else {"limit": "1", "cursor": cursor}
        data = (await control.client.get("/api/plans", params=query, headers=headers)).json()["data"]
        names += [plan["name"] for plan in data["items"]]
        cursor = data["next_cursor"]
    assert (names, cursor) == (["free", "pro", "enterprise"], None)


@pytest.mark.parametrize(
    "cursor", ["x", "WzFd", "WyJhIiwiYiJd", "Wzk5OTk5OTk5OTk5OSwiYSJd", "WzEsIlx1MDAwMCJd", "WzEsIlx1ZDgwMCJd"]
)
async def test_a_cursor_that_is_none(control: ControlPlane, cursor: str) -> None:
    headers = await control.super_admin()
    answer = await control.client.get("/api/plans", params={"cursor": cursor}, headers=headers)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "query.cursor")
