"""Handing a table to a process that calculates, so many at a time."""

from typing import Final, Literal

from services.metrics.drivers.exchange import Given, Regression, Table, Weights
from shared.apart import Failed, run_apart
from shared.http.errors import TooMany, Unavailable

_MODULE: Final = "services.metrics.drivers.calculating"
_SECONDS: Final = 60.0
_MEGABYTES: Final = 3_072
MOST_AT_ONCE: Final = 2


class _Turns:
    """How many calculate now in this process. All of it runs in one loop."""

    taken = 0


async def weights(table: Table) -> Weights:
    return Weights.model_validate_json(await _calculated("weights", table))


async def regression(table: Table) -> Regression:
    return Regression.model_validate_json(await _calculated("regression", table))


async def _calculated(view: Literal["weights", "regression"], table: Table) -> bytes:
    """Raises `TooMany` rather than have requests, and their connections, wait for each other."""
    if _Turns.taken >= MOST_AT_ONCE:
        raise TooMany("Drivers are being calculated for others.", retry_after=5)
    _Turns.taken += 1
    try:
        given = Given(view=view, table=table).model_dump_json().encode()
        return await run_apart(_MODULE, given, seconds=_SECONDS, megabytes=_MEGABYTES)
    except Failed as failure:
        raise Unavailable("The calculation did not end; ask for fewer drivers.", retry_after=30) from failure
    finally:
        _Turns.taken -= 1
