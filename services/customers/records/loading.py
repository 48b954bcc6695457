"""Reading the customers that identities lead to so that nobody else changes them, or who has the identities, meanwhile.

Locks are taken in one order everywhere: first those of the stated identities, sorted, then customers' rows, by id. So
two requests that name one new person by an identity they share come one after the other, and all others do not wait.
"""

from collections.abc import Collection, Mapping, Sequence
from hashlib import blake2b
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Integer, Uuid, cast, func, select, union_all
from sqlalchemy.dialects.postgresql import ARRAY

from services.customers.db import MERGED_CUSTOMERS
from services.customers.records.holdings import among
from services.customers.records.identities import Identity, IdentityKind
from services.customers.records.models import Customer, CustomerIdentity
from shared.work import Work

# PostgreSQL keeps all locks in one table of limited size; a call with thousands of identities holds no more than this.
BUCKETS = 256


class Held(NamedTuple):
    """`present` says who each of the ids stands for today. Only strong identities, which are what leads to anybody."""

    customers: Sequence[Customer]
    identities: Sequence[CustomerIdentity]
    present: Mapping[UUID, UUID]


async def hold(work: Work, identities: Collection[Identity], customer_ids: Collection[UUID]) -> Held:
    """Until the end of the transaction."""
    if not identities and not customer_ids:
        return Held((), (), {})
    if identities:
        await _lock(work, identities)
    locked: set[UUID] = set()
    while True:
        present = await MERGED_CUSTOMERS.present_ids(work, customer_ids) if customer_ids else {}
        whose = _led_to(work, identities, set(present.values()))
        rows = select(Customer.id).where(whose).order_by(Customer.id).with_for_update(key_share=True)
        locked |= set(await work.session.scalars(rows))
        held = await _read(work, whose, present)
        # A merge may have come in between; then there is somebody else to wait for.
        if {customer.id for customer in held.customers} <= locked and await _is_still(work, present):
            return held


async def _lock(work: Work, identities: Collection[Identity]) -> None:
    buckets = sorted({_number(f"{kind} {value}") % BUCKETS for kind, value in identities})
    account = _number(str(work.account_id)) - 2**31
    keys = func.unnest(cast(buckets, ARRAY(Integer))).table_valued("bucket").render_derived()
    await work.session.execute(select(func.pg_advisory_xact_lock(account, keys.c.bucket)))


def _number(words: str) -> int:
    """32 bits."""
    return int.from_bytes(blake2b(words.encode(), digest_size=4).digest())


def _led_to(work: Work, identities: Collection[Identity], customer_ids: Collection[UUID]) -> ColumnElement[bool]:
    # One list of ids: an "or" of two lists would be looked for in the whole table.
    ids = select(func.unnest(cast(sorted(customer_ids), ARRAY(Uuid))))
    named = select(CustomerIdentity.customer_id).where(among(work, identities)) if identities else None
    among_them = Customer.id.in_(ids if named is None else union_all(named, ids))
    condition: ColumnElement[bool] = (Customer.account_id == work.account_id) & Customer.is_present() & among_them
    return condition


async def _is_still(work: Work, present: Mapping[UUID, UUID]) -> bool:
    return not present or await MERGED_CUSTOMERS.present_ids(work, present.keys()) == present


async def _read(work: Work, whose: ColumnElement[bool], present: Mapping[UUID, UUID]) -> Held:
    found = await work.session.execute(
        select(Customer, CustomerIdentity)
        .outerjoin(
            CustomerIdentity,
            (CustomerIdentity.customer_id == Customer.id)
            & (CustomerIdentity.account_id == Customer.account_id)
            & CustomerIdentity.kind.in_([kind.value for kind in IdentityKind]),
        )
        .where(whose)
        .execution_options(populate_existing=True)
    )
    customers: dict[UUID, Customer] = {}
    identities: list[CustomerIdentity] = []
    for customer, identity in found:
        customers[customer.id] = customer
        if identity is not None:
            identities.append(identity)
    return Held(list(customers.values()), identities, present)
