"""What an initiative has brought, by its comparator."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from functools import reduce
from operator import add
from uuid import UUID

from services.metrics.experiments import outcomes
from services.metrics.experiments import service as experiments
from services.metrics.experiments.outcomes import Trial
from services.metrics.experiments.plans import shares
from services.metrics.experiments.results import unit_of
from services.metrics.experiments.samples import Kind, change_of
from services.metrics.experiments.schemas import HOLDOUT, SHARES
from services.metrics.experiments.sequences import sample_ratio
from services.metrics.initiatives import service as initiatives
from services.metrics.initiatives.estimates import in_money, roi, stratified
from services.metrics.initiatives.models import StoredInitiative
from services.metrics.initiatives.queries import strata_of
from services.metrics.initiatives.schemas import (
    AmountOut,
    ExcludedMembers,
    Holdout,
    InitiativeEffectOut,
    NewInitiative,
    ReturnOut,
)
from services.metrics.scores.schemas import ConfidenceInterval
from shared.statistics import LEVEL, shown
from shared.work import Work

# Rises whenever the same customers would give another number.
FORMULA_VERSION = 1
# All are looked at, however many there are.
_EVERYBODY = 2**31 - 1
_NO_COMPARATOR = (
    "Nothing says what would have happened without it, so there is no number. Give it a comparator: a holdout, matched "
    "customers, or others before and after."
)
_UNSURE = "There are too few, or all are alike, so nobody can say how sure it is."


@dataclass(slots=True)
class _Seen:
    """As it is shown, shares in points of a hundred. `why` there is no effect, else None."""

    n: int = 0
    against_n: int = 0
    value: Fraction | None = None
    against_value: Fraction | None = None
    effect: Fraction | None = None
    bounds: tuple[float, float] | None = None
    excluded: Counter[str] = field(default_factory=Counter)
    why: str | None = None


async def effect(work: Work, stored: StoredInitiative) -> InitiativeEffectOut:
    initiative = initiatives.initiative_of(stored)
    since, until, seen = await _seen(work, stored.id, initiative)
    gain, returned = _money(initiative, seen)
    named = {name: seen.excluded[name] for name in ExcludedMembers.model_fields}
    low_high = None if seen.bounds is None else [shown(bound) for bound in seen.bounds]
    return InitiativeEffectOut.model_construct(
        None,
        initiative_id=stored.id,
        formula_version=FORMULA_VERSION,
        outcome=initiative.outcome,
        unit=unit_of(initiative.outcome),
        comparator=initiative.comparator.kind if initiative.comparator else None,
        from_=since,
        to=until,
        watermark=await outcomes.watermark(work, initiative.outcome),
        n=seen.n,
        against_n=seen.against_n,
        excluded=ExcludedMembers(**named),
        value=None if seen.value is None else shown(seen.value),
        against_value=None if seen.against_value is None else shown(seen.against_value),
        effect=None if seen.effect is None else shown(seen.effect),
        interval=None if low_high is None else ConfidenceInterval(low=low_high[0], high=low_high[1], level=LEVEL),
        more_than_noise=None if seen.bounds is None else not seen.bounds[0] <= 0 <= seen.bounds[1],
        expected_effect=initiative.expected_effect,
        cost=initiative.cost,
        gain=gain,
        roi=returned,
        text=_in_words(initiative, seen, gain, returned),
        assumptions=_assumptions(initiative),
        improvement=f"/v1/improvements/{initiative.improvement_id}/effect" if initiative.improvement_id else None,
    )


async def _seen(work: Work, initiative_id: UUID, initiative: NewInitiative) -> tuple[datetime, datetime, _Seen]:
    """With the window that it was seen in."""
    if initiative.comparator is None:
        return initiative.started_at, work.now, _Seen(why=_NO_COMPARATOR)
    if isinstance(initiative.comparator, Holdout):
        return await _by_holdout(work, initiative, initiative.comparator.experiment_id)
    is_change = initiative.comparator.kind == "difference_in_differences"
    since, until = initiative.started_at, work.now
    found = await strata_of(work, initiative_id, initiative.outcome, since=since, until=until, is_change=is_change)
    told = stratified(found.strata)
    if told is None:
        why = "There is nobody yet on both sides whose outcome is known, and who is like somebody on the other one."
        return since, until, _Seen(excluded=found.excluded, why=why)
    factor = 100 if initiative.outcome.measure in SHARES else 1
    found.excluded["unmatched"] += told.unmatched
    seen = _Seen(
        n=told.n,
        against_n=told.against_n,
        value=factor * told.value,
        against_value=factor * told.against_value,
        effect=factor * told.difference,
        bounds=None if told.bounds is None else (factor * told.bounds[0], factor * told.bounds[1]),
        excluded=found.excluded,
        why=None if told.bounds else _UNSURE,
    )
    return since, until, seen


async def _by_holdout(work: Work, initiative: NewInitiative, experiment_id: UUID) -> tuple[datetime, datetime, _Seen]:
    try:
        stored = await experiments.read(work, experiment_id)
    except experiments.UnknownExperiment:
        return initiative.started_at, work.now, _Seen(why="The experiment with the holdout is not there any more.")
    if stored.started_at is None:
        return initiative.started_at, work.now, _Seen(why="The experiment with the holdout has not started.")
    experiment, until = experiments.experiment_of(stored), stored.stopped_at or work.now
    parts = shares(experiment)
    trial = Trial(experiments.lots_of(stored), stored.started_at, until, dict.fromkeys(parts, _EVERYBODY))
    found = await outcomes.of(work, initiative.outcome, trial)
    excluded = reduce(add, (arm.excluded for arm in found.arms.values()), Counter[str]())
    if sample_ratio({name: arm.assigned for name, arm in found.arms.items()}, parts).is_broken:
        why = "The lots of the experiment did not fall as they should, so the holdout is no measure."
        return stored.started_at, until, _Seen(excluded=excluded, why=why)
    this = reduce(add, (arm.all for name, arm in found.arms.items() if name != HOLDOUT))
    other = found.arms[HOLDOUT].all
    change = change_of(found.kind, this, other, found.scale)
    if change is None or this.mean is None or other.mean is None:
        return stored.started_at, until, _Seen(excluded=excluded, why="Nobody's outcome is known yet on one side.")
    factor = Kind(found.kind).factor
    doubt = None if change.bounds else _UNSURE
    seen = _Seen(this.n, other.n, factor * this.mean, factor * other.mean, change.value, change.bounds, excluded, doubt)
    return stored.started_at, until, seen


def _money(initiative: NewInitiative, seen: _Seen) -> tuple[AmountOut | None, ReturnOut | None]:
    """Never without an interval."""
    one = _worth_of_one(initiative)
    if seen.effect is None or seen.bounds is None or one is None:
        return None, None
    value, low, high = (in_money(each, seen.n, one) for each in (seen.effect, *seen.bounds))
    gain = AmountOut(value=value, low=low, high=high, currency=initiative.cost.currency)
    returns = [roi(each, initiative.cost.amount) for each in (value, low, high)]
    if None in returns:
        return gain, None
    told = [each for each in returns if each is not None]
    return gain, ReturnOut(value=told[0], low=told[1], high=told[2])


def _worth_of_one(initiative: NewInitiative) -> Fraction | None:
    """Of what is shown as 1."""
    measure = initiative.outcome.measure
    if measure == "spend":
        return Fraction(initiative.margin_percent) / 100
    if initiative.worth is None:
        return None
    return Fraction(initiative.worth.amount) / (100 if measure in SHARES else 1)


def _in_words(initiative: NewInitiative, seen: _Seen, gain: AmountOut | None, returned: ReturnOut | None) -> str:
    if seen.effect is None or seen.bounds is None:
        return str(seen.why)
    low, high = seen.bounds
    said = f"{shown(seen.effect):+g} ({shown(low):+g} to {shown(high):+g}) {unit_of(initiative.outcome)}"
    noise = "" if not low <= 0 <= high else " This may be noise."
    if gain is None:
        return f"It changed {said}.{noise} Say what one more is worth to have it in money."
    text = f"It changed {said}: {_money_of(gain.value)} ({_money_of(gain.low)} to {_money_of(gain.high)}) "
    text += f"{gain.currency} for {seen.n} customers, at a cost of {_money_of(initiative.cost.amount)}.{noise}"
    if returned is not None and returned.low <= 0 <= returned.high:
        text += " Whether it paid is not sure."
    return text


def _money_of(amount: Decimal) -> str:
    return format(amount.quantize(Decimal("0.01")), "f")


def _assumptions(initiative: NewInitiative) -> list[str]:
    found = [
        f"What counts is what a customer did in the {initiative.outcome.within_days} days after the beginning, and "
        "nothing later.",
        "What was done for some changed nothing for the others.",
        "The gain is that of the customers who are counted; the cost is the whole.",
        "The interval is of one look; it does not hold for many.",
    ]
    match initiative.comparator.kind if initiative.comparator else None:
        case "holdout":
            found.append("The lot decided who got it, so the sides differ in nothing else but by chance.")
        case "matched":
            found.append("Customers with the same attributes would have done the same if it had been done.")
        case "difference_in_differences":
            found.append("Without it, both sides would have changed alike (parallel trends).")
        case _:
            return []
    if initiative.outcome.measure == "spend":
        found.append(f"{initiative.margin_percent} % of what is paid is left.")
    elif initiative.worth is not None:
        found.append(f"One more is worth {initiative.worth.amount} {initiative.worth.currency}.")
    return found
