"""From a question about an outcome to what drives it, and how sure that is."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from services.metrics.drivers import calculation, queries, words
from services.metrics.drivers import schemas as s
from services.metrics.drivers.exchange import LEAST, SEED, Bounded, Left, Weighed, Weights
from services.metrics.drivers.queries import MOST_ROWS, Outcome
from services.metrics.drivers.tables import Answered, answered, exact
from services.metrics.facts.models import Fact
from services.metrics.facts.reading import Exclusion
from services.metrics.scores.histograms import Scale
from services.metrics.scores.queries import watermark
from services.metrics.scores.schemas import ConfidenceInterval, ScaleOut
from services.metrics.scores.selection import OF_FEEDBACK, Selection
from shared.http.errors import Unacceptable
from shared.statistics import LEVEL, shown
from shared.work import Work

VERSION: Final = 1
# From here on a driver is said to be collinear, as is usual.
COLLINEAR: Final = 5.0
_PERCENT: Final = 100.0


@dataclass(frozen=True, slots=True)
class Asked:
    """`drivers`: those that were named; none for all."""

    outcome: Outcome
    drivers: Sequence[str]
    selection: Selection

    @property
    def rows(self) -> str:
        named = [("outcome", self.outcome.name), *(("driver", name) for name in self.drivers)]
        return f"/v1/drivers/rows?{urlencode(named, safe=':')}&{self.selection.query}"


@dataclass(frozen=True, slots=True)
class _Read:
    """`counted`: all facts of the outcome that count; `surveys`: how many the rows come from."""

    answered: Answered | None
    counted: int
    drawn: int
    excluded: dict[Exclusion | None, int]
    surveys: int


async def drivers(work: Work, asked: Asked, rise: float) -> s.DriversAnswer:
    """What each driver weighs, and what a rise of it goes with."""
    read = await _read(work, asked)
    found = None if read.answered is None else await calculation.weights(read.answered.table)
    warnings = _warnings(read)
    if found is not None:
        warnings += words.of_weights(found, COLLINEAR)
    header = await _header(
        work,
        asked,
        read,
        formula=words.WEIGHTS,
        complete=found.complete if found else 0,
        least=found.least if found else LEAST,
        refused=found.refused if found else words.NOTHING,
        left=found.left if found else [],
        warnings=warnings,
    )
    return s.DriversAnswer(
        **header,
        basis=found.basis if found else "pairs",
        r_squared=None if found is None or found.r_squared is None else _percent(found.r_squared),
        drivers=[] if found is None or read.answered is None else _ranked(found, read.answered, rise),
        pairs=[
            s.PairOut(drivers=pair.drivers, n=pair.n, correlation=shown(pair.correlation))
            for pair in (found.pairs if found else [])
        ],
        samples=found.samples if found else 0,
        seed=SEED,
        assumptions=list(words.ASSUMPTIONS),
    )


async def regression(work: Work, asked: Asked, *, names_rows: bool) -> s.RegressionAnswer:
    """The outcome with each driver, and with all of them at once."""
    read = await _read(work, asked)
    found = None if read.answered is None else await calculation.regression(read.answered.table)
    header = await _header(
        work,
        asked,
        read,
        formula=words.REGRESSION,
        complete=found.n if found else 0,
        least=found.least if found else LEAST,
        refused=found.refused if found else words.NOTHING,
        left=found.left if found else [],
        warnings=_warnings(read),
    )
    diagnosis = found.diagnosis if found else None
    ids = read.answered.feedback_ids if read.answered else []
    return s.RegressionAnswer(
        **header,
        correlations=[
            s.CorrelationOut(driver=one.driver, n=one.n, pearson=_plain(one.pearson), spearman=_plain(one.spearman))
            for one in (found.correlations if found else [])
        ],
        coefficients=[
            s.CoefficientOut(
                driver=one.driver,
                value=shown(one.value, 4),
                interval=ConfidenceInterval(low=shown(one.low, 4), high=shown(one.high, 4), level=LEVEL),
                standard_error=shown(one.standard_error, 4),
                p_value=shown(one.p_value, 4),
                significant=one.p_value < 1 - LEVEL,
            )
            for one in (found.coefficients if found else [])
        ],
        errors=found.errors if found else "classical",
        r_squared=None if found is None or found.r_squared is None else shown(_PERCENT * found.r_squared),
        adjusted_r_squared=None
        if found is None or found.adjusted_r_squared is None
        else shown(_PERCENT * found.adjusted_r_squared),
        checks=[] if found is None or diagnosis is None else words.checks(found, diagnosis, COLLINEAR),
        influential=[
            s.InfluentialRow(feedback_id=ids[one.row], cooks_distance=shown(one.distance, 4))
            for one in (diagnosis.most_influential if diagnosis and names_rows else [])
        ],
        assumptions=list(words.ASSUMPTIONS),
    )


def check(asked: Asked) -> None:
    """Raises `Unacceptable` for filters that feedback knows nothing of, and for an outcome among its own drivers."""
    for by in asked.selection.filters:
        if by not in OF_FEEDBACK:
            known = ", ".join(sorted(one.value for one in OF_FEEDBACK))
            detail = f"Drivers are questions of feedback, which can be filtered by {known}."
            raise Unacceptable.field(f"query:filter[{by.value}]", "unknown_dimension", detail)
    if asked.outcome.question in asked.drivers:
        raise Unacceptable.field("query:driver", "is_outcome", "The outcome cannot be its own driver.")


async def _read(work: Work, asked: Asked) -> _Read:
    check(asked)
    excluded = await queries.excluded(work, asked.selection, asked.outcome)
    said = await queries.outcomes(work, asked.selection, asked.outcome)
    _check_one_each(asked.outcome, said)
    ids = [one.feedback_id for one in said]
    others = await queries.beside(work, asked.outcome, ids, asked.drivers) if ids else []
    known = answered(said, others, asked.drivers)
    used = set() if known is None else set(known.feedback_ids)
    surveys = {one.survey_id for one in said if one.feedback_id in used}
    return _Read(known, excluded.get(None, 0), len(said), excluded, len(surveys))


def _check_one_each(outcome: Outcome, said: Sequence[Any]) -> None:
    several = Counter(one.feedback_id for one in said)
    if any(count > 1 for count in several.values()):
        names = sorted({one.question for one in said if several[one.feedback_id] > 1})[:20]
        detail = f"Some feedback has more than one of these. Ask for one question: {', '.join(names)}."
        raise Unacceptable.field("query:outcome", "ambiguous_outcome", detail)


async def _header(work: Work, asked: Asked, read: _Read, *, left: Sequence[Left], **rest: Any) -> dict[str, Any]:
    known = read.answered
    n = 0 if known is None else len(known.feedback_ids)
    counts = {reason.value: read.excluded.get(reason, 0) for reason in Exclusion}
    return {
        "outcome": asked.outcome.name,
        "outcome_scale": None if known is None else _scale(known.outcome_scale),
        "formula_version": VERSION,
        "time_zone": asked.selection.calendar.time_zone,
        "from_": asked.selection.start,
        "to": asked.selection.end,
        "watermark": await watermark(work),
        "n": n,
        "sampled": read.counted > read.drawn,
        "excluded": s.ExcludedFeedback(**counts, no_driver=read.drawn - n),
        "insufficient": rest["refused"] is not None,
        "left_out": [s.LeftOut(driver=one.driver, n=one.n, reason=one.reason) for one in left],
        "rows": asked.rows,
        **rest,
    }


def _warnings(read: _Read) -> list[s.Warned]:
    found = []
    if read.counted > read.drawn:
        found.append(s.Warned(code="sampled", detail=words.sampled(MOST_ROWS, read.counted)))
    if read.surveys > 1:
        found.append(s.Warned(code="several_surveys", detail=words.SEVERAL_SURVEYS))
    if read.answered is not None and read.answered.several:
        found.append(s.Warned(code="several_scales", detail=words.several_scales(read.answered.several)))
    return found


def _ranked(found: Weights, known: Answered, rise: float) -> list[s.DriverOut]:
    performance = {one.driver: _performance(one.mean, known.scales[one.driver]) for one in found.weighed}
    usual = sum(performance.values()) / len(performance) if performance else 0.0
    order = sorted(found.weighed, key=lambda one: (not one.is_significant, -one.weight.value, one.driver))
    rows = len(known.feedback_ids) if found.basis == "pairs" else found.complete
    return [
        s.DriverOut(
            driver=one.driver,
            rank=rank,
            n=one.n,
            missing=rows - one.n,
            scale=_scale(known.scales[one.driver]),
            mean=shown(one.mean),
            performance=shown(performance[one.driver]),
            weight=_percent(one.weight),
            share=_percent(one.share),
            shapley=_percent(one.shapley),
            slope=_plain(one.slope, 4),
            direction="positive" if one.slope.value >= 0 else "negative",
            correlation=shown(one.correlation),
            significant=one.is_significant,
            quadrant=quadrant(one, len(found.weighed), is_good=performance[one.driver] >= usual),
            variance_inflation=shown(one.inflation),
            collinear=one.inflation >= COLLINEAR,
            what_if=_what_if(one, known.scales[one.driver], rise),
        )
        for rank, one in enumerate(order, 1)
    ]


def quadrant(one: Weighed, drivers: int, *, is_good: bool) -> s.Quadrant | None:
    if drivers == 1 or one.slope.value < 0:
        return None
    if one.is_significant and one.share.value >= 1 / drivers:
        return s.Quadrant.KEEP_UP if is_good else s.Quadrant.CONCENTRATE_HERE
    return s.Quadrant.POSSIBLE_OVERKILL if is_good else s.Quadrant.LOW_PRIORITY


def _what_if(one: Weighed, scale: Scale, rise: float) -> s.WhatIf:
    """Nothing rises above the top of its scale."""
    possible = min(rise, scale.maximum - one.mean)
    net = None if one.net_slope is None else _plain(_times(one.net_slope, possible))
    return s.WhatIf(rise=shown(possible), change=_plain(_times(one.slope, possible)), nps_change=net)


def _times(bounded: Bounded, factor: float) -> Bounded:
    low, high = (None if one is None else one * factor for one in (bounded.low, bounded.high))
    return Bounded(value=bounded.value * factor, low=low, high=high)


def _percent(bounded: Bounded) -> s.Estimate:
    return _plain(_times(bounded, _PERCENT))


def _plain(bounded: Bounded, places: int = 2) -> s.Estimate:
    interval = None
    if bounded.low is not None and bounded.high is not None:
        low, high = shown(bounded.low, places), shown(bounded.high, places)
        interval = ConfidenceInterval(low=low, high=high, level=LEVEL)
    return s.Estimate(value=shown(bounded.value, places), interval=interval)


def _performance(mean: float, scale: Scale) -> float:
    return _PERCENT * (mean - scale.minimum) / (scale.maximum - scale.minimum)


def _scale(scale: Scale) -> ScaleOut:
    return ScaleOut(minimum=scale.minimum, maximum=scale.maximum)


async def row_maker(work: Work, asked: Asked, feedback_ids: Sequence[UUID]) -> Callable[[Fact], s.DriverRowOut]:
    """Turns facts of the outcome of this feedback into rows."""
    answers: dict[UUID, dict[str, float]] = {one: {} for one in feedback_ids}
    for other in await queries.beside(work, asked.outcome, feedback_ids, asked.drivers) if feedback_ids else []:
        answers[other.feedback_id][other.question] = exact(other)

    def row(fact: Fact) -> s.DriverRowOut:
        return s.DriverRowOut(
            feedback_id=fact.feedback_id,
            occurred_at=fact.occurred_at,
            channel=fact.channel,
            survey_id=fact.survey_id,
            customer_id=fact.customer_id,
            question=fact.question,
            outcome=exact(fact),
            answers=answers[fact.feedback_id],
        )

    return row
