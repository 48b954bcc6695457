"""JSON logs to standard output, with account, trace and event ids, and without personal data."""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO

import orjson
import structlog

# Keys whose values never belong in a log, whatever they hold.
_SECRET_KEYS = re.compile(r"password|secret|token|authorization|cookie|api_?key|signature|credential_value", re.I)
_PERSONAL_KEYS = re.compile(r"^(e?_?mail|phone|name|address|text|comment|body|subject|recipient|to)$", re.I)
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_PHONE = re.compile(r"(?<![\w-])\+\d[\d ()-]{7,}\d")
_KEY = re.compile(r"\b(?:hk|pk|whsec)_[A-Za-z0-9_-]{8,}")
_URL_PASSWORD = re.compile(r"(://[^:/\s]+:)[^@/\s]+@")
REDACTED = "[redacted]"


def configure_logging(level: str, stream: TextIO | None = None) -> None:
    """Once per process. The libraries' own logs take the same road."""
    renderer = structlog.processors.JSONRenderer(lambda value, **_: orjson.dumps(value, default=str).decode())
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        redact,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(stream or sys.stdout)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(processor=renderer, foreign_pre_chain=shared))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    # One line per reconnect attempt is noise; what matters is in our own state and metrics.
    for noisy in ("aio_pika", "aiormq", "httpx", "httpcore", "sqlalchemy.pool", "alembic"):
        logging.getLogger(noisy).setLevel(logging.CRITICAL)


def redact(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Structlog processor: takes out secrets and personal data, by key and by what a value looks like."""
    return {key: _clean(key, value) for key, value in event.items()}


def _clean(key: str, value: Any) -> Any:
    if _SECRET_KEYS.search(key) or _PERSONAL_KEYS.match(key):
        return REDACTED
    if isinstance(value, str):
        value = _URL_PASSWORD.sub(rf"\1{REDACTED}@", value)
        value = _EMAIL.sub(REDACTED, value)
        value = _KEY.sub(REDACTED, value)
        return _PHONE.sub(REDACTED, value)
    if isinstance(value, dict):
        return {inner: _clean(str(inner), item) for inner, item in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(key, item) for item in value]
    return value
