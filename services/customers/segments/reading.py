"""Looking at segments: who belongs, who would, and why."""

from collections.abc import Sequence
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Select, func, select, text

from services.customers.records.models import Customer
from services.customers.segments.compiling import compile_condition
from services.customers.segments.conditions import AnyCondition
from services.customers.segments.fitting import kinds_of
from services.customers.segments.models import Segment, SegmentMember
from services.customers.segments.schemas import Person, Preview
from services.customers.segments.scope import Scope
from services.customers.segments.service import known_segments, require_fitting
from shared.http.schemas import Model
from shared.work import Work

SAMPLE = 10
# In the order of the fields of `Person`, `MemberOut` and `MembershipOut`.
_PERSON = (Customer.id, Customer.name, Customer.email, Customer.external_id)
M = TypeVar("M", bound=Model)
_TAKE_TIME = text("set local statement_timeout = '30s'")


async def preview(work: Work, condition: AnyCondition) -> Preview:
    """Raises `Unacceptable` for a condition that does not fit what is here."""
    segments = (await work.session.scalars(known_segments(work))).all()
    await require_fitting(work, condition, segments)
    scope = Scope(work.account_id)
    compiled = compile_condition(condition, scope, work.now, await kinds_of(work, condition))
    await work.session.execute(_TAKE_TIME)
    judged = compiled.judged().cte("judged").prefix_with("materialized")
    belong = select(judged.c.id).where(judged.c.belongs).order_by(judged.c.id.desc()).limit(SAMPLE)
    counts = select(func.count().filter(judged.c.belongs), func.count(), func.array(belong.scalar_subquery()))
    members, customers, ids = (await work.session.execute(counts.select_from(judged))).one()
    mine = (Customer.account_id == work.account_id, Customer.id.in_(ids))
    people = await work.session.execute(select(*_PERSON).where(*mine).order_by(Customer.id.desc()))
    sample = [as_model(Person, person) for person in people]
    return Preview(members=members, customers=customers, sample=sample)


def members_of(work: Work, segment: Segment) -> Select[*tuple[Any, ...]]:
    """Rows as `MemberOut`."""
    return (
        select(*_PERSON, SegmentMember.entered_at)
        .join(SegmentMember, SegmentMember.customer_id == Customer.id)
        .where(SegmentMember.account_id == work.account_id, SegmentMember.segment_id == segment.id)
    )


def memberships_of(work: Work, customer_id: UUID) -> Select[*tuple[Any, ...]]:
    """Rows as `MembershipOut`."""
    return (
        select(
            Segment.id,
            Segment.name,
            Segment.persona.is_not(None),
            SegmentMember.entered_at,
        )
        .join(SegmentMember, SegmentMember.segment_id == Segment.id)
        .where(SegmentMember.account_id == work.account_id, SegmentMember.customer_id == customer_id)
    )


def as_model(model: type[M], row: Sequence[Any]) -> M:
    """A row whose columns are the model's fields, in their order."""
    return model.model_validate(dict(zip(model.model_fields, row, strict=True)))
