"""Who belongs: looked at, written down and told, by one statement for each segment.

Whoever looks holds the account's lock, so nobody overwrites what a later look has found; see decision 49.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Uuid, delete, func, literal, null, select, text, union_all
from sqlalchemy.dialects.postgresql import insert as upsert

from services.customers.segments.compiling import TIMESTAMP, Compiled, compile_condition, compile_list
from services.customers.segments.concerns import in_order
from services.customers.segments.conditions import CONDITION
from services.customers.segments.fitting import kinds_of
from services.customers.segments.models import Review, Segment, SegmentMember
from services.customers.segments.scope import Scope
from shared.contracts.customers import SegmentMembershipChanged
from shared.ids import new_id
from shared.work import Work

REVIEW = "segments.review"
MOST_TOLD = 1_000
# Customers in one statement that names them by their ids.
AT_ONCE = 5_000

_LOCK = text("select pg_advisory_xact_lock(hashtextextended(:name, 0))")


async def segments_of(work: Work) -> list[Segment]:
    """The account's segments, each after those it names. Whoever looks at customers holds the `lock` first."""
    found = (await work.session.scalars(select(Segment).where(Segment.account_id == work.account_id))).all()
    by_id = {segment.id: segment for segment in sorted(found, key=lambda segment: segment.id)}
    return [by_id[segment_id] for segment_id in in_order({one.id: one.segment_ids for one in by_id.values()})]


async def lock(work: Work) -> None:
    """Nobody else looks at the account's segments or changes them until this Work ends."""
    await work.session.execute(_LOCK, {"name": f"segments of {work.account_id}"})


async def look_at(work: Work, segments: Sequence[Segment], customers: Mapping[UUID, Collection[UUID]]) -> None:
    """Look at these customers of these segments, by the segment's id; then, in order, at what follows from it.

    `segments` are all of the account's, as `segments_of` gives them.
    """
    waiting: defaultdict[UUID, set[UUID]] = defaultdict(set)
    for segment_id, ids in customers.items():
        waiting[segment_id].update(ids)
    for segment in segments:
        ids = sorted(waiting[segment.id])
        for start in range(0, len(ids), AT_ONCE):
            scope = Scope(work.account_id, ids=ids[start : start + AT_ONCE])
            changed = await judge(work, segment, scope)
            for other in segments:
                if segment.id in other.segment_ids:
                    waiting[other.id].update(changed)


async def judge(work: Work, segment: Segment, scope: Scope) -> set[UUID]:
    """Bring the segment's members in the scope up to date. Returns who came or went."""
    entered: list[UUID] = []
    left: list[UUID] = []
    due_at: datetime | None = None
    compiled = await compiled_for(work, segment, scope)
    for customer_id, came, due in await work.session.execute(_apply(work, segment, compiled)):
        if customer_id is None:
            due_at = due
        else:
            (entered if came else left).append(customer_id)
    tell(work, segment, entered, left)
    if due_at is not None and (segment.review_at is None or due_at < segment.review_at):
        await review_later(work, segment, due_at)
    return {*entered, *left}


async def compiled_for(work: Work, segment: Segment, scope: Scope) -> Compiled:
    if segment.condition is None:
        return compile_list(segment.id, scope)
    condition = CONDITION.validate_python(segment.condition)
    return compile_condition(condition, scope, work.now, await kinds_of(work, condition))


def tell(work: Work, segment: Segment, entered: Sequence[UUID], left: Sequence[UUID]) -> None:
    """Count the change and have the others hear of it, a thousand customers at a time."""
    segment.members += len(entered) - len(left)
    for came, ids in ((True, sorted(entered)), (False, sorted(left))):
        for start in range(0, len(ids), MOST_TOLD):
            told = tuple(ids[start : start + MOST_TOLD])
            change = SegmentMembershipChanged(
                segment_id=segment.id,
                segment_name=segment.name,
                entered=told if came else (),
                left=() if came else told,
            )
            segment.members_version += 1
            work.emit(change, subject=segment.id, version=segment.members_version)


async def review_later(work: Work, segment: Segment, due_at: datetime) -> None:
    """Each timer has a key of its own: to move one would be to wait for it, while it waits for our lock."""
    segment.review_at = due_at
    key = f"{segment.id}/{new_id()}"
    await work.schedule(REVIEW, key=key, due_at=due_at, payload={"segment_id": str(segment.id)})


def _apply(work: Work, segment: Segment, compiled: Compiled) -> Any:
    """Rows: who came (true) or went (false), and one with no customer and when the first review is due."""
    scope = compiled.scope
    judged = compiled.judged().cte("judged").prefix_with("materialized")
    ours = {"account_id": work.account_id, "segment_id": segment.id}
    keys = [literal(value, Uuid).label(name) for name, value in ours.items()]
    members = select(*keys, judged.c.id, literal(work.now, TIMESTAMP)).where(judged.c.belongs)
    entered = (
        upsert(SegmentMember)
        .from_select(["account_id", "segment_id", "customer_id", "entered_at"], members)
        .on_conflict_do_nothing()
        .returning(SegmentMember.customer_id)
        .cte("entered")
    )
    gone = (
        delete(SegmentMember)
        .where(
            *scope.holds(SegmentMember.account_id, SegmentMember.customer_id),
            SegmentMember.segment_id == segment.id,
            SegmentMember.customer_id.not_in(select(judged.c.id).where(judged.c.belongs)),
        )
        .returning(SegmentMember.customer_id)
        .cte("gone")
    )
    nothing = null().cast(TIMESTAMP)
    told = [
        select(entered.c.customer_id, literal(True), nothing),
        select(gone.c.customer_id, literal(False), nothing),
    ]
    if compiled.review_at is None:
        return union_all(*told)
    told.append(select(null().cast(Uuid), literal(False), func.min(judged.c.review_at)).select_from(judged))
    reviews = select(*keys, judged.c.id, literal(segment.id, Uuid), judged.c.review_at)
    planned = upsert(Review).from_select(
        ["account_id", "segment_id", "customer_id", "planned_for", "due_at"],
        reviews.where(judged.c.review_at.is_not(None)),
    )
    planned = planned.on_conflict_do_update(
        index_elements=["account_id", "segment_id", "customer_id"],
        set_={"due_at": planned.excluded.due_at},
        where=Review.due_at.is_distinct_from(planned.excluded.due_at),
    )
    dropped = delete(Review).where(
        *scope.holds(Review.account_id, Review.customer_id),
        Review.segment_id == segment.id,
        Review.customer_id.not_in(select(judged.c.id).where(judged.c.review_at.is_not(None))),
    )
    return union_all(*told).add_cte(planned.cte("planned"), dropped.cte("dropped"))


async def forget_reviews(work: Work, segment: Segment) -> None:
    """The condition is another now; what was planned for the old one is void."""
    await work.session.execute(
        delete(Review).where(Review.account_id == work.account_id, Review.segment_id == segment.id)
    )
    segment.review_at = None
