"""From what an experiment wants to find to how many customers it needs. No I/O."""

from collections.abc import Mapping
from fractions import Fraction
from math import ceil

from services.metrics.experiments.planning import needed, shares_of, times_if_watched
from services.metrics.experiments.schemas import HOLDOUT, SHARES, ArmPlan, NewExperiment, PlanOut
from services.metrics.experiments.sequences import ALPHA


def shares(experiment: NewExperiment) -> dict[str, Fraction]:
    """Which part of all customers each arm gets."""
    weights = {variant.key: variant.weight for variant in experiment.variants}
    return shares_of(weights, HOLDOUT, Fraction(experiment.holdout_percent))


def level_of_each(experiment: NewExperiment) -> float:
    """So that all variants together are called different from the control without reason in 5 of 100 experiments."""
    return ALPHA / (len(experiment.variants) - 1)


def planned(experiment: NewExperiment) -> dict[str, int]:
    """Customers with a known outcome in each arm, so that every variant that differs by the effect is found."""
    control, *others = [variant.key for variant in experiment.variants]
    parts, plan = shares(experiment), experiment.plan
    total = Fraction(0)
    for other in others:
        both = (float(parts[control]), float(parts[other]))
        n, _ = needed(
            _variances(experiment),
            both,
            effect=float(plan.minimum_effect),
            power=float(plan.power),
            alpha=level_of_each(experiment),
        )
        total = max(total, n / parts[control])
    return {arm: max(2, ceil(part * total)) for arm, part in parts.items()}


def plan_of(experiment: NewExperiment) -> PlanOut:
    arms = planned(experiment)
    level = level_of_each(experiment)
    return PlanOut(
        arms=[ArmPlan(variant=arm, customers=customers) for arm, customers in arms.items()],
        customers=sum(arms.values()),
        if_watched=round(times_if_watched(float(experiment.plan.power), level, single=level), 2),
        assumptions=_assumptions(experiment, arms),
    )


def _variances(experiment: NewExperiment) -> tuple[float, float]:
    """Of one customer's value: of the control, and of a variant that is as much better (else worse) as it has to be."""
    plan = experiment.plan
    if experiment.outcome.measure not in SHARES:
        spread = float(plan.spread or 0)
        return spread**2, spread**2
    base, effect = float(plan.baseline), float(plan.minimum_effect)
    rises = experiment.outcome.higher_is_better
    moved = base + effect if rises else base - effect
    if not 0 < moved < 100:
        moved = base - effect if rises else base + effect
    return base * (100 - base), moved * (100 - moved)


def _assumptions(experiment: NewExperiment, arms: Mapping[str, int]) -> list[str]:
    plan = experiment.plan
    found = [
        f"The control has {plan.baseline}, as the plan says; a difference of {plan.minimum_effect} either way is found "
        f"in {100 * plan.power:g} of 100 experiments (two-sided, 5 % in all).",
        f"{experiment.outcome.within_days} days after a customer got their variant their outcome is known.",
    ]
    if experiment.outcome.measure not in SHARES:
        found.append(f"One customer's value has a standard deviation of {plan.spread}, in every variant.")
    if experiment.outcome.measure in ("nps", "csat", "csat_mean", "ces", "ces_pct"):
        found.append("The customers are those who answer; as many more are needed as do not.")
    if HOLDOUT in arms:
        found.append("The holdout is as large as its share makes it; how sure its comparison is was not planned.")
    return found
