"""What is told under the identity of a record that was merged is that record's too, and goes back with it."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import select

from services.customers.records.models import Customer, Merge
from services.customers.records.profiles import name_key
from shared.work import Work

ATTRIBUTES = "attributes"


class Told(NamedTuple):
    """`values` are fields, with those attributes that were named; `before` is what the kept record said of them."""

    origin_id: UUID
    values: Mapping[str, Any]
    before: Mapping[str, Any]


def said_of(customer: Customer, names: Collection[str]) -> dict[str, Any]:
    return {name: getattr(customer, name) for name in names}


async def remember(work: Work, told: Sequence[Told]) -> None:
    """Write it into the merged record, and into all between it and the kept one, as if they had stayed by themselves.

    Each merge on the way knows then what to give back, and what that took the place of.
    """
    records, merges = await _lines(work, {each.origin_id for each in told})
    for origin_id, values, before in told:
        record = records[origin_id]
        while record.merged_into_id is not None:
            holder = records[record.merged_into_id]
            _write(record, values)
            _note(merges[record.id], values, said_of(holder, values) if holder.merged_into_id else before)
            record = holder


def give_back(holder: Customer, taken: Mapping[str, Any], replaced: Mapping[str, Any]) -> None:
    """What came with a merged record and has not been changed since; what was there before it is there again."""
    for name, value in taken.items():
        if name == ATTRIBUTES:
            before = replaced.get(ATTRIBUTES, {})
            same = {key for key, item in value.items() if holder.attributes.get(key) == item}
            rest = {key: item for key, item in holder.attributes.items() if key not in same}
            holder.attributes = rest | {key: before[key] for key in same if key in before}
        # Only a person lifts a restriction: it may have been asked for since.
        elif name != "restricted" and _same(getattr(holder, name), value):
            before = replaced.get(name)
            setattr(holder, name, UUID(before) if before and name == "company_id" else before)
    holder.name_key = name_key(holder.name)


async def _lines(work: Work, ids: Collection[UUID]) -> tuple[dict[UUID, Customer], dict[UUID, Merge]]:
    """These records and whom they are part of, up to those who are by themselves; and the merges that made it so."""
    records: dict[UUID, Customer] = {}
    merges: dict[UUID, Merge] = {}
    while ids:
        found = await work.session.scalars(
            select(Customer).where(Customer.account_id == work.account_id, Customer.id.in_(ids)).order_by(Customer.id)
        )
        records |= {record.id: record for record in found}
        made = await work.session.scalars(
            select(Merge)
            .where(Merge.account_id == work.account_id, Merge.merged_customer_id.in_(ids), Merge.unmerged_at.is_(None))
            .order_by(Merge.id)
        )
        merges |= {merge.merged_customer_id: merge for merge in made}
        ids = {above for each in ids if (above := records[each].merged_into_id)} - records.keys()
    return records, merges


def _write(record: Customer, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        if name == ATTRIBUTES:
            present = {**record.attributes, **value}
            record.attributes = {key: item for key, item in present.items() if item is not None}
        else:
            setattr(record, name, value)
    record.name_key = name_key(record.name)


def _note(merge: Merge, values: Mapping[str, Any], before: Mapping[str, Any]) -> None:
    fields = {name: value for name, value in values.items() if name != ATTRIBUTES}
    taken, replaced = _noted(merge.taken, merge.replaced, fields, before)
    if values.get(ATTRIBUTES):
        each = (values[ATTRIBUTES], before[ATTRIBUTES])
        taken[ATTRIBUTES], replaced[ATTRIBUTES] = _noted(
            merge.taken.get(ATTRIBUTES, {}), merge.replaced.get(ATTRIBUTES, {}), *each
        )
    merge.taken, merge.replaced = taken, replaced


def _noted(
    taken: Mapping[str, Any], replaced: Mapping[str, Any], values: Mapping[str, Any], before: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What took the place of the merged record's own earlier news took nobody else's."""
    fresh = {name for name in values if name not in taken or not _same(taken[name], before.get(name))}
    kept = {name: value for name, value in replaced.items() if name not in fresh}
    told = {name: _stored(value) for name, value in values.items()}
    there = {name: _stored(before[name]) for name in fresh if before.get(name) is not None}
    return {**taken, **told}, {**kept, **there}


def _same(one: Any, other: Any) -> bool:
    return bool(_stored(one) == _stored(other))


def _stored(value: Any) -> Any:
    """As JSON has it."""
    return str(value) if isinstance(value, UUID) else value
