"""What happens when a target's time is up."""

from uuid import UUID

from services.tickets.cases.repository import lock_ticket
from services.tickets.slas import service as slas
from shared.bus.subscriptions import Timer
from shared.work import Work


async def target_due(work: Work, timer: Timer) -> None:
    """The ticket itself says whether anything was missed: the alarm may be late, or the target met just now."""
    ticket = await lock_ticket(work, UUID(timer.key))
    slas.settle(work, ticket)
