"""Why a customer belongs to a segment or does not, condition by condition, as it is now."""

from datetime import datetime

from sqlalchemy import func, select

from services.customers.records.models import Customer
from services.customers.segments.membership import compiled_for
from services.customers.segments.models import Segment, SegmentMember
from services.customers.segments.schemas import ConditionExplained, Explanation, LeftOut
from services.customers.segments.scope import Scope
from shared.work import Work


async def explain(work: Work, segment: Segment, customer: Customer) -> Explanation:
    """By the statement that judges, with two columns for each condition."""
    scope = Scope(work.account_id, ids=[customer.id])
    compiled = await compiled_for(work, segment, scope)
    # Named, because what is asked twice would otherwise be one column.
    columns = [
        column.label(f"column_{index}_{part}")
        for index, asked in enumerate(compiled.questions)
        for part, column in enumerate((asked.truth, func.to_jsonb(asked.observed)))
    ]
    whole = (compiled.truth.label("belongs"), compiled.review.label("review_at"))
    found = select(*whole, *columns).select_from(compiled.source)
    belongs, review_at, *values = (await work.session.execute(found.where(Customer.id == customer.id))).one()
    looks_at = [
        ConditionExplained(
            place=asked.place, type=asked.type, condition=asked.condition, is_true=truth, observed=observed
        )
        for asked, truth, observed in zip(compiled.questions, values[::2], values[1::2], strict=True)
    ]
    left_out = await _left_out(work, scope, customer)
    return Explanation(
        segment_id=segment.id,
        customer_id=customer.id,
        belongs=belongs and left_out is None,
        entered_at=await _entered_at(work, segment, customer),
        left_out=left_out,
        looks_at=[] if left_out else looks_at,
        review_at=None if left_out else review_at,
    )


async def _left_out(work: Work, scope: Scope, customer: Customer) -> LeftOut | None:
    if customer.restricted:
        return "restricted"
    if await work.session.scalar(scope.merged()):
        return "merged"
    return "unwilling" if await work.session.scalar(scope.unwilling()) else None


async def _entered_at(work: Work, segment: Segment, customer: Customer) -> datetime | None:
    mine = (SegmentMember.account_id == work.account_id, SegmentMember.segment_id == segment.id)
    entered_at: datetime | None = await work.session.scalar(
        select(SegmentMember.entered_at).where(*mine, SegmentMember.customer_id == customer.id)
    )
    return entered_at
