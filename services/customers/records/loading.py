"""Reading the customers that identities lead to so that nobody else changes them, or who has the identities, meanwhile.

Locks are taken in one order everywhere: first those of the stated identities, sorted, then customers' rows, by id. So
two requests that name one new person by an identity they share come one after the other, and all others do not wait.
"""

from collections.abc import Collection, Mapping, Sequence
from hashlib import blake2b
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Integer, Uuid, any_, cast, func, select
from sqlalchemy.dialects.postgresql import ARRAY

from services.customers.db import MERGED_CUSTOMERS
from services.customers.records.holdings import held_by
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
    before: Mapping[Identity, UUID] | None = None
    while True:
        present = await MERGED_CUSTOMERS.present_ids(work, customer_ids) if customer_ids else {}
        owners = await _owners(work, identities)
        held = await _read(work, {*owners.values(), *present.values()}, present)
        theirs = {(IdentityKind(row.kind), row.value): row.customer_id for row in held.identities}
        # A merge may have come in between; then there is somebody else to wait for.
        is_settled = owners == before or owners.items() <= theirs.items()
        if is_settled and await _is_still(work, present):
            return held
        before = owners


async def _lock(work: Work, identities: Collection[Identity]) -> None:
    buckets = sorted({_number(f"{kind} {value}") % BUCKETS for kind, value in identities})
    account = _number(str(work.account_id)) - 2**31
    keys = func.unnest(cast(buckets, ARRAY(Integer))).table_valued("bucket").render_derived()
    await work.session.execute(select(func.pg_advisory_xact_lock(account, keys.c.bucket)))


def _number(words: str) -> int:
    """32 bits."""
    return int.from_bytes(blake2b(words.encode(), digest_size=4).digest())


async def _owners(work: Work, identities: Collection[Identity]) -> Mapping[Identity, UUID]:
    return {(IdentityKind(row.kind), row.value): row.customer_id for row in await held_by(work, identities)}


async def _is_still(work: Work, present: Mapping[UUID, UUID]) -> bool:
    return not present or await MERGED_CUSTOMERS.present_ids(work, present.keys()) == present


async def _read(work: Work, ids: Collection[UUID], present: Mapping[UUID, UUID]) -> Held:
    """Two plain questions: the planner thinks that a new account has next to nothing, and of a join makes too much."""
    if not ids:
        return Held((), (), present)
    anew = {"populate_existing": True}
    them = (
        select(Customer)
        .where(Customer.account_id == work.account_id, Customer.is_present(), Customer.id == _any_of(ids))
        .order_by(Customer.id)
        .with_for_update(key_share=True)
    )
    customers = (await work.session.scalars(them, execution_options=anew)).all()
    theirs = select(CustomerIdentity).where(
        CustomerIdentity.account_id == work.account_id,
        CustomerIdentity.kind.in_([kind.value for kind in IdentityKind]),
        CustomerIdentity.customer_id == _any_of([customer.id for customer in customers]),
    )
    return Held(customers, (await work.session.scalars(theirs, execution_options=anew)).all(), present)


def _any_of(ids: Collection[UUID]) -> Any:
    return any_(cast(list(ids), ARRAY(Uuid)))
