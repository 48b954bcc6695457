"""What time does to segments: the first look at everybody, in portions, and reviews when something leaves a window."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, text

from services.customers.records.models import Customer
from services.customers.segments.membership import REVIEW, judge, lock, look_at, review_later, segments_of
from services.customers.segments.models import Review, Segment
from services.customers.segments.scope import Scope
from shared.bus.subscriptions import Timer, TimerHandler
from shared.ids import new_id
from shared.work import Work

BUILD = "segments.build"
# Customers in one transaction: some seconds at most, so that a restart loses little and events do not wait long.
PORTION = 50_000
REVIEWED_AT_ONCE = 2_000

_TAKE_TIME = text("set local statement_timeout = '120s'")


async def build(work: Work, timer: Timer) -> None:
    """Look at the next portion of customers, by their ids, and come back at once for the one after it."""
    await lock(work)
    segments = await segments_of(work)
    segment = _find(segments, timer)
    if segment is None or segment.state == "ready":
        return
    await work.session.execute(_TAKE_TIME)
    upto = await _end_of_portion(work, segment.built_after)
    changed = await judge(work, segment, Scope(work.account_id, after=segment.built_after, upto=upto))
    await look_at(work, segments, {one.id: changed for one in segments if segment.id in one.segment_ids})
    segment.built_after = upto
    if upto is None:
        segment.state, segment.built = "ready", segment.to_build
    else:
        segment.built = min(segment.to_build, segment.built + PORTION)
        await build_soon(work, segment.id)


async def begin_building(work: Work, segment: Segment) -> None:
    """Everybody is to be looked at, from the first."""
    of_account = (Customer.account_id == work.account_id, Customer.deleted_at.is_(None))
    segment.state, segment.built_after, segment.built = "building", None, 0
    segment.to_build = await work.session.scalar(select(func.count()).where(*of_account)) or 0
    await build_soon(work, segment.id)


async def build_soon(work: Work, segment_id: UUID) -> None:
    """A key of its own for each, as in `review_later`; one too many finds nothing to do."""
    key = f"{segment_id}/{new_id()}"
    await work.schedule(BUILD, key=key, due_at=work.now, payload={"segment_id": str(segment_id)})


async def review(work: Work, timer: Timer) -> None:
    """Look at those whose time has come, and set the timer for the next."""
    await lock(work)
    segments = await segments_of(work)
    segment = _find(segments, timer)
    if segment is None:
        return
    of_segment = (Review.account_id == work.account_id, Review.planned_for == segment.id)
    due = select(Review.customer_id).where(*of_segment, Review.due_at <= work.now)
    ids = (await work.session.scalars(due.order_by(Review.due_at).limit(REVIEWED_AT_ONCE))).all()
    planned = segment.review_at
    # Earlier than anything that is found now: the next timer is set once, below.
    segment.review_at = work.now
    if ids:
        await look_at(work, segments, {segment.id: ids})
    following: datetime | None = await work.session.scalar(select(func.min(Review.due_at)).where(*of_segment))
    segment.review_at = planned
    if following is None:
        segment.review_at = None
    elif following <= work.now or following != planned:
        await review_later(work, segment, following)


async def _end_of_portion(work: Work, after: UUID | None) -> UUID | None:
    """The last id of the next portion; None if it is the last one, which has no end."""
    ids = select(Customer.id).where(Customer.account_id == work.account_id)
    if after is not None:
        ids = ids.where(Customer.id > after)
    last: UUID | None = await work.session.scalar(ids.order_by(Customer.id).offset(PORTION - 1).limit(1))
    return last


def _find(segments: list[Segment], timer: Timer) -> Segment | None:
    wanted = UUID(timer.payload["segment_id"])
    return next((segment for segment in segments if segment.id == wanted), None)


TIMERS: dict[str, TimerHandler] = {BUILD: build, REVIEW: review}
