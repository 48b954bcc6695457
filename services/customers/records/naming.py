"""Who is meant, for many at once: by customers' ids and identities, made known if new."""

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Text, Uuid, cast, func, select
from sqlalchemy.dialects.postgresql import ARRAY

from services.customers.records.directory import Directory
from services.customers.records.identities import Identities, Identity, IdentityKind
from services.customers.records.models import Customer, CustomerIdentity
from shared.work import Work


class Named(NamedTuple):
    """How somebody else named a customer; identities are normalised."""

    customer_id: UUID | None
    identities: Identities
    name: str | None = None


async def identify_all(work: Work, named: Sequence[Named]) -> list[UUID | None]:
    """One id for each, in order; None for an id that nobody has with nothing else to go by.

    Those who are simply known, which is nearly everybody, are found without the account's lock.
    """
    known = await _known(work, named)
    found = [_simply(each, *known) for each in named]
    if all(found):
        return found
    rest = [(place, each) for place, each in enumerate(named) if found[place] is None]
    directory = await Directory.open(
        work,
        [identity for _, each in rest for identity in each.identities.items()],
        [each.customer_id for _, each in rest if each.customer_id is not None],
    )
    for place, each in rest:
        customer = recognised(directory, each)
        found[place] = customer.id if customer is not None else None
    await directory.save()
    return found


def recognised(directory: Directory, named: Named) -> Customer | None:
    """As `recognise`, with what is new learnt: an identity that was free, a name that was missing."""
    customer = directory.get(named.customer_id) if named.customer_id else None
    if customer is not None:
        return customer
    customer, theirs = directory.recognise(named.identities)
    changes: dict[str, Any] = {kind.value: value for kind, value in theirs.items()}
    if named.name and (customer is None or customer.name is None):
        changes["name"] = named.name
    if customer is not None:
        directory.change(customer, changes)
    elif theirs:
        customer = directory.create(changes)
    return customer


async def _known(work: Work, named: Sequence[Named]) -> tuple[Collection[UUID], dict[Identity, UUID]]:
    ids = {each.customer_id for each in named if each.customer_id is not None}
    identities = {identity for each in named if each.customer_id is None for identity in each.identities.items()}
    existing: Collection[UUID] = ()
    owners: dict[Identity, UUID] = {}
    if ids:
        among = Customer.id.in_(select(func.unnest(cast(list(ids), ARRAY(Uuid)))))
        mine = (Customer.account_id == work.account_id, Customer.deleted_at.is_(None), among)
        existing = set(await work.session.scalars(select(Customer.id).where(*mine)))
    if identities:
        kinds, values = [kind.value for kind, _ in identities], [value for _, value in identities]
        pairs = (
            func.unnest(cast(kinds, ARRAY(Text)), cast(values, ARRAY(Text)))
            .table_valued("kind", "value")
            .render_derived()
        )
        table = CustomerIdentity
        rows = await work.session.execute(
            select(table.kind, table.value, table.customer_id)
            .join(pairs, (table.kind == pairs.c.kind) & (table.value == pairs.c.value))
            .where(table.account_id == work.account_id)
        )
        owners = {(IdentityKind(kind), value): customer_id for kind, value, customer_id in rows}
    return existing, owners


def _simply(named: Named, existing: Collection[UUID], owners: dict[Identity, UUID]) -> UUID | None:
    """Known by an id, or by identities that all lead to the same customer."""
    if named.customer_id is not None:
        return named.customer_id if named.customer_id in existing else None
    found = {owners.get(identity) for identity in named.identities.items()}
    return found.pop() if len(found) == 1 else None
