"""Making, changing and removing segments."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Select, delete, select

from services.customers.records.profiles import name_key
from services.customers.segments.concerns import concerns_of, cycle_through
from services.customers.segments.conditions import CONDITION, AnyCondition, OfSegment, leaves
from services.customers.segments.fitting import problems_of
from services.customers.segments.membership import forget_reviews, lock, segments_of
from services.customers.segments.models import ListedCustomer, Review, Segment, SegmentMember
from services.customers.segments.schemas import NewSegment, SegmentChanges
from services.customers.segments.timers import begin_building
from shared.contracts.customers import SegmentChanged, SegmentDeleted
from shared.http.dependencies import check_match
from shared.http.errors import Conflict, FieldProblem, NotFound, Unacceptable
from shared.ids import new_id
from shared.work import Work

MOST_SEGMENTS = 500


class SegmentNotFound(NotFound):
    """There is no such segment here."""

    code = "segment_not_found"


class NameTaken(Conflict):
    """Another segment has this name."""

    code = "name_taken"


class SegmentInUse(Conflict):
    """Other segments ask for this one."""

    code = "segment_in_use"


async def create(work: Work, body: NewSegment) -> Segment:
    """Raises `NameTaken` or `Unacceptable`. A dynamic one is built from now on."""
    await lock(work)
    segments = await segments_of(work)
    if len(segments) >= MOST_SEGMENTS:
        raise Conflict(f"An account has at most {MOST_SEGMENTS} segments; delete one that nobody needs.")
    segment = Segment(
        id=new_id(),
        account_id=work.account_id,
        name=body.name,
        name_key=name_key(body.name),
        description=body.description,
        kind=body.kind,
        condition=None,
        concerns=[],
        segment_ids=[],
        persona=None,
        state="ready",
        built_after=None,
        built=0,
        to_build=0,
        members=0,
        members_version=0,
        review_at=None,
        version=1,
        created_at=work.now,
        updated_at=work.now,
    )
    _require_free_name(segments, segment)
    if body.condition is not None:
        await _set_condition(work, segment, body.condition, segments)
        await begin_building(work, segment)
    work.session.add(segment)
    tell(work, segment)
    return segment


async def edit(work: Work, segment_id: UUID, body: SegmentChanges, expected: int | None) -> Segment:
    """Raises `SegmentNotFound`, `StaleVersion`, `NameTaken` or `Unacceptable`, for a cycle with its segments' names."""
    await lock(work)
    segments = await segments_of(work)
    segment = _among(segments, segment_id)
    check_match(expected, segment.version)
    if body.name is not None:
        segment.name, segment.name_key = body.name, str(name_key(body.name))
        _require_free_name(segments, segment)
    if "description" in body.model_fields_set:
        segment.description = body.description
    if body.condition is not None:
        if segment.kind == "static":
            raise Unacceptable.field("/condition", "static", "This segment is static: its members are listed by hand.")
        if _stored(body.condition) != segment.condition:
            await _set_condition(work, segment, body.condition, segments)
            await forget_reviews(work, segment)
            await begin_building(work, segment)
    changed(work, segment)
    return segment


async def remove(work: Work, segment_id: UUID, expected: int | None) -> None:
    """Raises `SegmentNotFound`, `StaleVersion`, or `SegmentInUse` with the names of those that ask for it."""
    await lock(work)
    segments = await segments_of(work)
    segment = _among(segments, segment_id)
    check_match(expected, segment.version)
    users = [other.name for other in segments if segment_id in other.segment_ids]
    if users:
        raise SegmentInUse(f"These segments ask for this one: {', '.join(users)}. Change or delete them first.")
    for table in (SegmentMember, ListedCustomer, Review):
        of_segment = (table.account_id == work.account_id, table.segment_id == segment_id)
        await work.session.execute(delete(table).where(*of_segment))
    await work.session.delete(segment)
    work.emit(SegmentDeleted(segment_id=segment_id), subject=segment_id, version=segment.version + 1)


async def find(work: Work, segment_id: UUID) -> Segment:
    """For reading. Raises `SegmentNotFound`."""
    found = await work.session.scalar(known_segments(work).where(Segment.id == segment_id))
    if found is None:
        raise SegmentNotFound
    return found


async def find_to_change(work: Work, segment_id: UUID) -> Segment:
    """Nobody else looks at or changes segments until this Work ends. Raises `SegmentNotFound`."""
    await lock(work)
    return await find(work, segment_id)


def known_segments(work: Work) -> Select[Segment]:
    return select(Segment).where(Segment.account_id == work.account_id)


def changed(work: Work, segment: Segment) -> None:
    """Give the segment its next version and tell the others."""
    segment.version += 1
    segment.updated_at = work.now
    tell(work, segment)


def tell(work: Work, segment: Segment) -> None:
    told = SegmentChanged(
        segment_id=segment.id, name=segment.name, kind=segment.kind, is_persona=segment.persona is not None
    )
    work.emit(told, subject=segment.id, version=segment.version)


async def require_fitting(work: Work, condition: AnyCondition, segments: Sequence[Segment]) -> None:
    """Raises `Unacceptable`, with every place that names what is not here or asks an attribute what it is not."""
    problems = await problems_of(work, condition, {segment.id for segment in segments})
    if problems:
        raise Unacceptable("The condition does not fit what is here: see `errors`.", errors=tuple(problems))


async def _set_condition(work: Work, segment: Segment, condition: AnyCondition, segments: Sequence[Segment]) -> None:
    await require_fitting(work, condition, [*segments, segment])
    named = {leaf.segment_id for _, leaf in leaves(condition) if isinstance(leaf, OfSegment)}
    segment.segment_ids = sorted(named)
    _require_no_cycle(segment, condition, [*segments, segment])
    segment.condition = _stored(condition)
    segment.concerns = concerns_of(condition)


def _require_no_cycle(segment: Segment, condition: AnyCondition, segments: Sequence[Segment]) -> None:
    by_id = {one.id: one for one in segments}
    cycle = cycle_through(segment.id, {one.id: one.segment_ids for one in by_id.values()})
    if cycle is None:
        return
    way = " → ".join(by_id[one].name for one in cycle)
    detail = f"Nobody could say who belongs: {way}."
    problems = tuple(
        FieldProblem(f"/condition{place}/segment_id", "cycle", detail)
        for place, leaf in leaves(condition)
        if isinstance(leaf, OfSegment) and leaf.segment_id == cycle[1]
    )
    raise Unacceptable(detail, errors=problems)


def _require_free_name(segments: Sequence[Segment], segment: Segment) -> None:
    if any(other.name_key == segment.name_key and other.id != segment.id for other in segments):
        problem = FieldProblem("/name", "name_taken", "Another segment has this name.")
        raise NameTaken(errors=(problem,))


def _stored(condition: AnyCondition) -> dict[str, Any]:
    stored: dict[str, Any] = CONDITION.dump_python(condition, mode="json")
    return stored


def _among(segments: Sequence[Segment], segment_id: UUID) -> Segment:
    for segment in segments:
        if segment.id == segment_id:
            return segment
    raise SegmentNotFound
