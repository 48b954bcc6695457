"""Writing, reading and forgetting timelines."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import Select, delete, select, text

from services.customers.timeline.entries import customer_of, entry_of
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
    insert into customers.timeline (account_id, event_id, customer_id, kind, at, detail)
    select :account_id, told.event_id, told.customer_id, told.kind, told.at, told.detail::jsonb
    from unnest(
        cast(:event_ids as uuid[]), cast(:customer_ids as uuid[]), cast(:kinds as text[]),
        cast(:times as timestamptz[]), cast(:details as text[])
    ) as told (event_id, customer_id, kind, at, detail)
    where not exists (
        select from customers.customers as customer
        where customer.id = told.customer_id and customer.deleted_at is not null
    )
    order by told.event_id
    on conflict do nothing
    """
)


async def record(work: Work, events: Sequence[Event[Payload]]) -> None:
    """Add the events that are about a customer, each once."""
    told = [(event, customer_id) for event in events if (customer_id := customer_of(event)) is not None]
    if not told:
        return
    entries = [entry_of(event) for event, _ in told]
    values = {
        "account_id": work.account_id,
        "event_ids": [entry.id for entry in entries],
        "customer_ids": [customer_id for _, customer_id in told],
        "kinds": [entry.kind.value for entry in entries],
        "times": [entry.at for entry in entries],
        "details": [entry.model_dump_json(exclude=_COLUMNS) for entry in entries],
    }
    await work.session.execute(_RECORD, values)


def entries_of(work: Work, customer_id: UUID, kinds: Collection[EntryKind]) -> Select[TimelineRow]:
    """All that happened with the customer, or only these kinds of it."""
    statement = select(TimelineRow).where(
        TimelineRow.account_id == work.account_id, TimelineRow.customer_id == customer_id
    )
    return statement.where(TimelineRow.kind.in_([kind.value for kind in kinds])) if kinds else statement


def as_entry(row: TimelineRow) -> Any:
    """One of the members of `TimelineEntry`; `Any` because a union is no type to construct."""
    return _ENTRY.validate_python({"id": row.event_id, "at": row.at, "kind": row.kind, **row.detail})


async def with_history(work: Work, customer_ids: Collection[UUID]) -> set[UUID]:
    """Those with whom more happened than that they became known."""
    mine = (TimelineRow.account_id == work.account_id, TimelineRow.customer_id.in_(customer_ids))
    more = TimelineRow.kind != EntryKind.CUSTOMER_CREATED.value
    return set(await work.session.scalars(select(TimelineRow.customer_id).where(*mine, more).distinct()))


async def forget(work: Work, customer_id: UUID) -> None:
    """Delete the customer's timeline."""
    await work.session.execute(
        delete(TimelineRow).where(TimelineRow.account_id == work.account_id, TimelineRow.customer_id == customer_id)
    )
