"""“You said, we did”: everybody who asked for an improvement is told of it once.

They are told in portions by a timer, each in one transaction with the rows that say who was told. So whatever restarts,
the next portion begins where the last one ended.
"""

from typing import Final
from uuid import UUID

from services.tickets.improvements import audience
from services.tickets.improvements import service as improvements
from services.tickets.improvements.models import Improvement, Telling
from services.tickets.improvements.schemas import AudienceOut, News
from services.tickets.improvements.service import NoSuchImprovement
from shared.bus.events import Event
from shared.bus.subscriptions import Timer
from shared.contracts.notifier import MessageFailed, MessageSent
from shared.contracts.problems import ImprovementTold
from shared.http.errors import Conflict
from shared.ids import new_id
from shared.work import Work

TIMER: Final = "improvement.telling"
AT_ONCE: Final = 500


class NotShipped(Conflict):
    """Customers are told of what is done, not of plans. Ship the improvement first."""

    code = "not_shipped"


async def tell(work: Work, improvement_id: UUID, news: News) -> AudienceOut:
    """Whoever has been told is not told again, in whatever words. Raises `NoSuchImprovement` or `NotShipped`."""
    improvement = await improvements.find(work, improvement_id, lock=True)
    if improvement.state != "shipped":
        raise NotShipped
    found = await audience.shown(work, improvement_id)
    if not news.dry_run:
        improvement.you_said, improvement.we_did = news.you_said, news.we_did
        await work.schedule(TIMER, key=str(improvement_id), due_at=work.now)
    return found


async def tell_portion(work: Work, timer: Timer) -> None:
    try:
        improvement = await improvements.find(work, UUID(timer.key), lock=True)
    except NoSuchImprovement:
        return
    recipients = await audience.next_to_tell(work, improvement.id, AT_ONCE)
    for recipient in recipients:
        telling_id = new_id()
        work.session.add(
            Telling(
                id=telling_id,
                account_id=work.account_id,
                improvement_id=improvement.id,
                recipient_id=recipient.recipient_id,
                customer_id=recipient.recipient_id,
                state="queued",
                created_at=work.now,
            )
        )
        work.emit(_told(improvement, telling_id, recipient.recipient_id), subject=telling_id)
    await work.session.flush()
    if len(recipients) == AT_ONCE:
        await work.schedule(TIMER, key=str(improvement.id), due_at=work.now)


async def note_sent(work: Work, event: Event[MessageSent]) -> None:
    telling = await _telling(work, event.data.telling_id)
    if telling is not None:
        telling.state, telling.reason, telling.settled_at = "sent", None, event.data.sent_at


async def note_failed(work: Work, event: Event[MessageFailed]) -> None:
    """Held back because they do not want it, or not to be delivered."""
    telling = await _telling(work, event.data.telling_id)
    if telling is not None and telling.state == "queued":
        telling.state, telling.reason, telling.settled_at = event.data.state, event.data.reason, event.time


async def _telling(work: Work, telling_id: UUID | None) -> Telling | None:
    return await work.session.get(Telling, telling_id, with_for_update=True) if telling_id is not None else None


def _told(improvement: Improvement, telling_id: UUID, recipient_id: UUID) -> ImprovementTold:
    assert improvement.you_said is not None
    assert improvement.we_did is not None
    assert improvement.shipped_at is not None
    return ImprovementTold(
        telling_id=telling_id,
        improvement_id=improvement.id,
        you_said=improvement.you_said,
        we_did=improvement.we_did,
        shipped_at=improvement.shipped_at,
        customer_id=recipient_id,
    )
