"""The control plane is killed while tenants are made, suspended and deleted: whatever was promised becomes true, and
whatever was begun comes to its end.
"""

import random
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.crash.planes import Planes, two_planes
from tests.support.waiting import eventually

KILLS = 2
PLANE_STATE = {"active": "active", "suspended": "suspended", "deleting": "suspended"}
UNSETTLED = """
select tenant_id from control.tenants where generation > observed_generation or state in ('requested', 'provisioning')
union all select tenant_id from control.operations where state in ('pending', 'running')
"""


@dataclass
class Operator:
    """Makes tenants and changes them, one after the other, and remembers the last state that was answered."""

    headers: dict[str, str]
    number: int
    said: dict[str, str] = field(default_factory=dict)
    in_doubt: set[str] = field(default_factory=set)
    """The answer to its last call never came."""
    stop: threading.Event = field(default_factory=threading.Event)

    def work(self, url: str) -> None:
        chance = random.Random(self.number)
        with httpx.Client(base_url=url, headers=self.headers, timeout=30, trust_env=False) as client:
            while not self.stop.is_set():
                tenant_id = f"t{self.number}-{len(self.said):03}"
                body = {"tenant_id": tenant_id, "name": "T", "plan": "free", "contact_email": "ops@t.example"}
                calls = [("POST", "", body), *chance.choice(LIVES)]
                for method, verb, content in calls:
                    path = "/api/tenants" if not verb and method == "POST" else f"/api/tenants/{tenant_id}{verb}"
                    if not self._call(client, tenant_id, method, path, {**content, **confirm(method, tenant_id)}):
                        break

    def _call(self, client: httpx.Client, tenant_id: str, method: str, path: str, body: dict[str, str]) -> bool:
        try:
            answer = client.request(method, path, json=body)
        except httpx.TransportError:
            self.in_doubt.add(tenant_id)
            self.said.setdefault(tenant_id, "")
            self.stop.wait(0.2)
            return False
        assert answer.status_code in (200, 201, 503), answer.text
        if answer.is_success:
            self.said[tenant_id] = answer.json()["data"]["state"]
        return answer.is_success


def confirm(method: str, tenant_id: str) -> dict[str, str]:
    return {"confirm": tenant_id} if method == "DELETE" else {}


SUSPEND: tuple[str, str, dict[str, str]] = ("POST", "/suspend", {"reason": "unpaid"})
LIVES: tuple[list[tuple[str, str, dict[str, str]]], ...] = (
    [SUSPEND],
    [SUSPEND, ("POST", "/resume", {})],
    [SUSPEND, ("DELETE", "", {}), ("POST", "/restore", {})],
    [("DELETE", "", {})],
)


def killed_at_work(planes: Planes, round_number: int) -> list[Operator]:
    with planes.control_to_kill() as (process, client):
        operators = [Operator(planes.root(client), round_number * 10 + number) for number in range(3)]
        threads = [threading.Thread(target=one.work, args=(str(client.base_url),)) for one in operators]
        for thread in threads:
            thread.start()
        eventually(lambda: sum(len(one.said) for one in operators) >= 9, "operators are at work")
        process.kill()
        process.wait(30)
        for one in operators:
            one.stop.set()
        for thread in threads:
            thread.join(60)
    return operators


def test_a_killed_control_plane_finishes_what_it_began(folder: Path) -> None:
    with two_planes(folder) as planes, planes.tenant():
        operators = [one for number in range(1, KILLS + 1) for one in killed_at_work(planes, number)]
        with planes.control():
            eventually(lambda: planes.rows(UNSETTLED) == [], "everything is settled", seconds=60)
        states: dict[str, Any] = {
            row["tenant_id"]: row["state"] for row in planes.rows("select tenant_id, state from control.tenants")
        }
        there = {row["tenant_id"]: row["state"] for row in planes.rows("select tenant_id, state from plane.tenants")}
    promised = {t: state for one in operators for t, state in one.said.items() if t not in one.in_doubt}
    assert len(promised) > 10
    assert {tenant_id: states[tenant_id] for tenant_id in promised} == promised
    assert {tenant_id: PLANE_STATE[state] for tenant_id, state in states.items()} == there
