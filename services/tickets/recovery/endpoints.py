"""`/v1/loops/recovery`: whether closing the loop helps, and where."""

from datetime import timedelta
from typing import Annotated, Final

from fastapi import Query

from services.tickets.auth import TicketsRead
from services.tickets.recovery import service as recovery
from services.tickets.recovery.schemas import By, RecoveryAnswer
from shared.http.errors import Unacceptable
from shared.http.routing import APIRouter
from shared.http.schemas import Moment

USUAL: Final = timedelta(days=90)
LONGEST: Final = timedelta(days=732)

router = APIRouter(prefix="/v1/loops/recovery", tags=["loops"])


@router.get("")
async def read_recovery(
    work: TicketsRead,
    by: By = By.CAUSE,
    from_: Annotated[
        Moment | None, Query(alias="from", description="Included; 90 days before `to` if left out.")
    ] = None,
    to: Annotated[Moment | None, Query(description="Not included; now if left out.")] = None,
) -> RecoveryAnswer:
    """How customers rated before and after, and whether they stayed, of the loops whose tickets were opened in the
    window. Who was measured again chose to answer, so this compares loops, and proves no effect."""
    end = to or work.now
    start = from_ or end - USUAL
    if not timedelta(0) < end - start <= LONGEST:
        raise Unacceptable.field("query:from", "window", f"`from` is before `to`, by at most {LONGEST.days} days.")
    return await recovery.answer(work, by, start, end)
