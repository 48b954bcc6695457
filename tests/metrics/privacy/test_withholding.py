"""What is kept back so that nothing of too few can be worked out."""

from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from services.metrics.privacy.withholding import Reason, splits, withheld, withheld_of_table

MINIMUM = 5
SIZES = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(0, 12), max_size=8)


def test_the_only_small_group_takes_the_next_smallest_with_it() -> None:
    assert withheld({"a": 3, "b": 40, "c": 9}, MINIMUM) == {"a": Reason.TOO_FEW, "c": Reason.DIFFERENCING}


def test_two_small_groups_of_enough_together_are_kept_back_alone() -> None:
    assert withheld({"a": 3, "b": 40, "c": 2}, MINIMUM) == {"a": Reason.TOO_FEW, "c": Reason.TOO_FEW}


def test_groups_of_nobody_hide_nobody() -> None:
    assert withheld({"a": 3, "b": 0, "c": 9}, MINIMUM) == {"a": Reason.TOO_FEW, "c": Reason.DIFFERENCING}


def test_without_a_minimum_nothing_is_kept_back() -> None:
    assert withheld({"a": 1, "b": 2}, 0) == {}


@settings(deadline=None)
@given(SIZES)
def test_no_sum_of_what_is_shown_leaves_too_few(sizes: dict[str, int]) -> None:
    """Any filter that is answered, less any other one: the groups in one and not in the other are enough, or nobody."""
    hidden = withheld(sizes, MINIMUM)
    answered = [
        set(values)
        for count in range(len(sizes) + 1)
        for values in combinations(sizes, count)
        if not splits(hidden, values) and not 0 < sum(sizes[each] for each in values) < MINIMUM
    ]
    for one in answered[:40]:
        for other in answered:
            if other < one:
                assert not 0 < sum(sizes[each] for each in one - other) < MINIMUM


@settings(deadline=None)
@given(st.dictionaries(st.tuples(st.integers(0, 3), st.sampled_from("abcd")), st.integers(0, 9)))
def test_no_line_of_a_table_misses_one_number_alone(sizes: dict[tuple[int, str], int]) -> None:
    hidden = withheld_of_table(sizes, MINIMUM)
    for axis in (0, 1):
        for line in {place[axis] for place in sizes}:
            places = [place for place in sizes if place[axis] == line and sizes[place]]
            missing = [place for place in places if place in hidden]
            assert len(missing) != 1 or len(places) == 1
            assert not missing or missing == places or sum(sizes[place] for place in missing) >= MINIMUM
