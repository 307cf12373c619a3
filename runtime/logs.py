"""Structured logs: one JSON object a line on standard output, with the request and trace they belong to."""

import logging
import sys
from collections.abc import Generator
from contextlib import contextmanager

import orjson
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

QUIET_LIBRARIES = ("httpx", "httpcore", "asyncio", "uvicorn.access", "websockets")


def without_colours(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """uvicorn says everything twice, once for terminals."""
    event.pop("color_message", None)
    return event


BEFORE: tuple[Processor, ...] = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.ExtraAdder(),
    without_colours,
    structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
    # Local variables of a traceback may hold secrets and personal fields: they stay out.
    structlog.processors.ExceptionRenderer(structlog.tracebacks.ExceptionDictTransformer(show_locals=False)),
)
"""What happens to a record before it is written, be it ours or a library's."""


def start_logging(level: str = "info") -> None:
    """Send structlog's and the libraries' records to standard output as JSON lines. Call once, before any logging."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=BEFORE,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(serializer=as_json),
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    for name in QUIET_LIBRARIES:
        logging.getLogger(name).setLevel(logging.WARNING)
    filter_first, wrap_last = structlog.stdlib.filter_by_level, structlog.stdlib.ProcessorFormatter.wrap_for_formatter
    structlog.configure(
        processors=[filter_first, *BEFORE, wrap_last],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def logger(name: str) -> structlog.stdlib.BoundLogger:
    """A logger; what is bound by `request_context` is in each of its records."""
    return structlog.stdlib.get_logger(name)


@contextmanager
def request_context(request_id: str, trace_id: str | None = None) -> Generator[None]:
    """Everything logged inside, in this task and those it starts, carries the ids."""
    ids = {"request_id": request_id} if trace_id is None else {"request_id": request_id, "trace_id": trace_id}
    with structlog.contextvars.bound_contextvars(**ids):
        yield


def bound_request_id() -> str | None:
    """The request id that what is logged now would carry."""
    return structlog.contextvars.get_contextvars().get("request_id")


def trace_of(traceparent: str | None) -> str | None:
    """The id of the trace that a W3C `traceparent` belongs to."""
    return traceparent.split("-")[1] if traceparent else None


def as_json(record: object, **_options: object) -> str:
    return orjson.dumps(record, default=repr, option=orjson.OPT_NON_STR_KEYS).decode()
