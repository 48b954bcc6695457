"""Exact limits: a quota's row is locked while it counts, so no two submissions take the same last place."""

from collections.abc import Collection, Sequence
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.survey.definition.document import Definition
from services.survey.definition.faults.names import OF_THE_LIMIT
from services.survey.definition.flow import Walk
from services.survey.definition.logic import holds
from services.survey.responses.models import QuotaCount
from shared.work import Work


class Place(NamedTuple):
    """A place that a submission needs: `limit` there are. `takes` it now, or only learns whether there is one left."""

    key: str
    limit: int
    ending: str | None
    takes: bool


def places_for(definition: Definition, way: Walk, *, completed: bool) -> Sequence[Place]:
    """By the quotas that the submission meets so far."""
    return [
        Place(quota.key, quota.limit, quota.ending, completed or quota.counts == "started")
        for quota in definition.quotas
        if holds(quota.when, way.facts)
    ]


class Full(NamedTuple):
    """A limit of the whole survey that is reached: nobody can answer any more."""

    counted: int
    limit: int
    ending: str | None

    def __str__(self) -> str:
        return f"The survey is full: {self.counted} of at most {self.limit} answers are in."


async def full(
    session: AsyncSession, survey_id: UUID, definition: Definition, response_limit: int | None
) -> Full | None:
    """By the response limit and by the quotas that everybody meets; None while there is a place. Locks nothing."""
    limits = {quota.key: (quota.limit, quota.ending) for quota in definition.quotas if quota.when is None}
    if response_limit is not None:
        limits[OF_THE_LIMIT] = response_limit, None
    if not limits:
        return None
    mine = (QuotaCount.survey_id == survey_id) & QuotaCount.key.in_(limits)
    found = await session.execute(select(QuotaCount.key, QuotaCount.counted).where(mine))
    counted = {row.key: row.counted for row in found}
    reached = (Full(counted.get(key, 0), limit, ending) for key, (limit, ending) in limits.items())
    return next((one for one in reached if one.counted >= one.limit), None)


async def take(work: Work, survey_id: UUID, places: Sequence[Place], has: Collection[str]) -> Place | None:
    """Take all of them, but those that the submission `has`; or none, and return the first that is full."""
    needed = [place for place in places if place.key not in has]
    if not needed:
        return None
    # In one order everywhere, or two submissions could wait for each other.
    keys = sorted(place.key for place in needed)
    rows = [{"account_id": work.account_id, "survey_id": survey_id, "key": key, "counted": 0} for key in keys]
    await work.session.execute(insert(QuotaCount).values(rows).on_conflict_do_nothing())
    mine = (QuotaCount.survey_id == survey_id) & QuotaCount.key.in_(keys)
    locked = select(QuotaCount.key, QuotaCount.counted).where(mine).order_by(QuotaCount.key).with_for_update()
    counted = {row.key: row.counted for row in await work.session.execute(locked)}
    full = next((place for place in needed if counted[place.key] >= place.limit), None)
    taken = [place.key for place in needed if place.takes]
    if full is None and taken:
        one_more = update(QuotaCount).where(mine, QuotaCount.key.in_(taken)).values(counted=QuotaCount.counted + 1)
        await work.session.execute(one_more)
    return full


async def give_back(work: Work, survey_id: UUID, keys: Collection[str]) -> None:
    """The submission that held these places is gone."""
    mine = (QuotaCount.survey_id == survey_id) & QuotaCount.key.in_(keys)
    await work.session.execute(update(QuotaCount).where(mine).values(counted=QuotaCount.counted - 1))
