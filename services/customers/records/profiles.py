"""What a record says, as plain rules over one or two of them."""

from collections.abc import Mapping
from typing import Any

import orjson

from services.customers.records.models import Customer
from services.customers.records.schemas import MOST_ATTRIBUTES
from shared.contracts.customers import CustomerProfile
from shared.http.errors import Unacceptable

PROFILE = tuple(CustomerProfile.model_fields)
# What an empty record says; null for all else.
EMPTY: Mapping[str, Any] = dict.fromkeys((*PROFILE, "name_key")) | {"attributes": {}, "restricted": False}


def name_key(name: str | None) -> str | None:
    """What a search by name compares: without upper and lower case."""
    return name.casefold() if name is not None else None


def profile_of(customer: Customer) -> CustomerProfile:
    return CustomerProfile(**{name: getattr(customer, name) for name in PROFILE})


def lacking(kept: Customer, merged: Customer) -> dict[str, Any]:
    """What the kept record learns from the merged one. Whoever asked to be left alone stays so."""
    names = [name for name in PROFILE if name not in ("attributes", "restricted")]
    taken = {name: getattr(merged, name) for name in names if getattr(kept, name) is None}
    taken = {name: value for name, value in taken.items() if value is not None}
    room = MOST_ATTRIBUTES - len(kept.attributes)
    attributes = [item for item in merged.attributes.items() if item[0] not in kept.attributes][:room]
    if attributes:
        taken["attributes"] = dict(attributes)
    if merged.restricted and not kept.restricted:
        taken["restricted"] = True
    return taken


def merged_attributes(present: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any] | None:
    """The attributes after the changes, or None if that makes no difference. Compared as JSON: 1 is not true."""
    merged = {name: value for name, value in {**present, **changes}.items() if value is not None}
    if len(merged) > MOST_ATTRIBUTES:
        raise Unacceptable.field("/attributes", "too_long", f"A customer has at most {MOST_ATTRIBUTES} attributes.")
    same = orjson.dumps(merged, option=orjson.OPT_SORT_KEYS) == orjson.dumps(present, option=orjson.OPT_SORT_KEYS)
    return None if same else merged
