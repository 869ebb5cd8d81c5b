"""The keys that sign tokens change while people work in planes that are processes of their own: no request fails."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import jwt

from tests.crash.planes import two_planes
from tests.support.waiting import eventually

LEAD_IS_OVER = "update control.signing_keys set active_from = active_from - interval '15 minutes'"
"""As a quarter of an hour does; the planes keep what they know of the keys."""
STANDING = "select state from plane.tenants where tenant_id = 'globex'"


def kid_of(token: str) -> str:
    return str(jwt.get_unverified_header(token)["kid"])


@dataclass
class Person:
    """Has the session refreshed again and again, and asks the tenant plane with the newest token."""

    control: httpx.Client
    tenant: httpx.Client
    session: dict[str, Any]
    answers: list[int] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    def ask(self, token: str) -> int:
        return self.tenant.get("/api/incidents", headers={"authorization": f"Bearer {token}"}).status_code

    def work(self) -> None:
        while not self.stop.wait(0.1):
            body = {"refresh_token": self.session["refresh_token"]}
            refreshed = self.control.post("/api/auth/refresh", json=body)
            self.answers.append(refreshed.status_code)
            self.session = refreshed.json()["data"]
            self.answers.append(self.ask(self.session["token"]))

    def until_more(self, count: int) -> None:
        enough = len(self.answers) + count
        eventually(lambda: len(self.answers) >= enough, f"{count} more answers", seconds=60)


@contextmanager
def working(person: Person) -> Iterator[None]:
    thread = threading.Thread(target=person.work)
    thread.start()
    try:
        yield
    finally:
        person.stop.set()
        thread.join(60)


def test_planes_follow_a_new_key_without_a_failed_request(folder: Path) -> None:
    with two_planes(folder) as planes, planes.control() as control, planes.tenant() as tenant:
        root, operator = planes.root(control), planes.demo.person("acme", "operator")
        first = control.post("/api/auth/token", json=operator).raise_for_status().json()["data"]
        person = Person(control, tenant, first)
        with working(person):
            person.until_more(10)
            rotated = control.post("/api/auth/signing-keys/rotate", headers=root, json={}).raise_for_status()
            new = rotated.json()["data"]["keys"][-1]["kid"]
            eventually(lambda: new in control.get("/.well-known/jwks.json").text, "the new key is published")
            assert kid_of(person.session["token"]) != new
            planes.rows(LEAD_IS_OVER)
            eventually(lambda: kid_of(person.session["token"]) == new, "the new key signs", seconds=60)
            person.until_more(10)
        assert set(person.answers) == {200}
        assert person.ask(first["token"]) == 200, "what the old key signed is still believed"
        control.post("/api/tenants/globex/suspend", headers=root, json={"reason": "unpaid"}).raise_for_status()
        assert [row["state"] for row in planes.rows(STANDING)] == ["suspended"], "the planes understand each other"
