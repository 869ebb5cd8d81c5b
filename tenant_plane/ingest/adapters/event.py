"""What an adapter is: a sender's JSON in, alert events out, or one of the two ways a body can fail to be one."""

from collections.abc import Callable
from datetime import datetime
from typing import TypeAlias

from pydantic import JsonValue

from tenant_plane.alerts.rules import Action as Action
from tenant_plane.alerts.schemas import AlertEvent as AlertEvent
from tenant_plane.alerts.schemas import JsonObject as JsonObject

Adapter: TypeAlias = Callable[[JsonValue, datetime], list[AlertEvent]]


class UnreadablePayload(ValueError):
    """The body can't be an alert at all. The message says why, without quoting the body."""


class NotAnAlert(UnreadablePayload):
    """A well-formed message of this sender that isn't an alert: a change event, a note, a ping."""
