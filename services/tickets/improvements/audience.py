"""Who asked for an improvement: the customers of its problems' tickets and feedback, each once, whoever was merged."""

from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import Subquery, exists, func, select, union_all
from sqlalchemy.dialects.postgresql import distinct_on

from services.tickets.cases.models import Ticket
from services.tickets.contacts.models import Contact
from services.tickets.feedback.models import KnownFeedback
from services.tickets.improvements.models import Remedy, Telling
from services.tickets.improvements.schemas import AudienceOut, Sample, Told
from services.tickets.problems.models import ProblemLink
from shared.work import Work

SAMPLE: Final = 20


class Reach(NamedTuple):
    """Different customers who asked, and tickets and feedback of nobody who is known."""

    asked: int
    unknown: int


class Recipient(NamedTuple):
    """`recipient_id` is the identity that asked last, which gets the answer."""

    customer_id: UUID
    recipient_id: UUID


async def reach(work: Work, improvement_id: UUID) -> Reach:
    asks = _asks(work, improvement_id)
    unknown = func.count().filter(asks.c.customer_id.is_(None))
    asked, nobody = (await work.session.execute(select(func.count(asks.c.customer_id.distinct()), unknown))).one()
    return Reach(asked, nobody)


async def next_to_tell(work: Work, improvement_id: UUID, most: int) -> list[Recipient]:
    """Those who have not been told, in the order of their ids."""
    found = await work.session.execute(_to_tell(work, improvement_id).limit(most))
    return [Recipient(customer_id, recipient_id) for customer_id, recipient_id in found]


async def shown(work: Work, improvement_id: UUID) -> AudienceOut:
    asked, unknown = await reach(work, improvement_id)
    waiting = _to_tell(work, improvement_id).subquery()
    same = (Contact.id == waiting.c.customer_id) & (Contact.account_id == work.account_id)
    named = select(waiting.c.customer_id, Contact.name).outerjoin(Contact, same).order_by(waiting.c.customer_id)
    sample = await work.session.execute(named.limit(SAMPLE))
    mine = (Telling.account_id == work.account_id) & (Telling.improvement_id == improvement_id)
    states = await work.session.execute(select(Telling.state, func.count()).where(mine).group_by(Telling.state))
    counts = {str(state): count for state, count in states}
    return AudienceOut(
        asked=asked,
        to_tell=await work.session.scalar(select(func.count()).select_from(waiting)) or 0,
        unknown=unknown,
        sample=[Sample(customer_id=customer_id, name=name) for customer_id, name in sample],
        told=Told(**{state: counts.get(state, 0) for state in Told.model_fields}),
    )


def _to_tell(work: Work, improvement_id: UUID) -> Any:
    asks = _asks(work, improvement_id)
    told = exists().where(
        Telling.account_id == work.account_id,
        Telling.improvement_id == improvement_id,
        Telling.customer_id == asks.c.customer_id,
    )
    return (
        select(asks.c.customer_id, func.coalesce(asks.c.origin_customer_id, asks.c.customer_id).label("recipient_id"))
        .ext(distinct_on(asks.c.customer_id))
        .where(asks.c.customer_id.is_not(None), ~told)
        .order_by(asks.c.customer_id, asks.c.asked_at.desc())
    )


def _asks(work: Work, improvement_id: UUID) -> Subquery:
    """Each linked ticket and piece of feedback, of whatever customer."""
    problems = select(Remedy.problem_id).where(
        Remedy.account_id == work.account_id, Remedy.improvement_id == improvement_id
    )
    linked = (ProblemLink.account_id == work.account_id) & ProblemLink.problem_id.in_(problems)
    tickets = (
        select(Ticket.customer_id, Ticket.origin_customer_id, Ticket.opened_at.label("asked_at"))
        .join(ProblemLink, ProblemLink.target_id == Ticket.id)
        .where(linked, ProblemLink.kind == "ticket")
    )
    same = (ProblemLink.target_id == KnownFeedback.feedback_id) & (KnownFeedback.account_id == work.account_id)
    said = KnownFeedback
    feedback = (
        select(said.customer_id, said.origin_customer_id, said.occurred_at.label("asked_at"))
        .join(ProblemLink, same)
        .where(linked, ProblemLink.kind == "feedback", said.gone.is_(False))
    )
    return union_all(tickets, feedback).subquery()
