"""The read-out of an experiment."""

from collections.abc import Mapping, Sequence
from functools import reduce
from operator import add
from typing import Any

from services.metrics.experiments import outcomes, readings, service, verdicts
from services.metrics.experiments import results_schemas as r
from services.metrics.experiments.models import StoredExperiment
from services.metrics.experiments.outcomes import Arm, Outcomes, Trial
from services.metrics.experiments.plans import level_of_each, planned, shares
from services.metrics.experiments.readings import Fixed, Pair, Reading, Watched
from services.metrics.experiments.samples import Kind
from services.metrics.experiments.schemas import HOLDOUT, NewExperiment, Outcome
from services.metrics.experiments.sequences import Lots, sample_ratio
from services.metrics.experiments.verdicts import Terms
from services.metrics.scores.schemas import ConfidenceInterval, ScaleOut, SignificanceOut
from shared.statistics import LEVEL, shown
from shared.work import Work

# Rises whenever the same customers would give another number.
FORMULA_VERSION = 1
_BROKEN = (
    "The lots did not fall as the shares say, and chance does not explain it: less than one in a thousand. Find out "
    "what loses or adds customers in one arm, and start anew; no effect is shown, because it could be that."
)


async def results(work: Work, stored: StoredExperiment) -> r.ResultsOut:
    experiment = service.experiment_of(stored)
    trial = _trial(work, stored, experiment)
    if trial is None:
        return _not_started(stored, experiment)
    found = await outcomes.of(work, experiment.outcome, trial)
    lots = sample_ratio({arm: told.assigned for arm, told in found.arms.items()}, shares(experiment))
    findings: list[r.FindingOut] = []
    guardrails: list[r.GuardrailOut] = []
    conclusion: r.Conclusion = "lots_are_broken"
    text = _BROKEN
    if not lots.is_broken:
        findings = _findings(experiment, trial, found, is_stopped=stored.stopped_at is not None)
        for guardrail in experiment.guardrails:
            looked = await outcomes.of(work, guardrail.outcome, trial)
            guardrails += _guarded(experiment, guardrail.outcome, float(guardrail.margin), trial, looked)
        conclusion, text = _conclusion(findings, guardrails)
    return r.ResultsOut.model_construct(
        None,
        **_heading(stored, experiment),
        from_=trial.since,
        to=trial.until,
        watermark=await outcomes.watermark(work, experiment.outcome),
        scale=None if found.scale is None else ScaleOut(minimum=found.scale.minimum, maximum=found.scale.maximum),
        sample_ratio=_ratio(lots),
        arms=[_arm(name, told, found.kind, lots) for name, told in found.arms.items()],
        findings=findings,
        guardrails=guardrails,
        conclusion=conclusion,
        text=text,
        assumptions=assumptions(experiment),
    )


def _trial(work: Work, stored: StoredExperiment, experiment: NewExperiment) -> Trial | None:
    if stored.started_at is None:
        return None
    until = stored.stopped_at or work.now
    return Trial(service.lots_of(stored), stored.started_at, until, planned(experiment))


def _not_started(stored: StoredExperiment, experiment: NewExperiment) -> r.ResultsOut:
    return r.ResultsOut.model_construct(
        None,
        **_heading(stored, experiment),
        from_=None,
        to=None,
        watermark=None,
        scale=None,
        sample_ratio=r.SampleRatioOut(statistic=None, p_value=None, broken=False),
        arms=[],
        findings=[],
        guardrails=[],
        conclusion="not_started",
        text="It has not started; nobody is in it.",
        assumptions=assumptions(experiment),
    )


def _heading(stored: StoredExperiment, experiment: NewExperiment) -> Mapping[str, Any]:
    return {
        "experiment_id": stored.id,
        "formula_version": FORMULA_VERSION,
        "method": experiment.method,
        "outcome": experiment.outcome,
        "unit": unit_of(experiment.outcome),
    }


def _findings(experiment: NewExperiment, trial: Trial, found: Outcomes, *, is_stopped: bool) -> list[r.FindingOut]:
    control, *others = [variant.key for variant in experiment.variants]
    level = level_of_each(experiment)
    sides: list[tuple[Sequence[str], str]] = [([other], control) for other in others]
    pairs = [_pair(found, trial, this, other, level) for this, other in sides]
    read = [readings.read(pair, found.kind, found.scale, use_history=experiment.use_history) for pair in pairs]
    read = readings.judge_together(read)
    if HOLDOUT in found.arms:
        everybody = ([control, *others], HOLDOUT)
        sides.append(everybody)
        pairs.append(_pair(found, trial, *everybody))
        read.append(readings.read(pairs[-1], found.kind, found.scale, use_history=experiment.use_history))
    terms = Terms(
        method=experiment.method,
        effect=float(experiment.plan.minimum_effect),
        higher_is_better=experiment.outcome.higher_is_better,
        is_stopped=is_stopped,
    )
    return [_finding(*side, pair, each, terms) for side, pair, each in zip(sides, pairs, read, strict=True)]


def _pair(found: Outcomes, trial: Trial, these: Sequence[str], other: str, level: float = 1 - LEVEL) -> Pair:
    this = reduce(add, (found.arms[name] for name in these))
    sizes = (sum(trial.planned[name] for name in these), trial.planned[other])
    return Pair(this, found.arms[other], sizes, level)


