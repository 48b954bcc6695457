"""What customers said, as far as segments ask for it: our own copy, kept in the order of the feedback's versions."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, insert, select

from services.customers.records.models import Customer
from services.customers.segments.concerns import ALL_FEEDBACK, with_general
from services.customers.segments.models import FeedbackFact
from shared.bus.events import Event
from shared.contracts.base import Payload
from shared.contracts.feedback import Feedback, FeedbackErased
from shared.work import Work

Told = Event[Feedback] | Event[FeedbackErased]


async def remember(work: Work, events: Sequence[Event[Payload]]) -> set[tuple[str, UUID]]:
    """Write down what is new of feedback, under the account's lock. Returns what it touches, of which customers; also
    of those whose it was before."""
    newest: dict[UUID, Event[Any]] = {}
    for event in sorted(events, key=lambda event: event.aggregate_version):
        if isinstance(event.data, Feedback | FeedbackErased):
            newest[event.data.feedback_id] = event
    known = await _known(work, list(newest))
    fresh = {
        feedback_id: event
        for feedback_id, event in newest.items()
        if feedback_id not in known or known[feedback_id][0] < event.aggregate_version
    }
    if not fresh:
        return set()
    mine = (FeedbackFact.account_id == work.account_id, FeedbackFact.feedback_id.in_(list(fresh)))
    await work.session.execute(delete(FeedbackFact).where(*mine))
    gone = await _gone(work, {event.data.customer_id for event in fresh.values()} - {None})
    rows = [row for event in fresh.values() for row in _rows(work, event, gone)]
    await work.session.execute(insert(FeedbackFact), rows)
    touched = {(fact, row["customer_id"]) for row in rows for fact in with_general("feedback", row["scheme"])}
    before = {each for feedback_id in fresh if feedback_id in known for each in known[feedback_id][1]}
    return {(fact, each) for fact, each in touched if each is not None} | {(ALL_FEEDBACK, each) for each in before}


async def forget(work: Work, customer_ids: Sequence[UUID]) -> None:
    """Delete what these customers said."""
    mine = (FeedbackFact.account_id == work.account_id, FeedbackFact.customer_id.in_(list(customer_ids)))
    await work.session.execute(delete(FeedbackFact).where(*mine))


async def _known(work: Work, feedback_ids: Sequence[UUID]) -> Mapping[UUID, tuple[int, list[UUID]]]:
    """The version that is written down, and whose it was."""
    ids = func.array_remove(func.array_agg(FeedbackFact.customer_id.distinct()), None)
    found = await work.session.execute(
        select(FeedbackFact.feedback_id, func.max(FeedbackFact.version), ids)
        .where(FeedbackFact.account_id == work.account_id, FeedbackFact.feedback_id.in_(feedback_ids))
        .group_by(FeedbackFact.feedback_id)
    )
    return {feedback_id: (version, customer_ids) for feedback_id, version, customer_ids in found}


async def _gone(work: Work, customer_ids: set[UUID]) -> set[UUID]:
    """Those who have been deleted: nothing is written down of them any more."""
    mine = (Customer.account_id == work.account_id, Customer.id.in_(customer_ids))
    return set(await work.session.scalars(select(Customer.id).where(*mine, Customer.deleted_at.is_not(None))))


def _rows(work: Work, event: Event[Any], gone: set[UUID]) -> Iterator[dict[str, Any]]:
    told = event.data
    row: dict[str, Any] = {
        "account_id": work.account_id,
        "feedback_id": told.feedback_id,
        "question": "",
        "customer_id": None,
        "is_leading": False,
        "scheme": None,
        "value": None,
        "band": None,
        "sentiment": None,
        "survey_id": told.survey_id,
        "occurred_at": event.time,
        "version": event.aggregate_version,
    }
    if isinstance(told, FeedbackErased) or told.customer_id is None or told.customer_id in gone or _is_none(told):
        yield row
        return
    row |= {
        "customer_id": told.customer_id,
        "sentiment": told.sentiment and told.sentiment.label,
        "occurred_at": told.occurred_at,
    }
    scores = list(_scores(told)) or [{"is_leading": True}]
    yield from (row | score for score in scores)


def _is_none(told: Feedback) -> bool:
    """Nothing that the customer says, or none of our questions."""
    return told.screened_out or told.removed or told.automatic is not None


def _scores(told: Feedback) -> Iterator[dict[str, Any]]:
    leads = True
    for each in told.ratings:
        value = each.rating.value if each.index is None else each.index
        yield _score(each.question, each.rating, value) | {"is_leading": leads}
        leads = False
    if leads and told.rating is not None:
        yield _score("", told.rating, told.rating.value) | {"is_leading": True}


def _score(question: str, rating: Any, value: Any) -> dict[str, Any]:
    return {"question": question, "scheme": rating.scheme, "value": value, "band": rating.band}
