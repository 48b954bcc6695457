"""Profiles of customers, of which only what matters to a test is said."""

from typing import Any

from shared.contracts.customers import CustomerProfile

_UNKNOWN = {name: None for name, field in CustomerProfile.model_fields.items() if field.is_required()}


def profile_of(**known: Any) -> CustomerProfile:
    return CustomerProfile.model_validate(_UNKNOWN | known)
