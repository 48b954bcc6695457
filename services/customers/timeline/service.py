"""Writing, reading and forgetting timelines."""

from collections.abc import Collection, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import delete, select, text, union

from services.customers.activities.models import Activity
from services.customers.activities.schemas import money_of
from services.customers.timeline.entries import Told, told_by
from services.customers.timeline.models import TimelineRow
from services.customers.timeline.schemas import EntryKind, TimelineEntry
from shared.bus.events import Event
from shared.contracts.base import Payload
from shared.work import Work

_COLUMNS = {"id", "at", "kind"}
_ENTRY: TypeAdapter[Any] = TypeAdapter(TimelineEntry)

# Entries about a deleted customer are not written down again.
_RECORD = text(
    """
    insert into customers.timeline as known (account_id, event_id, customer_id, kind, at, detail, version)
    select :account_id, told.event_id, told.customer_id, told.kind, told.at, told.detail::jsonb, told.version
    from unnest(
        cast(:event_ids as uuid[]), cast(:customer_ids as uuid[]), cast(:kinds as text[]),
        cast(:times as timestamptz[]), cast(:details as text[]), cast(:versions as integer[])
    ) as told (event_id, customer_id, kind, at, detail, version)
    where not exists (
        select from customers.customers as customer
        where customer.id = told.customer_id and customer.deleted_at is not null
    )
    order by told.event_id
    on conflict (account_id, event_id) do update set
        customer_id = excluded.customer_id, origin_customer_id = excluded.origin_customer_id,
        kind = excluded.kind, at = excluded.at, detail = excluded.detail, version = excluded.version
    where known.version < excluded.version
    """
)


async def record(work: Work, events: Sequence[Event[Payload]]) -> None:
    """Add what the events tell of customers, each once, and change what they tell anew."""
    newest: dict[UUID, Told] = {}
    for told in (told for event in events for told in told_by(event)):
        known = newest.get(told.entry.id)
        if known is None or known.version < told.version:
            newest[told.entry.id] = told
    if not newest:
        return
    entries = [told.entry for told in newest.values()]
    values = {
        "account_id": work.account_id,
        "event_ids": [entry.id for entry in entries],
        "customer_ids": [told.customer_id for told in newest.values()],
        "kinds": [entry.kind.value for entry in entries],
        "times": [entry.at for entry in entries],
        "details": [entry.model_dump_json(exclude=_COLUMNS) for entry in entries],
        "versions": [told.version for told in newest.values()],
    }
    await work.session.execute(_RECORD, values)


def as_entry(row: tuple[UUID, datetime, str, dict[str, Any]]) -> Any:
    """One of the members of `TimelineEntry`; `Any` because a union is no type to construct. `row` as in `history`."""
    entry_id, at, kind, detail = row
    if kind == EntryKind.ACTIVITY:
        amount = detail.pop("amount")
        detail["amount"] = money_of(amount and Decimal(amount), detail.pop("currency"))
    return _ENTRY.validate_python({"id": entry_id, "at": at, "kind": kind, **detail})


async def with_history(work: Work, customer_ids: Collection[UUID]) -> set[UUID]:
    """Those with whom more happened than that they became known."""
    rows = select(TimelineRow.customer_id).where(
        TimelineRow.account_id == work.account_id,
        TimelineRow.customer_id.in_(customer_ids),
        TimelineRow.kind != EntryKind.CUSTOMER_CREATED.value,
    )
    acts = select(Activity.customer_id).where(
        Activity.account_id == work.account_id, Activity.customer_id.in_(customer_ids)
    )
    return set(await work.session.scalars(union(rows, acts)))


async def forget(work: Work, customer_id: UUID) -> None:
    """Delete the customer's timeline."""
    await work.session.execute(
        delete(TimelineRow).where(TimelineRow.account_id == work.account_id, TimelineRow.customer_id == customer_id)
    )
