"""Who is meant, for many at once: by customers' ids and identities, made known if new."""

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Uuid, cast, func, select
from sqlalchemy.dialects.postgresql import ARRAY

from services.customers.db import MERGED_CUSTOMERS
from services.customers.merges import suggestions
from services.customers.records.directory import Directory
from services.customers.records.holdings import held_by
from services.customers.records.identities import Identities, Identity, IdentityKind
from services.customers.records.models import Customer
from shared.work import Work


class Named(NamedTuple):
    """How somebody else named a customer; identities are normalised."""

    customer_id: UUID | None
    identities: Identities
    name: str | None = None


class Recognised(NamedTuple):
    """Who it is; `named_id` is the record that was named, which may have been merged into theirs since."""

    customer: Customer
    named_id: UUID


async def identify_all(work: Work, named: Sequence[Named]) -> list[UUID | None]:
    """One id for each, in order; None for an id that nobody has with nothing else to go by.

    It is that of the record which was named, so that a merge can be taken back; tables that follow merges find out
    whose it is today. Those who are simply known, which is nearly everybody, are found without any lock.
    """
    found = await known_all(work, named)
    if all(found):
        return found
    rest = [(place, each) for place, each in enumerate(named) if found[place] is None]
    directory = await Directory.open(
        work,
        [identity for _, each in rest for identity in each.identities.items()],
        [each.customer_id for _, each in rest if each.customer_id is not None],
        source="activity",
    )
    for place, each in rest:
        someone = recognised(directory, each)
        found[place] = someone.named_id if someone is not None else None
    await directory.save()
    await suggestions.doubt(work, directory.doubts)
    return found


async def known_all(work: Work, named: Sequence[Named]) -> list[UUID | None]:
    """As `identify_all`, but nobody is made known: None also for who is new, or named in several ways at once."""
    known = await _known(work, named)
    return [_simply(each, *known) for each in named]


def recognised(directory: Directory, named: Named) -> Recognised | None:
    """As `recognise`, with what is new learnt: an identity that was free, a name that was missing."""
    customer = directory.get(named.customer_id) if named.customer_id else None
    if customer is not None and named.customer_id is not None:
        return Recognised(customer, named.customer_id)
    match, theirs = directory.recognise(named.identities)
    changes: dict[str, Any] = {kind.value: value for kind, value in theirs.items()}
    if named.name and (match is None or match.customer.name is None):
        changes["name"] = named.name
    if match is not None:
        directory.learn(match, changes)
        return Recognised(match.customer, match.named_id)
    if not theirs:
        return None
    customer = directory.create(changes)
    return Recognised(customer, customer.id)


async def _known(work: Work, named: Sequence[Named]) -> tuple[Collection[UUID], dict[Identity, UUID]]:
    ids = {each.customer_id for each in named if each.customer_id is not None}
    identities = {identity for each in named if each.customer_id is None for identity in each.identities.items()}
    existing: Collection[UUID] = ()
    owners: dict[Identity, UUID] = {}
    if ids:
        present = await MERGED_CUSTOMERS.present_ids(work, ids)
        among_them = Customer.id.in_(select(func.unnest(cast(list(present.values()), ARRAY(Uuid)))))
        mine = (Customer.account_id == work.account_id, Customer.is_present(), among_them)
        there = set(await work.session.scalars(select(Customer.id).where(*mine)))
        existing = {given for given, now in present.items() if now in there}
    for kind, value, customer_id, origin_id in await held_by(work, identities):
        owners[IdentityKind(kind), value] = origin_id or customer_id
    return existing, owners


def _simply(named: Named, existing: Collection[UUID], owners: dict[Identity, UUID]) -> UUID | None:
    """Known by an id, or by identities that all lead to the same customer."""
    if named.customer_id is not None:
        return named.customer_id if named.customer_id in existing else None
    found = {owners.get(identity) for identity in named.identities.items()}
    return found.pop() if len(found) == 1 else None
