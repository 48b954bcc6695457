"""Every night each account's sums are compared with what they add up; what differs is said aloud."""

from datetime import datetime, time, timedelta
from typing import Final

import structlog
from prometheus_client import Gauge
from sqlalchemy.dialects.postgresql import insert

from services.metrics.verification.comparing import Differences, differences
from services.metrics.verification.models import Verification
from shared.bus.events import Event
from shared.bus.subscriptions import Timer
from shared.contracts.gateway import AccountCreated
from shared.contracts.metrics import NumbersDiffer
from shared.work import Work

log = structlog.get_logger(__name__)

KIND: Final = "verification.nightly"
# UTC. The accounts take their turns over four hours, so that they do not all count at once.
BEGINS: Final = time(1)
TURNS: Final = 4 * 3600
# An account is named only while its numbers differ.
DIFFERING = Gauge("heed_numbers_differing", "Sums that were wrong when they were last verified.", ("account", "of"))


async def begin(work: Work, event: Event[AccountCreated]) -> None:
    await work.schedule(KIND, key="", due_at=next_turn(work))


async def verify(work: Work, timer: Timer) -> None:
    """Count, keep and tell; and again tomorrow."""
    found = await differences(work)
    await keep(work, found)
    _show(work, found)
    if found.any:
        log.error("numbers differ", account=str(work.account_id), cells=found.cells, tickets=found.tickets)
        told = NumbersDiffer(cells=found.cells, tickets=found.tickets, verified_at=work.now)
        work.emit(told, subject=work.account_id)
    await work.schedule(KIND, key="", due_at=next_turn(work))


async def keep(work: Work, found: Differences) -> None:
    values = {"verified_at": work.now, "cells": found.cells, "tickets": found.tickets}
    statement = insert(Verification).values(account_id=work.account_id, **values)
    await work.session.execute(statement.on_conflict_do_update(index_elements=["account_id"], set_=values))


def next_turn(work: Work) -> datetime:
    """Tomorrow, at the account's own time of the night."""
    begins = datetime.combine(work.now.date() + timedelta(days=1), BEGINS, work.now.tzinfo)
    return begins + timedelta(seconds=work.account_id.int % TURNS)


def _show(work: Work, found: Differences) -> None:
    for of, count in found._asdict().items():
        labels = (str(work.account_id), of)
        if count:
            DIFFERING.labels(*labels).set(count)
        else:
            DIFFERING.remove(*labels)
