"""Recording activities: many in a few statements, each once; corrected by a newer version, told when they happen."""

from collections.abc import Sequence
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, Final, NamedTuple
from uuid import UUID

import orjson
from sqlalchemy import delete, select, text
from sqlalchemy.dialects.postgresql import insert

from services.customers.activities import awaited, telling
from services.customers.activities.models import Activity, DeletedActivity
from services.customers.activities.orders import order_key
from services.customers.activities.schemas import NewActivity, Status
from services.customers.records.naming import Named, identify_all, known_all
from shared.contracts.activities import ActivityDeleted
from shared.db.database import planned_anew
from shared.http.dependencies import check_match
from shared.http.errors import FieldProblem, NotFound, Unacceptable
from shared.ids import new_id
from shared.work import Work

# A sender's clock may be ahead of ours: that much is now.
AHEAD: Final = timedelta(minutes=5)
# What is booked lies ahead; what lies further is a mistake, most often of the year.
FURTHEST: Final = timedelta(days=366)

_COLUMNS = {
    "id": "uuid",
    "customer_id": "uuid",
    "kind": "text",
    "name": "text",
    "occurred_at": "timestamptz",
    "amount": "numeric",
    "currency": "text",
    "touchpoint": "text",
    "properties": "jsonb",
    "source": "text",
    "source_id": "text",
    "version": "integer",
    "order_key": "text",
}
_CORRECTED = [name for name in _COLUMNS if name not in ("id", "source", "source_id")]
_STORED = ("id", "source", "source_id", "customer_id", "origin_customer_id", "received_at", "told_version")
# In the order of the unique index: two imports of the same file wait for each other instead of dead-locking.
# `told_version` of a row that comes back says what is new to others: see `telling.of`.
_STORE = text(
    f"""
    insert into customers.activities as known (account_id, received_at, told_version, {", ".join(_COLUMNS)})
    select :account_id, :now, case when given.occurred_at <= :now then given.version end,
        {", ".join(f"given.{name}" for name in _COLUMNS)}
    from json_to_recordset(cast(:rows as json)) as given ({", ".join(map(" ".join, _COLUMNS.items()))})
    where not exists (
        select from customers.deleted_activities gone
        where gone.account_id = :account_id and gone.source = given.source and gone.source_id = given.source_id
        offset 0
    )
    order by given.source, given.source_id
    on conflict (account_id, source, source_id) do update set
        {", ".join(f"{name} = excluded.{name}" for name in _CORRECTED)},
        origin_customer_id = case when known.customer_id = excluded.customer_id then known.origin_customer_id
            else excluded.origin_customer_id end,
        told_version = coalesce(known.told_version, excluded.told_version)
    where known.version < excluded.version and (known.told_version is null or excluded.told_version is not null)
    returning {", ".join(_STORED)}
    """
)
_SEEN = text(
    """
    select given.place, activity.id, activity.customer_id, activity.version, gone.source is not null as gone
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
        if activity.occurred_at is not None and activity.occurred_at > work.now + FURTHEST:
            outcomes[place] = failed("/occurred_at", "in_the_future", "This moment lies more than a year ahead.")
    fresh = [place for place in range(len(activities)) if place not in outcomes]
    named = {place: _named(activities[place]) for place in fresh}
    found = dict(zip(fresh, await known_all(work, list(named.values())), strict=True))
    # What is about somebody known is found to be a repetition when it is stored.
    if strangers := [place for place in fresh if found[place] is None]:
        outcomes |= await _seen(work, activities, strangers)
        strangers = [place for place in strangers if place not in outcomes]
        found |= zip(strangers, await identify_all(work, [named[place] for place in strangers]), strict=True)
    rows: dict[int, dict[str, Any]] = {}
    for place in fresh:
        customer_id = found[place]
        if customer_id is not None:
            rows[place] = _row(work, activities[place], customer_id)
        elif place not in outcomes:
            outcomes[place] = failed("/customer/id", "unknown_customer", "No customer has this id.")
    while rows:
        # A statement cannot correct what it has just recorded: the same one once more waits for the next.
        first = {(row["source"], row["source_id"]): place for place, row in reversed(rows.items())}
        written = await _store(work, [rows[place] for place in first.values()])
        for stored in written:
            activity_id, source, source_id, customer_id, *_ = stored
            place = first[source, source_id]
            sent = rows[place]
            status: Status = "created" if activity_id == sent["id"] else "corrected"
            outcomes[place] = Outcome(status, activity_id, customer_id)
            await telling.of(work, SimpleNamespace(**sent | dict(zip(_STORED, stored, strict=True))))
        keys = [rows[first[stored.source, stored.source_id]]["order_key"] for stored in written]
        await awaited.arrived(work, {key for key in keys if key is not None})
        # Others were first in the meantime, or it comes twice here.
        untold = [place for place in first.values() if place not in outcomes]
        outcomes |= await _seen(work, activities, untold, is_stored=True)
        for place in first.values():
            del rows[place]
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


async def remove(work: Work, activity_id: UUID, expected: int | None) -> None:
    """It counts no more and does not come back by its source id. Raises `ActivityNotFound` or `StaleVersion`."""
    activity = await find(work, activity_id, for_update=True)
    check_match(expected, activity.version)
    await _take_out(work, activity)


async def take_back(work: Work, source: str, source_id: str) -> None:
    """`remove`, by whoever told of it; what is told of it later does not bring it either."""
    mine = (Activity.account_id == work.account_id, Activity.source == source, Activity.source_id == source_id)
    activity: Activity | None = await work.session.scalar(select(Activity).where(*mine).with_for_update())
    if activity is not None:
        await _take_out(work, activity)
        return
    gone = {"account_id": work.account_id, "source": source, "source_id": source_id, "deleted_at": work.now}
    await work.session.execute(insert(DeletedActivity).values(gone).on_conflict_do_nothing())


async def _take_out(work: Work, activity: Activity) -> None:
    tombstone = {name: getattr(activity, name) for name in ("account_id", "source", "source_id")}
    work.session.add(DeletedActivity(**tombstone, deleted_at=work.now))
    await work.session.delete(activity)
    await work.cancel(telling.TIMER, key=str(activity.id))
    if activity.told_version is not None:
        names = ActivityDeleted.model_fields.keys() - {"activity_id"}
        gone = ActivityDeleted(activity_id=activity.id, **{name: getattr(activity, name) for name in names})
        work.emit(gone, subject=activity.id, version=activity.version + 1)


async def forget(work: Work, customer_id: UUID) -> None:
    """Delete all that the customer did; nobody is told."""
    await work.session.execute(
        delete(Activity).where(Activity.account_id == work.account_id, Activity.customer_id == customer_id)
    )


def failed(pointer: str, code: str, detail: str) -> Outcome:
    return Outcome("failed", problems=(FieldProblem(pointer, code, detail),))


def _named(activity: NewActivity) -> Named:
    customer = activity.customer
    return Named(customer.id, customer.identities(), customer.name)


def _row(work: Work, activity: NewActivity, customer_id: UUID) -> dict[str, Any]:
    activity_id, amount = new_id(), activity.amount
    occurred_at = activity.occurred_at or work.now
    return {
        "id": activity_id,
        "customer_id": customer_id,
        "kind": activity.kind,
        "name": activity.name,
        "occurred_at": work.now if work.now < occurred_at <= work.now + AHEAD else occurred_at,
        "amount": amount.amount if amount else None,
        "currency": amount.currency if amount else None,
        "touchpoint": activity.touchpoint,
        "properties": activity.properties,
        "source": activity.source,
        "source_id": activity.source_id or str(activity_id),
        "version": activity.version,
        "order_key": order_key(activity.kind, activity.source_id, activity.properties),
    }


async def _store(work: Work, rows: Sequence[dict[str, Any]]) -> Sequence[Any]:
    """The rows that are new, or newer than what was there."""
    values = {"account_id": work.account_id, "now": work.now, "rows": orjson.dumps(rows, default=str).decode()}
    return (await work.session.execute(_STORE, values)).all()


async def _seen(
    work: Work, activities: Sequence[NewActivity], places: Sequence[int], *, is_stored: bool = False
) -> dict[int, Outcome]:
    """Those that are here already in this version or a newer one, or were and have been deleted.

    `is_stored`: what is older here would not be corrected, for it has happened and cannot be yet to come.
    """
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
    async with planned_anew(work.session, len(keyed)):
        rows = await work.session.execute(_SEEN, values)
    for place, activity_id, customer_id, version, gone in rows:
        if gone:
            found[place] = failed("/source_id", "deleted", "This activity was recorded before and has been deleted.")
        elif activities[place].version <= version:
            found[place] = Outcome("duplicate", activity_id, customer_id)
        elif is_stored:
            detail = "This has happened already and cannot be moved into the future; delete it, and record the other."
            found[place] = failed("/occurred_at", "happened", detail)
    return found
