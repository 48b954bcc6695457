"""JSON Schemas of the events, and what may change in them without a new version."""

from collections.abc import Iterator
from typing import Any

from shared.contracts.base import Payload

Schema = dict[str, Any]


def schema_of(payload: type[Payload]) -> Schema:
    """JSON Schema 2020-12 of the event's `data`. Readers must allow fields that are not in it."""
    schema: Schema = payload.model_json_schema()
    for part in (schema, *schema.get("$defs", {}).values()):
        part.pop("additionalProperties", None)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def incompatibilities(old: Schema, new: Schema) -> Iterator[str]:
    """What a reader or a writer of the old schema would trip over, in sentences. Nothing: the change may stay in `.v1`.

    Allowed: new optional fields, new types, further values of a field that has a list of them, other descriptions. Not
    allowed: a field that goes, changes its type, loses a value, stops being always there, or is newly demanded.
    """
    yield from _object("", old, new)
    for name, part in old.get("$defs", {}).items():
        if name not in new.get("$defs", {}):
            yield f"{name} is gone"
        else:
            yield from _object(f"{name}.", part, new["$defs"][name])


def _object(place: str, old: Schema, new: Schema) -> Iterator[str]:
    if set(old.get("enum", ())) - set(new.get("enum", ())):
        yield f"{place or 'the schema'} lost values"
    before, after = old.get("properties", {}), new.get("properties", {})
    for name in before.keys() - after.keys():
        yield f"{place}{name} was removed"
    for name in before.keys() & after.keys():
        if not _fits(before[name], after[name]):
            yield f"{place}{name} changed its type"
    for name in set(new.get("required", ())) - set(old.get("required", ())):
        yield f"{place}{name} is newly required: an event written before has it not"
    for name in set(old.get("required", ())) - set(new.get("required", ())):
        yield f"{place}{name} is no longer always there"


def _fits(before: Any, after: Any) -> bool:
    """Whether all that `before` allows is still allowed, prose aside; only lists of values may have grown."""
    if isinstance(before, dict) and isinstance(after, dict):
        old, new = _shape(before), _shape(after)
        values = set(old.pop("enum", ())) <= set(new.pop("enum", ()))
        return values and old.keys() == new.keys() and all(_fits(old[key], new[key]) for key in old)
    if isinstance(before, list) and isinstance(after, list):
        return len(before) == len(after) and all(map(_fits, before, after))
    return bool(before == after)


def _shape(field: Schema) -> Schema:
    """Without prose; a single value is a list of one."""
    shape = {key: value for key, value in field.items() if key not in ("description", "title", "examples", "const")}
    return shape | ({"enum": [field["const"]]} if "const" in field else {})
