"""Structured logs: one JSON object a line, with request and task ids, and never a secret."""

import os
from types import ModuleType
from typing import Any

import structlog

HIDDEN = "[hidden]"
SECRET_WORDS = ("password", "secret", "token", "authorization", "cookie", "credential", "private_key", "otp")


def hide_secrets(_logger: Any, _method: str, event: dict[str, Any]) -> dict[str, Any]:
    """Blank every value whose name says that it is a secret."""
    return {
        key: HIDDEN if any(word in key.lower() for word in SECRET_WORDS) else value
        for key, value in event.items()
    }


SHARED_PROCESSORS: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    hide_secrets,
]

LOGGING_CONFIGURATION = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "json": {
            "()": structlog.stdlib.ProcessorFormatter,
            "processors": [
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                structlog.processors.JSONRenderer(),
            ],
            "foreign_pre_chain": SHARED_PROCESSORS,
        }
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["console"], "level": os.environ.get("PLANTGOV_LOG_LEVEL", "INFO")},
    "loggers": {
        "asyncua": {"level": "ERROR"},
        "pymodbus": {"level": "CRITICAL"},
        "httpx": {"level": "WARNING"},
    },
}


def configure_structlog(library: ModuleType) -> None:
    """Send structlog through the standard library's handlers."""
    library.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *SHARED_PROCESSORS,
            structlog.processors.StackInfoRenderer(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
