"""The senders that Heed knows: one line each."""

from functools import cache

from services.survey.adapters.base import Adapter
from services.survey.adapters.judgeme import Judgeme
from services.survey.adapters.stamped import Stamped
from services.survey.adapters.trustpilot import Trustpilot
from services.survey.adapters.yotpo import Yotpo


@cache
def adapters() -> dict[str, Adapter]:
    """By name, in the order of the names."""
    known: tuple[Adapter, ...] = (
        Judgeme(),
        Stamped(),
        Trustpilot(),
        Yotpo(),
    )
    return {adapter.name: adapter for adapter in sorted(known, key=lambda adapter: adapter.name)}
