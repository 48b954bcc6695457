"""Windows of whole days, and the periods they are cut into."""

from datetime import date
from itertools import pairwise

import pytest

from services.metrics.scores.days import UNTOLD
from services.metrics.scores.selection import Period, Selection
from shared.http.errors import Unacceptable


def window(start: str, end: str) -> Selection:
    return Selection(date.fromisoformat(start), date.fromisoformat(end), {}, UNTOLD)


def starts(selection: Selection, period: Period) -> list[str]:
    return [str(start) for start, _ in selection.periods(period)]


class TestPeriods:
    def test_of_days_are_the_days(self) -> None:
        assert starts(window("2026-02-27", "2026-03-02"), Period.DAY) == ["2026-02-27", "2026-02-28", "2026-03-01"]

    def test_of_weeks_begin_on_monday_and_the_first_with_the_window(self) -> None:
        found = window("2026-03-04", "2026-03-18").periods(Period.WEEK)
        assert [(str(a), str(b)) for a, b in found] == [
            ("2026-03-04", "2026-03-09"),
            ("2026-03-09", "2026-03-16"),
            ("2026-03-16", "2026-03-18"),
        ]

    def test_of_months_begin_on_the_first(self) -> None:
        assert starts(window("2025-12-31", "2026-02-02"), Period.MONTH) == ["2025-12-31", "2026-01-01", "2026-02-01"]

    def test_of_quarters_begin_on_the_first_of_every_third_month(self) -> None:
        found = starts(window("2025-11-30", "2026-10-02"), Period.QUARTER)
        assert found == ["2025-11-30", "2026-01-01", "2026-04-01", "2026-07-01", "2026-10-01"]

    def test_of_the_whole_window_are_one(self) -> None:
        assert window("2020-01-01", "2026-01-01").periods(Period.TOTAL) == [(date(2020, 1, 1), date(2026, 1, 1))]

    @pytest.mark.parametrize("period", list(Period))
    def test_cover_the_window_without_gap_or_overlap(self, period: Period) -> None:
        selection = window("2025-11-13", "2026-04-02")
        found = selection.periods(period)
        assert found[0][0] == selection.start
        assert found[-1][1] == selection.end
        assert all(before[1] == after[0] for before, after in pairwise(found))

    def test_without_end_are_refused(self) -> None:
        with pytest.raises(Unacceptable, match="longer interval"):
            window("1990-01-01", "2026-01-01").periods(Period.DAY)
