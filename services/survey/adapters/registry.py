"""The senders that Heed knows: one line each."""

from functools import cache

from services.survey.adapters.base import Adapter


@cache
def adapters() -> dict[str, Adapter]:
    """By name, in the order of the names."""
    known: tuple[Adapter, ...] = ()
    return {adapter.name: adapter for adapter in sorted(known, key=lambda adapter: adapter.name)}
