"""Recording activities: many in a few statements, each once."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from sqlalchemy import select, text

from services.customers.activities.models import Activity
from services.customers.activities.schemas import NewActivity, Status
from services.customers.records.naming import Named, identify_all
from shared.contracts.activities import ActivityAmount, ActivityRecorded
from shared.http.errors import FieldProblem, NotFound, Unacceptable
from shared.ids import new_id
from shared.work import Work

# A sender's clock may be ahead of ours; more than this is a mistake, most often of the time zone.
AHEAD = timedelta(minutes=5)

_COLUMNS = {
    "id": "uuid",
    "customer_id": "uuid",
    "kind": "text",
    "name": "text",
    "occurred_at": "timestamptz",
    "amount": "numeric",
    "currency": "text",
    "touchpoint": "text",
    "properties": "text",
    "source": "text",
    "source_id": "text",
}
# In the order of the unique index: two imports of the same file wait for each other instead of dead-locking.
_STORE = text(
    f"""
    insert into customers.activities (
        account_id, origin_customer_id, received_at, version, properties,
        {", ".join(name for name in _COLUMNS if name != "properties")}
    )
    select :account_id, given.customer_id, :now, 1, given.properties::jsonb,
        {", ".join(f"given.{name}" for name in _COLUMNS if name != "properties")}
    from unnest({", ".join(f"cast(:{name} as {kind}[])" for name, kind in _COLUMNS.items())})
        as given ({", ".join(_COLUMNS)})
    order by given.source, given.source_id
    on conflict (account_id, source, source_id) do nothing
    returning id
    """
)
_SEEN = text(
    """
    select given.place, activity.id, activity.customer_id, gone.source is not null as gone
    from unnest(cast(:places as integer[]), cast(:sources as text[]), cast(:source_ids as text[]))
        as given (place, source, source_id)
    left join customers.activities activity
        on activity.account_id = :account_id and activity.source = given.source
        and activity.source_id = given.source_id
    left join customers.deleted_activities gone
        on gone.account_id = :account_id and gone.source = given.source and gone.source_id = given.source_id
    where activity.id is not null or gone.source is not null
    """
)


class ActivityNotFound(NotFound):
    """There is no such activity here."""

    code = "activity_not_found"


class Outcome(NamedTuple):
    """What became of one activity; the ids are None if it failed."""

    status: Status
    activity_id: UUID | None = None
    customer_id: UUID | None = None
    problems: tuple[FieldProblem, ...] = ()


async def record_all(work: Work, activities: Sequence[NewActivity]) -> list[Outcome]:
    """One outcome for each, in order. Bad ones leave nothing behind, and nobody becomes known by a repetition."""
    outcomes: dict[int, Outcome] = {}
    for place, activity in enumerate(activities):
        if activity.occurred_at is not None and activity.occurred_at > work.now + AHEAD:
            outcomes[place] = failed("/occurred_at", "in_the_future", "This moment lies in the future.")
    outcomes |= await _seen(work, activities, range(len(activities)))
    fresh = [place for place in range(len(activities)) if place not in outcomes]
    named = [activities[place].customer for place in fresh]
    found = await identify_all(work, [Named(each.id, each.identities(), each.name) for each in named]) if fresh else []
    rows: dict[int, ActivityRecorded] = {}
    for place, customer_id in zip(fresh, found, strict=True):
        if customer_id is None:
            outcomes[place] = failed("/customer/id", "unknown_customer", "No customer has this id.")
        else:
            rows[place] = _recorded(work, activities[place], customer_id)
    stored = await _store(work, list(rows.values()))
    for place, row in rows.items():
        if row.activity_id in stored:
            outcomes[place] = Outcome("created", row.activity_id, row.customer_id)
            work.emit(row, subject=row.activity_id)
    # Others were first in the meantime, or the same one comes twice here.
    outcomes |= await _seen(work, activities, [place for place in rows if place not in outcomes])
    return [outcomes[place] for place in range(len(activities))]


async def record(work: Work, activity: NewActivity) -> Outcome:
    """Raises `Unacceptable`."""
    [outcome] = await record_all(work, [activity])
    if outcome.problems:
        raise Unacceptable(outcome.problems[0].detail, errors=outcome.problems)
    return outcome


async def find(work: Work, activity_id: UUID, *, for_update: bool = False) -> Activity:
    """Raises `ActivityNotFound`."""
    mine = select(Activity).where(Activity.account_id == work.account_id, Activity.id == activity_id)
    found: Activity | None = await work.session.scalar(mine.with_for_update() if for_update else mine)
    if found is None:
        raise ActivityNotFound
    return found


def failed(pointer: str, code: str, detail: str) -> Outcome:
    return Outcome("failed", problems=(FieldProblem(pointer, code, detail),))


def _recorded(work: Work, activity: NewActivity, customer_id: UUID) -> ActivityRecorded:
    activity_id = new_id()
    amount = activity.amount
    return ActivityRecorded.model_construct(
        activity_id=activity_id,
        customer_id=customer_id,
        origin_customer_id=customer_id,
        kind=activity.kind,
        name=activity.name,
        occurred_at=activity.occurred_at or work.now,
        received_at=work.now,
        amount=ActivityAmount.model_construct(amount=amount.amount, currency=amount.currency) if amount else None,
        touchpoint=activity.touchpoint,
        properties=activity.properties,
        source=activity.source,
        source_id=activity.source_id or str(activity_id),
    )


async def _store(work: Work, rows: Sequence[ActivityRecorded]) -> set[UUID]:
    """The ids of those that were new."""
    if not rows:
        return set()
    values: dict[str, Any] = {
        "account_id": work.account_id,
        "now": work.now,
        "id": [row.activity_id for row in rows],
        "amount": [row.amount and row.amount.amount for row in rows],
        "currency": [row.amount and row.amount.currency for row in rows],
        "properties": [orjson.dumps(row.properties).decode() for row in rows],
    }
    values |= {name: [getattr(row, name) for row in rows] for name in _COLUMNS if name not in values}
    return set(await work.session.scalars(_STORE, values))


async def _seen(work: Work, activities: Sequence[NewActivity], places: Sequence[int]) -> dict[int, Outcome]:
    """Those that are here already, or were and have been deleted."""
    keyed = [place for place in places if activities[place].source_id is not None]
    if not keyed:
        return {}
    values = {
        "account_id": work.account_id,
        "places": keyed,
        "sources": [activities[place].source for place in keyed],
        "source_ids": [activities[place].source_id for place in keyed],
    }
    found: dict[int, Outcome] = {}
    for place, activity_id, customer_id, gone in await work.session.execute(_SEEN, values):
        if gone:
            found[place] = failed("/source_id", "deleted", "This activity was recorded before and has been deleted.")
        else:
            found[place] = Outcome("duplicate", activity_id, customer_id)
    return found
