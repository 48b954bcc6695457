"""Which instants lie in which local days. Days have 23 to 25 hours, begin at odd times, or are left out altogether."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Date, SQLColumnExpression, and_, cast, func, literal, or_, select

from services.metrics.rollups.models import Generation
from shared.work import Work

# No zone is further from UTC than this.
_FURTHEST = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Calendar:
    """The days that answers count by: those of `time_zone`, as the cells of this `generation` have them."""

    generation: int
    time_zone: str

    def today(self, now: datetime) -> date:
        return now.astimezone(ZoneInfo(self.time_zone)).date()

    def begin(self, day: date) -> datetime:
        """Its first instant; of a day that was left out, that of the next one."""
        return datetime.combine(day, time(0), ZoneInfo(self.time_zone)).astimezone(UTC)

    def day_of(self, moment: SQLColumnExpression[Any]) -> SQLColumnExpression[date]:
        return cast(func.timezone(literal(self.time_zone), moment), Date)

    def within(self, moment: SQLColumnExpression[Any], start: date, end: date) -> SQLColumnExpression[bool]:
        """Whether it lies in the days from `start` to before `end`.

        Clocks that go back over midnight make it a day that is over once more, so only the local date decides. It takes
        time to work out, and most instants are far from both ends.
        """
        first, last = datetime.combine(start, time(0), UTC), datetime.combine(end, time(0), UTC)
        day = self.day_of(moment)
        return and_(
            moment >= first - _FURTHEST,
            moment < last + _FURTHEST,
            or_(
                and_(moment >= first + _FURTHEST, moment < last - _FURTHEST),
                and_(day >= literal(start, Date), day < literal(end, Date)),
            ),
        )


# What an account is counted by that nothing was heard of.
UNTOLD = Calendar(1, "UTC")


async def calendar_of(work: Work) -> Calendar:
    """That of the account's serving generation."""
    mine = (Generation.account_id == work.account_id, Generation.state == "serving")
    found = (await work.session.execute(select(Generation.number, Generation.time_zone).where(*mine))).one_or_none()
    return UNTOLD if found is None else Calendar(found.number, found.time_zone)
