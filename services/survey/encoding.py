"""JSON for the database and the wire."""

from typing import Any

import orjson


def to_json(value: Any) -> bytes:
    """Times in UTC with `Z`. The database driver has a UUID class of its own, which orjson leaves to `default`."""
    return orjson.dumps(value, default=str, option=orjson.OPT_UTC_Z)


def as_text(value: Any) -> str:
    """For a parameter of a statement. What a sender wrote may hold NUL characters, which PostgreSQL stores nowhere."""
    return as_stored(value)[0]


def as_stored(value: Any) -> tuple[str, Any]:
    """The same, and the value as the database will have it."""
    encoded = to_json(value)
    if b"\\u0000" in encoded:
        value = _without_nul(value)
        encoded = to_json(value)
    return encoded.decode(), value


def _without_nul(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\x00", "")
    if isinstance(value, dict):
        return {_without_nul(key): _without_nul(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_nul(each) for each in value]
    return value
