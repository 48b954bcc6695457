"""What explains a change: worked examples, and that nothing of it is lost."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.metrics.alerts.causes import Part, parts_of_change, telling


class TestAChange:
    def test_of_one_group_is_explained_by_it(self) -> None:
        """100 by e-mail fall from 40 to 0, 100 on the web stay at 40: the whole falls by 20."""
        email, web = parts_of_change("channel", [Part("email", 100, 0, 800, 40), Part("web", 100, 40, 800, 40)])
        assert (email.own, email.mix, email.share, email.weight) == (-20, 0, 1, 0.5)
        assert (web.own, web.mix) == (0, 0)
        assert [cause.part.group for cause in telling([email, web])] == ["email"]

    def test_of_the_mix_is_explained_by_it(self) -> None:
        """Nobody's score changes, but the web (0) has three quarters of the answers instead of a quarter."""
        causes = parts_of_change("channel", [Part("email", 50, 40, 150, 40), Part("web", 150, 0, 50, 0)])
        assert [(cause.own, cause.mix) for cause in causes] == [(0, -10), (0, -10)]

    def test_of_everybody_is_explained_by_nobody(self) -> None:
        parts = [Part("email", 100, 20, 100, 40), Part("web", 100, 20, 100, 40)]
        assert telling(parts_of_change("channel", parts)) == []

    def test_of_a_group_that_is_new(self) -> None:
        (old, new) = parts_of_change("channel", [Part("email", 100, 40, 100, 40), Part("web", 100, -20, 0, None)])
        assert (old.own + old.mix + new.own + new.mix, new.own) == (-30, 0)

    def test_cannot_be_explained_from_nothing(self) -> None:
        assert parts_of_change("channel", [Part("email", 10, 40, 0, None)]) == []


counts = st.integers(0, 500)
values = st.floats(-100, 100)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(counts, values, counts, values), min_size=1, max_size=8))
def test_the_parts_add_up_to_the_change(drawn: list[tuple[int, float, int, float]]) -> None:
    parts = [Part(str(i), n, v if n else None, m, w if m else None) for i, (n, v, m, w) in enumerate(drawn)]
    now, before = sum(part.n for part in parts), sum(part.n_before for part in parts)
    if now and before:
        change = sum(n * v for n, v, _, _ in drawn) / now - sum(m * w for _, _, m, w in drawn) / before
        assert sum(cause.own + cause.mix for cause in parts_of_change("x", parts)) == pytest.approx(change, abs=1e-9)
