"""When a model may speak."""

import pytest

from services.survey.learning.calibration import NEVER, each, one_of


def share(label: str, sure: float) -> dict[str, float]:
    rest = "negative" if label == "positive" else "positive"
    return {label: sure, rest: 1 - sure}


def test_it_speaks_where_it_is_sure_enough_to_be_right_more_often() -> None:
    """Seen to fail: with a threshold of 0 the unsure half, where it is wrong, would overrule the built-in reading."""
    sure = [share("positive", 0.9)] * 20
    unsure = [share("positive", 0.6)] * 20
    truths = ["positive"] * 20 + ["negative"] * 20
    thresholds, figures = one_of([*sure, *unsure], truths, ["negative"] * 40, 0.7)
    assert thresholds == {"at_least": 0.9}
    assert (figures.coverage, figures.accuracy, figures.built_in) == (0.5, 1.0, 0.0)
    assert (figures.together, figures.before) == (1.0, 0.5)


@pytest.mark.parametrize(
    ("built_in", "count"),
    [("positive", 40), ("negative", 4)],
    ids=["the built-in reading is right already", "too few to prove anything"],
)
def test_it_never_speaks_where_that_helps_nobody(built_in: str, count: int) -> None:
    thresholds, figures = one_of([share("positive", 0.9)] * count, ["positive"] * count, [built_in] * count, 0.7)
    assert thresholds == {"at_least": NEVER}
    assert figures.coverage == 0
    assert figures.accuracy is None


def test_it_is_as_precise_as_it_was_asked_to_be() -> None:
    shares = [share("positive", 0.5 + number / 100) for number in range(50)]
    truths = ["positive" if number % 3 or number > 30 else "negative" for number in range(50)]
    strict, _ = one_of(shares, truths, [None] * 50, 0.99)
    loose, figures = one_of(shares, truths, [None] * 50, 0.6)
    assert strict["at_least"] > loose["at_least"]
    assert figures.accuracy is not None
    assert figures.accuracy >= 0.6


def test_topics_are_added_and_taken_away() -> None:
    found: list[set[str]] = [set()] * 20 + [{"delivery"}] * 20
    truths: list[set[str]] = [{"smell"}] * 20 + [set()] * 20
    shares = [{"smell": 0.8, "delivery": 0.3}] * 20 + [{"smell": 0.2, "delivery": 0.1}] * 20
    thresholds, figures = each(shares, truths, found, 0.8)
    assert thresholds == {"yes": 0.8, "no": pytest.approx(0.1)}
    assert figures.together == 1
    assert figures.before == 0.5
