"""Personas: segments with a description of who is in them and what they want."""

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.dialects.postgresql import distinct_on

from services.customers.personas.schemas import LatestNps, Persona, PersonaOut
from services.customers.segments import service as segments
from services.customers.segments.models import FeedbackFact, Segment, SegmentMember
from shared.http.dependencies import check_match
from shared.http.errors import NotFound
from shared.work import Work

LATEST = timedelta(days=365)
# Fewer are too few to conclude from, as wherever a score is shown.
ENOUGH = 30


class PersonaNotFound(NotFound):
    """This segment is not a persona; PUT one to make it one."""

    code = "persona_not_found"


def personas_of(work: Work) -> Select[Segment]:
    return segments.known_segments(work).where(Segment.persona.is_not(None))


async def describe(work: Work, segment_id: UUID, persona: Persona, expected: int | None) -> Segment:
    """Make the segment a persona, or change it. Raises `SegmentNotFound` or `StaleVersion`."""
    segment = await segments.find_to_change(work, segment_id)
    check_match(expected, segment.version)
    segment.persona = persona.model_dump(mode="json")
    segments.changed(work, segment)
    return segment


async def undescribe(work: Work, segment_id: UUID, expected: int | None) -> None:
    """Leave the segment. Raises `SegmentNotFound`, `PersonaNotFound` or `StaleVersion`."""
    segment = await segments.find_to_change(work, segment_id)
    if segment.persona is None:
        raise PersonaNotFound
    check_match(expected, segment.version)
    segment.persona = None
    segments.changed(work, segment)


async def shown(work: Work, personas: Collection[Segment]) -> list[PersonaOut]:
    """With their members and how likely these are to recommend, in one question for all."""
    scores = await _latest_nps(work, [segment.id for segment in personas])
    return [
        PersonaOut(
            segment_id=segment.id,
            name=segment.name,
            persona=Persona.model_validate(segment.persona),
            members=segment.members,
            state=segment.state,
            nps=_score(scores.get(segment.id, (0, 0, 0))),
        )
        for segment in personas
    ]


async def _latest_nps(work: Work, segment_ids: Collection[UUID]) -> Mapping[UUID, tuple[int, int, int]]:
    """n, promoters and detractors of each."""
    newest = (FeedbackFact.occurred_at.desc(), FeedbackFact.feedback_id.desc(), FeedbackFact.question.desc())
    last = (
        select(FeedbackFact.customer_id, FeedbackFact.band)
        .ext(distinct_on(FeedbackFact.customer_id))
        .where(
            FeedbackFact.account_id == work.account_id,
            FeedbackFact.customer_id.is_not(None),
            FeedbackFact.scheme == "nps",
            FeedbackFact.occurred_at > work.now - LATEST,
        )
        .order_by(FeedbackFact.customer_id, *newest)
        .subquery("last_said")
    )
    counts: list[Any] = [func.count()]
    counts += [func.count().filter(last.c.band == band) for band in ("positive", "negative")]
    found = await work.session.execute(
        select(SegmentMember.segment_id, *counts)
        .join(last, last.c.customer_id == SegmentMember.customer_id)
        .where(SegmentMember.account_id == work.account_id, SegmentMember.segment_id.in_(segment_ids))
        .group_by(SegmentMember.segment_id)
    )
    return {segment_id: (n, promoters, detractors) for segment_id, n, promoters, detractors in found}


def _score(counted: tuple[int, int, int]) -> LatestNps:
    n, promoters, detractors = counted
    score = round(100 * (promoters - detractors) / n, 1) if n else None
    return LatestNps(score=score, n=n, promoters=promoters, detractors=detractors, insufficient=n < ENOUGH)
