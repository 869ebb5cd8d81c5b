"""Structured logs: one JSON object a line with the trace id; readable lines on a terminal."""

import logging
import sys
from typing import Any

import structlog

from shared.trace import current_trace_id


def _with_trace_id(_: Any, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    trace_id = current_trace_id.get()
    return event if trace_id == "-" else {**event, "trace_id": trace_id}


def configure_logs(*, level: str = "INFO", readable: bool = False) -> None:
    renderer: Any = (
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
        if readable
        else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[
            _with_trace_id,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *([] if readable else [structlog.processors.format_exc_info]),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )
