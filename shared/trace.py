"""One trace id per request or job, in every log line, error body and event.

A W3C ``traceparent`` header is honoured (https://www.w3.org/TR/trace-context/), so that a caller's trace goes on here.
"""

import re
import secrets
from contextvars import ContextVar

current_trace_id: ContextVar[str] = ContextVar("trace_id", default="-")
current_address: ContextVar[str | None] = ContextVar("address", default=None)
"""The address of the caller, for the audit log; None for work that no request caused."""
_TRACEPARENT = re.compile(r"^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$")


def trace_id_from(traceparent: str | None) -> str:
    found = _TRACEPARENT.match(traceparent or "")
    return found[1] if found else secrets.token_hex(16)
