"""Two records become one person, and two again."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select

from services.customers.db import MERGED_CUSTOMERS
from services.customers.merges.evidence import contradictions, is_strong, strong_ones
from services.customers.records.directory import Directory
from services.customers.records.identities import Identities, Identity, IdentityKind
from services.customers.records.models import Customer, CustomerIdentity, Merge
from services.customers.records.profiles import profile_of
from services.customers.records.returning import give_back
from services.customers.timeline import service as timeline
from shared.contracts.customers import CustomerUnmerged, CustomerUpdated
from shared.http.errors import Conflict, Unacceptable
from shared.work import Work


class SameCustomer(Conflict):
    """These two are one customer already."""

    code = "same_customer"


class NotMerged(Conflict):
    """That record is not part of this customer, so there is nothing to give back."""

    code = "not_merged"


async def merge(work: Work, one_id: UUID, other_id: UUID, *, keep: UUID | None, reason: str | None) -> Merge:
    """By a person, who may know better than what the identities say. `keep` is one of the two; else see `established`.

    Raises `CustomerNotFound`, `SameCustomer`, or `Unacceptable` if `keep` is somebody else.
    """
    directory = await Directory.open(work, customer_ids=[one_id, other_id, *([keep] if keep else [])])
    one, other = directory.require(one_id), directory.require(other_id)
    if one is other:
        raise SameCustomer
    kept, merged = await established(work, one, other)
    if keep is not None:
        wanted = directory.get(keep)
        if wanted is not kept and wanted is not merged:
            raise Unacceptable.field("/keep", "unknown_customer", "Name one of the two records that are merged.")
        kept, merged = (kept, merged) if wanted is kept else (merged, kept)
    made = directory.merge(kept, merged, automatic=False, reason=reason)
    await directory.save()
    return made


async def join(directory: Directory, stated: Identities, verified: frozenset[IdentityKind]) -> None:
    """Merge those who are named together by strong identities of which none contradicts another; else do nothing."""
    owners = directory.owners(stated)
    people = list({held.customer.id: held.customer for held in owners.values()}.values())
    if len(people) < 2:
        return
    if not all(is_strong(kind, verified=held.verified or kind in verified) for (kind, _), held in owners.items()):
        return
    said = {identity for identity in stated.items() if is_strong(identity[0], verified=identity[0] in verified)}
    strong: list[set[Identity]] = [strong_ones(directory.holdings.of(customer)) for customer in people]
    if any(contradictions(one, other) for one in strong for other in [*strong, said]):
        return
    reason = f"named together: {', '.join(sorted(kind for kind, _ in owners))}"
    kept = people[0]
    for other in people[1:]:
        kept, merged = await established(directory.work, kept, other)
        directory.merge(kept, merged, automatic=True, reason=reason)


async def established(work: Work, one: Customer, other: Customer) -> tuple[Customer, Customer]:
    """The record that stays, and the other: the one with a history before one without, then the older."""
    lived = await timeline.with_history(work, [one.id, other.id])

    def rank(customer: Customer) -> tuple[bool, object, UUID]:
        return customer.id not in lived, customer.created_at, customer.id

    return (one, other) if rank(one) < rank(other) else (other, one)


async def unmerge(work: Work, customer_id: UUID, merged_id: UUID) -> Merge:
    """`merged_id` is a customer again, with all that came under its identities, even after the merge.

    Raises `CustomerNotFound` or `NotMerged`.
    """
    directory = await Directory.open(work, customer_ids=[customer_id, merged_id])
    kept = directory.require(customer_id)
    merged = await work.session.get(Customer, merged_id, populate_existing=True)
    if merged is None or merged.merged_into_id is None or directory.get(merged_id) is not kept:
        raise NotMerged
    made = await _last_merge(work, merged_id)
    for holder, handed_on, replaced in await _line(work, made, kept):
        give_back(holder, {name: value for name, value in made.taken.items() if name in handed_on}, replaced)
    merged.merged_into_id = None
    merged.restricted |= kept.restricted
    made.unmerged_at, made.unmerged_by = work.now, str(work.actor)
    for customer in (kept, merged):
        customer.version += 1
        customer.updated_at = work.now
    await work.session.flush()
    await MERGED_CUSTOMERS.point(work, merged.id, None, version=merged.version)
    for customer in (kept, merged):
        await _put_first(work, customer)
    restored = CustomerUnmerged(customer_id=kept.id, restored_customer_id=merged.id, restored_version=merged.version)
    work.emit(restored, subject=kept.id, version=kept.version)
    for customer in (kept, merged):
        updated = CustomerUpdated(customer_id=customer.id, profile=profile_of(customer))
        work.emit(updated, subject=customer.id, version=customer.version)
    return made


async def former(work: Work, customer: Customer) -> Sequence[Customer]:
    """The records that were merged into this one, at whatever remove."""
    line = select(Customer.id).where(Customer.account_id == work.account_id, Customer.merged_into_id == customer.id)
    all_of_them = line.cte("line", recursive=True)
    parts = Customer.__table__.alias("parts")
    all_of_them = all_of_them.union(select(parts.c.id).join(all_of_them, parts.c.merged_into_id == all_of_them.c.id))
    found = select(Customer).where(Customer.id.in_(select(all_of_them.c.id)))
    return (await work.session.scalars(found)).all()


async def _last_merge(work: Work, merged_id: UUID) -> Merge:
    found = await work.session.scalars(
        select(Merge)
        .where(Merge.account_id == work.account_id, Merge.merged_customer_id == merged_id, Merge.unmerged_at.is_(None))
        .order_by(Merge.id.desc())
        .limit(1)
    )
    return found.one()


async def _line(
    work: Work, merge: Merge, kept: Customer
) -> list[tuple[Customer, Mapping[str, Any], Mapping[str, Any]]]:
    """Who holds what was taken over: the record it was merged into, and if that was merged too, all up to `kept`.

    With each, which fields can have come to it and what they took the place of there.
    """
    line: list[tuple[Customer, Mapping[str, Any], Mapping[str, Any]]] = []
    handed_on: Mapping[str, Any] = profile_of(kept).model_dump()
    while True:
        holder = await work.session.get_one(Customer, merge.customer_id)
        line.append((holder, handed_on, merge.replaced))
        if holder.merged_into_id is None:
            return line
        merge = await _last_merge(work, holder.id)
        handed_on = {n: v for n, v in merge.taken.items() if n in handed_on}


async def _put_first(work: Work, customer: Customer) -> None:
    """The record shows identities that are the customer's: those it showed, else the oldest of each kind."""
    held = await work.session.execute(
        select(CustomerIdentity.kind, CustomerIdentity.value)
        .where(CustomerIdentity.account_id == work.account_id, CustomerIdentity.customer_id == customer.id)
        .order_by(CustomerIdentity.id)
    )
    values: dict[str, list[str]] = {}
    for kind, value in held:
        values.setdefault(kind, []).append(value)
    for kind in IdentityKind:
        theirs = values.get(kind, [])
        if getattr(customer, kind) not in theirs:
            setattr(customer, kind, theirs[0] if theirs else None)
