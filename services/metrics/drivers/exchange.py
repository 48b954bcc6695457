"""What goes to the process that calculates, and what comes back."""

from enum import StrEnum
from typing import Final, Literal

from shared.http.schemas import Model

# Of the bootstrap samples: the same question has the same answer.
SEED: Final = 42
# So many answers in any case, and so many for each driver.
LEAST, LEAST_FOR_EACH = 50, 10


class Table(Model):
    """One row for each piece of feedback that has an outcome. `answers[i][j]` is what it says of `drivers[j]`, null if
    nothing. `net`: for recommendations 100, 0 or -100, whose mean is the net promoter score."""

    drivers: list[str]
    outcome: list[float]
    net: list[float] | None
    answers: list[list[float | None]]


class Given(Model):
    view: Literal["weights", "regression"]
    table: Table


class Reason(StrEnum):
    """Why a question is no driver here. `few`: too few answers beside the outcome and the other drivers for so many
    drivers. `constant`: all answers are the same. `repeats`: the other drivers already say it. `many`: the limit of
    drivers is reached."""

    FEW = "few"
    CONSTANT = "constant"
    REPEATS = "repeats"
    MANY = "many"


class Bounded(Model):
    """A number and its 95 % interval; without one if too few samples were of use."""

    value: float
    low: float | None
    high: float | None


class Weighed(Model):
    """Shares of variance are on 0..1; slopes are in points of the outcome for a point of the driver."""

    driver: str
    n: int
    mean: float
    weight: Bounded
    share: Bounded
    shapley: Bounded
    slope: Bounded
    net_slope: Bounded | None
    correlation: float
    inflation: float
    is_significant: bool | None


class Pair(Model):
    """Two drivers, how many answered both, and their correlation in these."""

    drivers: tuple[str, str]
    n: int
    correlation: float


class Left(Model):
    driver: str
    n: int
    reason: Reason


class Weights(Model):
    """`basis`: correlations of each two over the rows that have both, or, where these contradict each other, of the
    rows that have everything. `refused` names why there are none."""

    basis: Literal["pairs", "complete"]
    least: int
    complete: int
    r_squared: Bounded | None
    weighed: list[Weighed]
    pairs: list[Pair]
    left: list[Left]
    samples: int
    refused: str | None


class Correlated(Model):
    driver: str
    n: int
    pearson: Bounded
    spearman: Bounded


class Coefficient(Model):
    """`driver` is null for the intercept. In points of the outcome for a point of the driver."""

    driver: str | None
    value: float
    low: float
    high: float
    standard_error: float
    p_value: float


class Influence(Model):
    """`row` is its place in the table."""

    row: int
    distance: float


class Diagnosis(Model):
    """Breusch and Pagan's and Jarque and Bera's statistics, each with its p value; rows whose Cook's distance is above
    4 / n, the most influential first."""

    breusch_pagan: tuple[float, float]
    jarque_bera: tuple[float, float]
    influential: int
    most_influential: list[Influence]
    inflation: dict[str, float]


class Regression(Model):
    """`n`: rows that have everything. `errors`: `HC3` where the residuals do not vary alike (MacKinnon and White)."""

    n: int
    least: int
    correlations: list[Correlated]
    coefficients: list[Coefficient]
    errors: Literal["classical", "HC3"]
    r_squared: float | None
    adjusted_r_squared: float | None
    diagnosis: Diagnosis | None
    left: list[Left]
    refused: str | None
