"""From curves to what is said of how long customers stay."""

from typing import Final

from services.metrics.cohorts import schemas as s
from services.metrics.cohorts.queries import watermark
from services.metrics.cohorts.service import ENOUGH
from services.metrics.cohorts.staying import Followed, Group, followed
from services.metrics.cohorts.survival import Spells, Step, kaplan_meier, log_rank, median
from services.metrics.scores.schemas import ConfidenceInterval
from services.metrics.worth.policy import policy_of
from services.metrics.worth.schemas import WorthPolicy
from services.metrics.worth.window import Window
from shared.http.errors import Unacceptable
from shared.statistics import LEVEL, shown
from shared.work import Work

MOST_GROUPS: Final = 20
FORMULA: Final = (
    "Kaplan and Meier's share that stays beyond each day, with Greenwood's variance on log(-log); groups are tested by "
    "log-rank. Who has not left yet counts as long as they are known"
)
VERSION: Final = 1


async def answer(work: Work, by: Group | None, window: Window) -> s.SurvivalAnswer:
    """Customers whose clock began in the window. Raises `Unacceptable` for too many groups."""
    policy = await policy_of(work)
    found = await followed(work, policy, by, window)
    if len(found) > MOST_GROUPS:
        detail = f"{len(found)} groups, at most {MOST_GROUPS} can be told apart; choose something else."
        raise Unacceptable.field("query:by", "too_many_groups", detail)
    names = sorted(found, key=lambda name: (name is None, name or ""))
    return s.SurvivalAnswer(
        by=by,
        unit="percent",
        formula=FORMULA,
        formula_version=VERSION,
        time_zone=window.calendar.time_zone,
        from_=window.start,
        to=window.end,
        watermark=await watermark(work),
        n=sum(found[name].spells.n for name in names),
        groups=[_group(name, found[name]) for name in names],
        test=_test([found[name].spells for name in names]),
        assumptions=_assumptions(by, policy),
    )


def _group(name: str | None, group: Followed) -> s.SurvivalGroup:
    steps = kaplan_meier(group.spells)
    half = median(steps)
    left = sum(group.left.values())
    excluded = {each: group.excluded[each] for each in s.ExcludedFromSurvival.model_fields}
    return s.SurvivalGroup(
        group=name,
        n=group.spells.n,
        left=left,
        still_there=group.spells.n - left,
        insufficient=group.spells.n < ENOUGH,
        excluded=s.ExcludedFromSurvival(**excluded),
        median=s.MedianStay(days=half.day, low=half.low, high=half.high),
        steps=[_step(step) for step in steps],
    )


def _step(step: Step) -> s.SurvivalStep:
    interval = None
    if step.interval is not None:
        low, high = step.interval
        interval = ConfidenceInterval(low=shown(100 * low), high=shown(100 * high), level=LEVEL)
    return s.SurvivalStep(
        day=step.day, at_risk=step.at_risk, left=step.left, share=shown(100 * step.share), interval=interval
    )


def _test(groups: list[Spells]) -> s.LogRankOut | None:
    tested = log_rank(groups)
    if tested is None:
        return None
    return s.LogRankOut(
        method="log_rank",
        statistic=float(f"{tested.statistic:.4f}"),
        degrees_of_freedom=tested.degrees,
        p_value=float(f"{tested.p_value:.3g}"),
        significant=tested.p_value < 1 - LEVEL,
    )


def _assumptions(by: Group | None, policy: WorthPolicy) -> list[str]:
    begins = f"The clock begins with the first {' or '.join(policy.begins_with)}."
    if by in ("nps", "channel"):
        begins = "The clock begins with a customer's first NPS answer, because nobody could be in their group before."
    ends = "A customer leaves with a cancellation."
    if policy.leaves_by == "silence":
        ends = (
            f"A customer leaves with a cancellation, or on the day on which they are silent for {policy.silent_days}."
        )
    return [begins, ends, "Those who are still there will leave no sooner or later than those who were known longer."]
