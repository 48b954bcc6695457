"""Whole lists of what a platform has: what is missing there was taken away, and what is back is back."""

from collections.abc import Sequence

from sqlalchemy import select

from services.survey.adapters.base import Polled
from services.survey.adapters.reading import version_at
from services.survey.adapters.reviews import gone
from services.survey.feedback.models import Feedback
from services.survey.hearing.canonical import FeedbackItem, Item
from services.survey.hearing.sender import Sender
from shared.work import Work


async def compared(work: Work, source: Sender, polled: Polled) -> Sequence[Item]:
    """The items of a page, to be heard; and of a whole list also what is gone, see `Polled.whole`.

    What was marked as removed and is listed again, as after a platform's second look, becomes a version of today.
    """
    if polled.whole is None:
        return polled.items
    mine = (Feedback.account_id == work.account_id, Feedback.source_id == source.id)
    known = await work.session.execute(
        select(Feedback.external_id, Feedback.channel, Feedback.removed_at).where(
            *mine, Feedback.external_id.startswith(polled.whole, autoescape=True)
        )
    )
    rows = known.all()
    listed = {item.external_id for item in polled.items}
    removed = {row.external_id for row in rows if row.removed_at is not None}
    missing = [
        gone(row.external_id, work.now, channel=row.channel)
        for row in rows
        if row.removed_at is None and row.external_id not in listed
    ]
    return [*(_back(item, work) if item.external_id in removed else item for item in polled.items), *missing]


def _back(item: Item, work: Work) -> Item:
    if not isinstance(item, FeedbackItem) or item.op == "delete":
        return item
    return item.model_copy(update={"external_version": version_at(work.now), "op": "update"})
