"""How long customers stay, group by group: from activities to curves."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from sqlalchemy import text

from services.metrics.cohorts.survival import Spells
from services.metrics.worth.schemas import WorthPolicy
from services.metrics.worth.window import Window
from shared.work import Work

Group = Literal["nps", "channel", "source", "touchpoint"]

# Where a customer's clock begins. By what they answered it begins with the answer: who answers has stayed until then,
# and time before it would be counted for their group though nobody in it could leave ("immortal time", Suissa 2008).
_BEGINNINGS: Final = """
    select distinct on (customer_id) customer_id, occurred_at as begun_at, cast({column} as text) as grouped
    from metrics.activities
    where account_id = :account_id and not gone and customer_id is not null and kind = any(:starts)
    order by customer_id, occurred_at, activity_id
"""
_ANSWERS: Final = """
    select distinct on (customer_id) customer_id, occurred_at as begun_at, {column} as grouped
    from metrics.facts
    where account_id = :account_id and customer_id is not null and scheme = 'nps' and exclusion is null
    order by customer_id, occurred_at, feedback_id
"""
_COLUMNS: Final[Mapping[Group | None, tuple[str, str]]] = {
    None: (_BEGINNINGS, "null"),
    "source": (_BEGINNINGS, "source"),
    "touchpoint": (_BEGINNINGS, "touchpoint"),
    "channel": (_ANSWERS, "channel"),
    "nps": (_ANSWERS, "case when points >= 9 then 'promoter' when points >= 7 then 'passive' else 'detractor' end"),
}
# A customer leaves with a cancellation, or once a silence has lasted as long as it takes; not when it began, because
# on that day nobody could have known. Each sign therefore holds until the next one, or until its silence is full.
_SPELLS: Final = """
    with begun as ({beginnings}), meant as (
        select * from begun where begun_at >= :start and begun_at < :end and begun_at <= :now
    ), signs as (
        select meant.customer_id, meant.begun_at, meant.grouped, done.kind, done.occurred_at,
            lead(done.occurred_at) over (partition by meant.customer_id order by done.occurred_at) as next_at
        from meant left join metrics.activities done
            on done.account_id = :account_id and done.customer_id = meant.customer_id and not done.gone
            and done.occurred_at <= :now and done.kind = any(:kinds)
    ), ends as (
        select customer_id, begun_at, grouped,
            bool_or(kind = any(:signs) and occurred_at <= begun_at) as was_customer,
            min(case
                when kind = 'cancellation' and (next_at is null or next_at > begun_at) then occurred_at
                when kind <> 'cancellation' and :is_silent and coalesce(next_at, :now) > occurred_at + :silence
                    and coalesce(next_at, :now) > begun_at then occurred_at + :silence
            end) as left_at
        from signs group by 1, 2, 3
    )
    select ends.grouped, person.exclusion,
        coalesce(left_at <= begun_at, false) or not coalesce(was_customer, false) as is_outside,
        left_at is not null as has_left,
        cast(floor(extract(epoch from coalesce(left_at, :now) - begun_at) / 86400) as integer) as days, count(*) as n
    from ends left join metrics.people person
        on person.account_id = :account_id and person.person_id = ends.customer_id
    group by 1, 2, 3, 4, 5
"""


@dataclass(slots=True)
class Followed:
    """Customers of one group. `excluded`: those who were no customers when their clock began are `not_at_risk`."""

    left: Counter[int] = field(default_factory=Counter)
    censored: Counter[int] = field(default_factory=Counter)
    excluded: Counter[str] = field(default_factory=Counter)

    @property
    def spells(self) -> Spells:
        return Spells(self.left, self.censored)


async def followed(work: Work, policy: WorthPolicy, by: Group | None, window: Window) -> dict[str | None, Followed]:
    """By group: those whose clock began in the window, until now."""
    beginnings, column = _COLUMNS[by]
    values: dict[str, Any] = {
        "account_id": work.account_id,
        "now": work.now,
        "start": window.start_time,
        "end": window.end_time,
        "signs": policy.signs,
        "kinds": [*policy.signs, "cancellation"],
        "is_silent": policy.leaves_by == "silence",
        "silence": policy.silence,
    }
    if beginnings is _BEGINNINGS:
        values["starts"] = list(policy.begins_with)
    statement = text(_SPELLS.format(beginnings=beginnings.format(column=column)))
    found: dict[str | None, Followed] = defaultdict(Followed)
    for row in await work.session.execute(statement, values):
        group = found[row.grouped]
        if row.exclusion is not None or row.is_outside:
            group.excluded[row.exclusion or "not_at_risk"] += row.n
        elif row.has_left:
            group.left[row.days] += row.n
        else:
            group.censored[row.days] += row.n
    return found