def _finding(these: Sequence[str], against: str, pair: Pair, reading: Reading, terms: Terms) -> r.FindingOut:
    finding = verdicts.judge(reading, terms)
    name = these[0] if len(these) == 1 else "any variant"
    return r.FindingOut(
        variants=list(these),
        against=against,
        fixed_horizon=None if reading.fixed is None else _fixed(reading.fixed),
        always_valid=None if reading.watched is None else _always(reading.watched),
        history_explains=None if reading.explained is None else round(reading.explained, 4),
        finding=finding,
        text=verdicts.in_words(name, against, finding, reading, pair, terms),
    )


def _guarded(
    experiment: NewExperiment, outcome: Outcome, margin: float, trial: Trial, found: Outcomes
) -> list[r.GuardrailOut]:
    control, *others = [variant.key for variant in experiment.variants]
    answers = []
    for other in others:
        watched, _ = readings.watch(_pair(found, trial, [other], control), found.kind)
        told = verdicts.guarded(
            other, outcome.measure, watched, margin=margin, higher_is_better=outcome.higher_is_better
        )
        answers.append(
            r.GuardrailOut(
                outcome=outcome,
                margin=margin,
                variant=other,
                against=control,
                always_valid=None if watched is None else _always(watched),
                state=told.state,
                text=told.text,
            )
        )
    return answers


def _conclusion(findings: Sequence[r.FindingOut], guardrails: Sequence[r.GuardrailOut]) -> tuple[r.Conclusion, str]:
    broken = [each.text for each in guardrails if each.state == "broken"]
    said = [each.text for each in findings]
    if broken:
        return "guardrail_is_broken", " ".join([*broken, *said])
    compared = [each.finding for each in findings if each.against != HOLDOUT]
    return verdicts.together(compared), " ".join(said)


def _ratio(lots: Lots) -> r.SampleRatioOut:
    return r.SampleRatioOut(
        statistic=None if lots.statistic is None else float(f"{lots.statistic:.4f}"),
        p_value=None if lots.p_value is None else float(f"{lots.p_value:.3g}"),
        broken=lots.is_broken,
    )


def _arm(name: str, told: Arm, kind: Kind, lots: Lots) -> r.ArmOut:
    mean = None if lots.is_broken else told.all.mean
    return r.ArmOut(
        variant=name,
        assigned=told.assigned,
        expected=shown(lots.expected[name]),
        n=told.all.n,
        value=None if mean is None else shown(kind.factor * mean),
        excluded=r.ExcludedFromArm(**{reason: told.excluded[reason] for reason in r.ExcludedFromArm.model_fields}),
    )


def _fixed(fixed: Fixed) -> r.FixedOut:
    change = fixed.change
    interval = test = None
    if change.bounds is not None:
        interval = ConfidenceInterval(low=shown(change.bounds[0]), high=shown(change.bounds[1]), level=LEVEL)
    if change.test is not None:
        test = SignificanceOut(
            method=change.test.method,
            statistic=None if change.test.statistic is None else float(f"{change.test.statistic:.4f}"),
            p_value=float(f"{change.test.p_value:.3g}"),
        )
    return r.FixedOut(
        n=fixed.n,
        against_n=fixed.against_n,
        difference=shown(change.value),
        interval=interval,
        test=test,
        p_adjusted=None if fixed.p_adjusted is None else float(f"{fixed.p_adjusted:.3g}"),
        significant=fixed.is_significant,
    )


def _always(watched: Watched) -> r.AlwaysOut:
    low, high = shown(watched.always.low), shown(watched.always.high)
    return r.AlwaysOut(
        n=watched.n,
        against_n=watched.against_n,
        difference=shown(watched.difference),
        interval=ConfidenceInterval(low=low, high=high, level=round(watched.level, 4)),
        p_value=float(f"{watched.always.p_value:.3g}"),
        significant=watched.is_significant,
    )


def unit_of(outcome: Outcome) -> str:
    match outcome.measure:
        case "conversion" | "responded" | "csat" | "ces_pct":
            return "percent of customers"
        case "activities":
            return "times for each customer"
        case "spend":
            return f"{outcome.currency} for each customer"
        case "nps":
            return "points from -100 to 100"
    return "points of the scale, or 0..100 where scales are mixed"


def assumptions(experiment: NewExperiment) -> list[str]:
    outcome = experiment.outcome
    found = [
        "Customers act by themselves: what one gets does not change what another does.",
        f"What counts is what a customer did in the {outcome.within_days} days after they got their variant.",
        "The always-valid interval is asymptotic (Waudby-Smith et al. 2024): it begins at 100 customers in each arm.",
    ]
    if outcome.measure in ("nps", "csat", "csat_mean", "ces", "ces_pct"):
        found.append("Only who gave a rating is compared; who does may itself differ between the variants.")
    if len(experiment.variants) > 2:
        found.append(
            f"The {len(experiment.variants) - 1} variants are judged together: by Holm at the single look, by "
            "Bonferroni in the always-valid intervals."
        )
    if experiment.use_history:
        found.append("What customers did before was taken out of the noise (CUPED, Deng et al. 2013), where it varies.")
    return found
