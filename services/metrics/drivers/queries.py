"""What pieces of feedback say of the outcome, and of everything else that was asked beside it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Select, Text, Uuid, and_, any_, cast, func, literal, select
from sqlalchemy.orm import aliased

from services.metrics.facts.models import UNRATED, Fact
from services.metrics.facts.reading import Exclusion, Family
from services.metrics.scores.queries import is_about
from services.metrics.scores.selection import Selection, filters_on
from shared.work import Work

# How many pieces of feedback are calculated with. More would hardly make the intervals narrower.
MOST_ROWS: Final = 10_000
# What is no question that somebody answered with a score.
_NO_DRIVERS: Final = (UNRATED, "rerated")


@dataclass(frozen=True, slots=True)
class Outcome:
    """Either the one rating of a family that feedback has, or one question, by its key."""

    name: str
    family: Family | None
    question: str | None

    def among(self, work: Work) -> ColumnElement[bool]:
        """Its facts, also those that do not count."""
        if self.family is not None:
            return is_about(Fact.__table__, work, self.family)
        return and_(Fact.account_id == work.account_id, Fact.question == self.question)

    def counted(self, work: Work) -> ColumnElement[bool]:
        own = Fact.question == self.question if self.family is None else Fact.scheme == self.family
        return and_(Fact.account_id == work.account_id, own, Fact.exclusion.is_(None))


async def excluded(work: Work, selection: Selection, outcome: Outcome) -> dict[Exclusion | None, int]:
    """How many facts of the outcome do not count, by reason; those that do under None."""
    statement = (
        select(Fact.exclusion, func.count())
        .where(outcome.among(work), selection.holds(Fact.occurred_at), *filters_on(Fact.__table__, selection))
        .group_by(Fact.exclusion)
    )
    return {
        None if reason is None else Exclusion(reason): n for reason, n in (await work.session.execute(statement)).all()
    }


async def outcomes(work: Work, selection: Selection, outcome: Outcome) -> Sequence[Any]:
    """Facts of the outcome that count. Of more than `MOST_ROWS` a sample that is always the same: the first by the hash
    of their ids."""
    statement = (
        select(*_SAID, Fact.survey_id)
        .where(outcome.counted(work), selection.holds(Fact.occurred_at), *filters_on(Fact.__table__, selection))
        .order_by(func.md5(cast(Fact.feedback_id, Text)), Fact.feedback_id, Fact.question)
        .limit(MOST_ROWS)
    )
    return (await work.session.execute(statement)).all()


async def beside(
    work: Work, outcome: Outcome, feedback_ids: Collection[UUID], drivers: Collection[str]
) -> Sequence[Any]:
    """What the same feedback says of other questions; only of `drivers`, if any are named."""
    statement = select(*_SAID).where(
        Fact.account_id == work.account_id,
        Fact.feedback_id == any_(cast(literal(list(feedback_ids), ARRAY(Uuid)), ARRAY(Uuid))),
        *_is_driver(Fact, outcome, drivers),
    )
    return (await work.session.execute(statement)).all()


def rows_behind(work: Work, selection: Selection, outcome: Outcome, drivers: Collection[str]) -> Select[Any]:
    """The facts of the outcome that have a driver beside them."""
    other = aliased(Fact)
    has_driver = (
        select(other.feedback_id)
        .where(
            other.account_id == work.account_id,
            other.feedback_id == Fact.feedback_id,
            *_is_driver(other, outcome, drivers),
        )
        .exists()
    )
    return select(Fact).where(
        outcome.counted(work), selection.holds(Fact.occurred_at), *filters_on(Fact.__table__, selection), has_driver
    )


_SAID: Final = (
    *(Fact.feedback_id, Fact.question, Fact.scheme),
    *(Fact.points, Fact.index, Fact.minimum, Fact.maximum),
)


def _is_driver(fact: Any, outcome: Outcome, drivers: Collection[str]) -> list[ColumnElement[bool]]:
    is_other = fact.scheme != outcome.family if outcome.question is None else fact.question != outcome.question
    conditions = [fact.exclusion.is_(None), fact.question != "", fact.scheme.not_in(_NO_DRIVERS), is_other]
    return [*conditions, fact.question.in_(drivers)] if drivers else conditions
