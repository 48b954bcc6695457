"""What goes to the process that fits lifetime values, and what comes back. Times are weeks."""

from pydantic import Field

from shared.http.schemas import Model


class Buyer(Model):
    """`x` repeat purchases, the last of them `t_x` after the first, which is `age` ago. `mean` is what the repeat
    purchases brought on average; None without any. `later`: purchases in the time that is to be foretold."""

    x: int
    t_x: float
    age: float
    mean: float | None = None
    later: int = 0


class Group(Model):
    """`weeks` is how long the time is that follows."""

    purchases: list[Buyer]
    weeks: float = 0.0


class Lesson(Model):
    """Customers as they are now, and as they were at half of the time."""

    now: Group
    before: Group


class Parameter(Model):
    """`low` and `high` are the 95 % interval; None where the data says too little of it."""

    name: str
    value: float
    low: float | None
    high: float | None


class Fitted(Model):
    parameters: list[Parameter]
    customers: int


class Spending(Fitted):
    """`correlation` of how often customers buy and how much they pay, which the model takes to be none."""

    correlation: float | None


class Backtest(Model):
    """Purchases of each customer in the second half of the time, foretold from the first. `mean_error`: absolute, of a
    customer; `mean_error_naive`: if everybody went on buying at the same rate."""

    customers: int
    weeks: float
    parameters: list[float]
    mean_error: float
    mean_error_naive: float
    correlation: float | None
    expected: float
    actual: float


class Expectation(Model):
    """Of one customer within a year: the chance that they are still one, how often they buy, and for how much each."""

    alive: float
    purchases: float
    spending: float


class Learned(Model):
    purchases: Fitted
    spending: Spending
    backtest: Backtest | None = Field(description="None if the first half of the time gives no parameters.")
    customers: list[Expectation] = Field(description="In the order of the lesson.")


class Tested(Model):
    """None: no parameters were found."""

    learned: Learned | None
