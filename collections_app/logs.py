"""Structured logs without personal data: JSON lines in production, readable lines in development."""

import logging.config
import re
from typing import Any

import structlog

# Names of values that never belong in a log, whatever wrote them.
PERSONAL = re.compile(
    r"(phone|mobile|email|address|name|document|account_number|password|token|secret|authorization|cookie|body|text)$",
    re.I,
)
HARMLESS = {"logger_name", "task_name", "event_name", "queue_name", "hostname", "filename", "func_name", "name"}
EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
LONG_NUMBER = re.compile(r"(?<![\w.-])\+?\d(?:[ -]?\d){8,}(?![\w-])")


def mask(text: str) -> str:
    """Return the text with e-mail addresses and numbers of nine digits and more blotted out."""
    return LONG_NUMBER.sub("[number]", EMAIL.sub("[e-mail]", text))


def without_personal_data(logger: Any, method: str, event: dict[str, Any]) -> dict[str, Any]:
    """Blot out personal values by the name of their key, and by their look in every other text."""
    for key, value in event.items():
        if key in {"timestamp", "_record"}:
            continue
        if key not in HARMLESS and PERSONAL.search(key):
            event[key] = "[masked]"
        elif isinstance(value, str):
            event[key] = mask(value)
    return event


def configure(*, json_lines: bool, level: str) -> None:
    """Set up structlog and the standard library's loggers to write the same lines to standard error."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        without_personal_data,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.PositionalArgumentsFormatter(),
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    renderer = (
        structlog.processors.JSONRenderer()
        if json_lines
        else structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    )
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {
                "lines": {
                    "()": structlog.stdlib.ProcessorFormatter,
                    "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
                    "foreign_pre_chain": shared,
                }
            },
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "lines"}},
            "root": {"handlers": ["stderr"], "level": level},
            "loggers": {
                # Its records of SQL would carry parameters; they are never wanted in a log.
                "django.db.backends": {"level": "WARNING"},
                "mail.log": {"level": "WARNING"},  # the mail server of tests and rehearsals, a line for each command
                "django.server": {"handlers": ["stderr"], "level": level, "propagate": False},
            },
        }
    )
