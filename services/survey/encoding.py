"""JSON for the database and the wire."""

from typing import Any

import orjson


def to_json(value: Any) -> bytes:
    """Times in UTC with `Z`. The database driver has a UUID class of its own, which orjson leaves to `default`."""
    return orjson.dumps(value, default=str, option=orjson.OPT_UTC_Z)
