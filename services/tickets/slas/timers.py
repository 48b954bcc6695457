"""What happens when there is something to say of a target's time."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

from services.tickets.cases.portions import lock_free, write
from services.tickets.slas import clock
from services.tickets.slas import service as slas
from services.tickets.slas.life import entries_of_all
from services.tickets.slas.promises import ALARM
from shared.bus.subscriptions import Timer
from shared.work import Work

# Whoever changes a ticket sets its alarm anew; if they do not go through with it, this one rings.
_AGAIN: Final = timedelta(seconds=1)


async def ring(work: Work, timers: Sequence[Timer]) -> None:
    """The tickets themselves say whether anything was missed: an alarm may be late, or the target met just now.

    To wait for a ticket that somebody holds, who may be about to move the alarm that is in hand here, could be for
    ever: it is looked at a moment later.
    """
    ids = [UUID(timer.key) for timer in timers]
    tickets = await lock_free(work, ids)
    lives = await entries_of_all(work, [ticket.id for ticket in tickets])
    alarms = {}
    for ticket in tickets:
        slas.settle(work, ticket)
        terms = slas.terms_for(ticket, await slas.agreement_with(work, ticket))
        clocks = clock.current(clock.read(lives[ticket.id], terms, work.now))
        slas.warn(work, ticket, clocks)
        at = slas.next_alarm(ticket, clocks)
        if at is not None:
            alarms[str(ticket.id)] = at
    await write(work, tickets)
    held = set(ids) - {ticket.id for ticket in tickets}
    await work.schedule_all(ALARM, alarms | {str(ticket_id): work.now + _AGAIN for ticket_id in held})
