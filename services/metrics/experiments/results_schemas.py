"""What an experiment has shown, as it goes out."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import Field

from services.metrics.experiments.schemas import Method, Outcome
from services.metrics.scores.schemas import ConfidenceInterval, ScaleOut, SignificanceOut
from shared.http.schemas import Model

Finding = Literal["better", "worse", "no_difference_that_matters", "not_found", "undecided", "too_early"]
Conclusion = Literal["not_started", "lots_are_broken", "guardrail_is_broken"] | Finding


class ExcludedFromArm(Model):
    """Customers of an arm who are not in `n`: in it for too short a time (`pending`), without a rating
    (`unanswered`), with data that may only be kept (`restricted`), or who do not want to be computed on
    (`no_consent`)."""

    pending: int
    unanswered: int
    restricted: int
    no_consent: int


class ArmOut(Model):
    """`value` is null, never 0, if nothing is known; and where the lots are broken."""

    variant: str
    assigned: int
    expected: float | None = Field(description="How many there would be by the shares.")
    n: int
    value: float | None
    excluded: ExcludedFromArm


class SampleRatioOut(Model):
    """Pearson's chi-square of `assigned` against `expected`. `broken` below 0.001: then no effect is shown, because
    whatever spoiled the lots may be what makes the difference. Null while there are too few."""

    statistic: float | None
    p_value: float | None
    broken: bool


class FixedOut(Model):
    """The single look, at the planned size; later customers do not change it. `p_adjusted`: among all variants that are
    compared with the control (Holm)."""

    n: int
    against_n: int
    difference: float
    interval: ConfidenceInterval | None
    test: SignificanceOut | None
    p_adjusted: float | None
    significant: bool


class AlwaysOut(Model):
    """`interval` holds the true difference at all looks together, so one may look, and stop, at any time."""

    n: int
    against_n: int
    difference: float
    interval: ConfidenceInterval
    p_value: float
    significant: bool


class FindingOut(Model):
    """`variants`: a single one, or all of them where they are compared with the holdout. `history_explains`: which part
    of the variance was taken out by what customers did before; null where nothing was."""

    variants: list[str]
    against: str
    fixed_horizon: FixedOut | None
    always_valid: AlwaysOut | None
    history_explains: float | None
    finding: Finding
    text: str


class GuardrailOut(Model):
    """`broken`: it is worse by more than the margin; `kept`: it is not. By the always-valid interval."""

    outcome: Outcome
    margin: float
    variant: str
    against: str
    always_valid: AlwaysOut | None
    state: Literal["kept", "broken", "unclear"]
    text: str


class ResultsOut(Model):
    """`conclusion` and `text` follow from `method`, as it was chosen before the start."""

    experiment_id: UUID
    formula_version: int
    method: Method
    outcome: Outcome
    unit: str
    scale: ScaleOut | None
    from_: datetime | None = Field(serialization_alias="from")
    to: datetime | None = Field(description="Where what is known ends: now, or when it was stopped.")
    watermark: datetime | None = Field(description="When the newest that counts was heard of, or happened.")
    sample_ratio: SampleRatioOut
    arms: list[ArmOut]
    findings: list[FindingOut]
    guardrails: list[GuardrailOut]
    conclusion: Conclusion
    text: str
    assumptions: list[str]
