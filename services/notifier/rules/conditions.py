"""What conditions of rules see: `data`, the payload, and `event`, with its id, type, subject, time and actor."""

from collections.abc import Mapping
from typing import Any, Final

from shared.expressions import conditions
from shared.expressions.shapes import Schema, example_of, shape_of

_EVENT_SHAPE: Final[Schema] = {
    "type": "object",
    "properties": {name: {"type": "string"} for name in ("id", "type", "subject", "time", "actor")},
}


def check(condition: str, event_type: str, *, pointer: str = "/condition") -> None:
    """Raises `Unacceptable` for what makes no sense of such an event."""
    event = example_of(_EVENT_SHAPE) | {"time": "2026-03-02T09:30:00Z", "type": event_type}
    shapes = {"data": shape_of(event_type), "event": _EVENT_SHAPE}
    conditions.check(condition, shapes, pointer=pointer, examples={"event": event})


def activation_of(data: Mapping[str, Any], **event: str) -> dict[str, Any]:
    """What a condition sees."""
    return {"data": data, "event": event}
