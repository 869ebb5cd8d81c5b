"""What the adapter tests share: fixtures by name, one fixed moment, and reading as a named sender."""

import copy
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import JsonValue

from tenant_plane.ingest.adapters import AlertEvent, adapter_for

FIXTURES = Path(__file__).parent / "fixtures"
NOW = datetime(2026, 4, 10, 12, 5, tzinfo=UTC)


def fixture(name: str) -> JsonValue:
    payload: JsonValue = json.loads((FIXTURES / f"{name}.json").read_text())
    return payload


def read(source: str, payload: JsonValue) -> list[AlertEvent]:
    return adapter_for(source)[1](payload, NOW)


def read_one(source: str, payload: JsonValue) -> AlertEvent:
    (event,) = read(source, payload)
    return event


def sender(name: str) -> str:
    """Of the fixture of this name."""
    return name.partition("_")[0]


def changed(payload: Any, **values: Any) -> Any:
    return {**copy.deepcopy(payload), **values}


def alarm_in(state: str) -> Any:
    payload: Any = copy.deepcopy(fixture("cloudwatch_alarm"))
    alarm = json.loads(payload["Message"])
    payload["Message"] = json.dumps({**alarm, "NewStateValue": state, "NewStateReason": "Threshold not crossed"})
    return payload
