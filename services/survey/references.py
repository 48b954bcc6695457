"""Ids in what people write down about asking: whether they lead anywhere."""

from collections.abc import Collection, Iterable, Mapping
from uuid import UUID

from sqlalchemy import select

from services.survey.segments.models import Segment
from services.survey.surveys.models import Survey
from shared.http.errors import FieldProblem, Unacceptable
from shared.work import Work


async def segments_are_here(work: Work, segment_ids: Collection[UUID]) -> bool:
    return set(segment_ids) <= await _segments(work, segment_ids)


async def require_segments(work: Work, wanted: Mapping[str, UUID]) -> None:
    """By JSON Pointer. Raises `Unacceptable`. Survey knows a segment by its events: from its making to its end."""
    here = await _segments(work, wanted.values()) if wanted else set()
    _require(wanted, here, "unknown_segment", "There is no such segment here; list them with GET /v1/segments.")


async def require_surveys(work: Work, wanted: Mapping[str, UUID]) -> None:
    """By JSON Pointer. Raises `Unacceptable`."""
    if wanted:
        mine = select(Survey.id).where(Survey.account_id == work.account_id, Survey.id.in_(wanted.values()))
        here = set(await work.session.scalars(mine))
        _require(wanted, here, "unknown_survey", "There is no such survey here.")


async def _segments(work: Work, segment_ids: Iterable[UUID]) -> set[UUID]:
    mine = select(Segment.segment_id).where(
        Segment.account_id == work.account_id,
        Segment.segment_id.in_(list(segment_ids)),
        Segment.is_deleted.is_(False),
    )
    return set(await work.session.scalars(mine))


def _require(wanted: Mapping[str, UUID], here: Collection[UUID], code: str, detail: str) -> None:
    problems = [FieldProblem(pointer, code, detail) for pointer, one in wanted.items() if one not in here]
    if problems:
        raise Unacceptable(detail, errors=tuple(problems))
