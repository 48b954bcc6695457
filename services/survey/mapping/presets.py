"""Mappings to start from: senders that Heed also knows by name, and the standard for webhooks."""

from functools import cache
from pathlib import Path
from typing import Any, Final

import orjson

from shared.http.schemas import Model

_HERE: Final = Path(__file__).parent / "presets"


class Preset(Model):
    """`settings` are those of a source with the adapter `json`."""

    name: str
    title: str
    about: str
    settings: dict[str, Any]


@cache
def presets() -> dict[str, Preset]:
    """By name, in the order of the names."""
    found = sorted(_HERE.glob("*.json"))
    return {path.stem: Preset(name=path.stem, **orjson.loads(path.read_bytes())) for path in found}
