"""Pairs of records that may be one person: found by their signs, decided by people."""

from collections.abc import Collection, Iterable
from uuid import UUID

from sqlalchemy import Select, delete, or_, select, text
from sqlalchemy.dialects.postgresql import insert

from services.customers.db import MERGED_CUSTOMERS
from services.customers.merges.evidence import NAMED_TOGETHER, SUGGESTED_FROM, contradictions, is_strong, score
from services.customers.merges.merging import merge
from services.customers.records.identities import Identity, IdentityKind, WeakKind
from services.customers.records.models import CustomerIdentity, MergeSuggestion
from shared.http.errors import Conflict, NotFound
from shared.ids import new_id
from shared.work import Work

Pair = tuple[UUID, UUID]

# A browser in a shop, a name like "Customer": what so many share says nothing about who they are.
SHARED_BY_MOST = 5

_SHARING = text(
    """
    with mine as (
        select sign.kind, sign.value, sign.customer_id from customers.identities sign
        where sign.account_id = :account_id and sign.customer_id = any(cast(:ids as uuid[])) and sign.kind = any(:weak)
        union
        select 'name', name_key, id from customers.customers
        where account_id = :account_id and id = any(cast(:ids as uuid[])) and name_key is not null
            and deleted_at is null and merged_into_id is null
    )
    select distinct mine.kind, mine.value, mine.customer_id, other.customer_id as other_id
    from mine cross join lateral (
        select sign.customer_id from customers.identities sign
        where sign.account_id = :account_id and sign.kind = mine.kind and sign.value = mine.value
        union
        select id from customers.customers
        where mine.kind = 'name' and account_id = :account_id and name_key = mine.value
            and deleted_at is null and merged_into_id is null
        limit :most + 2
    ) as other (customer_id)
    """
)


class SuggestionNotFound(NotFound):
    """There is no such suggestion here."""

    code = "suggestion_not_found"


class AlreadyDecided(Conflict):
    """Somebody has decided on this suggestion."""

    code = "already_decided"


async def doubt(work: Work, pairs: Iterable[Pair]) -> None:
    """These were named in one breath, by somebody who could not be asked whether they are one."""
    named = {_ordered(*pair) for pair in pairs}
    if named:
        await _suggest(work, {pair: {NAMED_TOGETHER} for pair in named})


async def look_for(work: Work, customer_id: UUID) -> None:
    """Whether somebody shares enough signs with this customer."""
    shared = await _signs_of(work, [customer_id])
    await _suggest(work, shared)


async def forget(work: Work, customer_ids: Collection[UUID]) -> None:
    about = or_(MergeSuggestion.first_id.in_(customer_ids), MergeSuggestion.second_id.in_(customer_ids))
    await work.session.execute(delete(MergeSuggestion).where(MergeSuggestion.account_id == work.account_id, about))


async def suggestions(work: Work, *, state: str, customer_id: UUID | None) -> Select[MergeSuggestion]:
    """Those of the state; of a customer, those that name the record itself and those of whom it is part of today."""
    statement = select(MergeSuggestion).where(
        MergeSuggestion.account_id == work.account_id, MergeSuggestion.state == state
    )
    if customer_id is not None:
        theirs = {customer_id, *(await MERGED_CUSTOMERS.present_ids(work, [customer_id])).values()}
        statement = statement.where(or_(MergeSuggestion.first_id.in_(theirs), MergeSuggestion.second_id.in_(theirs)))
    return statement


async def decide(work: Work, suggestion_id: UUID, *, accepted: bool, keep: UUID | None) -> MergeSuggestion:
    """Merge the two, or never suggest it again.

    Raises `SuggestionNotFound`, `AlreadyDecided`, `CustomerNotFound` or `SameCustomer`.
    """
    suggestion = await _open_one(work, suggestion_id)
    if accepted:
        reason = f"suggested: {', '.join(suggestion.signs)}"
        made = await merge(work, suggestion.first_id, suggestion.second_id, keep=keep, reason=reason)
        suggestion.merge_id = made.id
    suggestion.state = "accepted" if accepted else "dismissed"
    suggestion.decided_at, suggestion.decided_by = work.now, str(work.actor)
    return suggestion


async def _open_one(work: Work, suggestion_id: UUID) -> MergeSuggestion:
    mine = (MergeSuggestion.account_id == work.account_id, MergeSuggestion.id == suggestion_id)
    found: MergeSuggestion | None = await work.session.scalar(select(MergeSuggestion).where(*mine).with_for_update())
    if found is None:
        raise SuggestionNotFound
    if found.state != "open":
        raise AlreadyDecided
    return found


async def _suggest(work: Work, signs: dict[Pair, set[str]]) -> None:
    """Write down pairs that are probable enough; a pair that is there gains signs, and stays decided if it is."""
    if not signs:
        return
    shared = await _signs_of(work, {customer_id for pair in signs for customer_id in pair})
    strong = await _strong_identities(work, {customer_id for pair in signs for customer_id in pair})
    rows = []
    for pair in sorted(signs):
        found = signs[pair] | shared.get(pair, set())
        conflicts = contradictions(*(strong.get(customer_id, set()) for customer_id in pair))
        points = score(found, conflict=bool(conflicts))
        if points >= SUGGESTED_FROM:
            rows.append(
                {
                    "id": new_id(),
                    "account_id": work.account_id,
                    "first_id": pair[0],
                    "second_id": pair[1],
                    "signs": sorted(found),
                    "conflicts": [kind.value for kind in conflicts],
                    "score": points,
                    "state": "open",
                    "created_at": work.now,
                }
            )
    if not rows:
        return
    statement = insert(MergeSuggestion).values(rows)
    given = statement.excluded
    await work.session.execute(
        statement.on_conflict_do_update(
            index_elements=["account_id", "first_id", "second_id"],
            set_={"signs": given.signs, "conflicts": given.conflicts, "score": given.score},
            where=(MergeSuggestion.state == "open") & (MergeSuggestion.score < given.score),
        )
    )


async def _signs_of(work: Work, customer_ids: Collection[UUID]) -> dict[Pair, set[str]]:
    """Which weak signs these share with whom."""
    values = {
        "account_id": work.account_id,
        "ids": list(customer_ids),
        "weak": [kind.value for kind in WeakKind],
        "most": SHARED_BY_MOST,
    }
    holders: dict[tuple[str, str], set[UUID]] = {}
    for kind, value, customer_id, other_id in await work.session.execute(_SHARING, values):
        holders.setdefault((kind, value), set()).update((customer_id, other_id))
    shared: dict[Pair, set[str]] = {}
    for (kind, _), people in holders.items():
        if len(people) <= SHARED_BY_MOST:
            for one in people:
                for other in people:
                    if one < other and (one in customer_ids or other in customer_ids):
                        shared.setdefault((one, other), set()).add(kind)
    return shared


async def _strong_identities(work: Work, customer_ids: Collection[UUID]) -> dict[UUID, set[Identity]]:
    kinds = [kind.value for kind in IdentityKind]
    rows = await work.session.execute(
        select(CustomerIdentity.customer_id, CustomerIdentity.kind, CustomerIdentity.value, CustomerIdentity.verified)
        .where(CustomerIdentity.account_id == work.account_id, CustomerIdentity.customer_id.in_(customer_ids))
        .where(CustomerIdentity.kind.in_(kinds))
    )
    found: dict[UUID, set[Identity]] = {}
    for customer_id, kind, value, verified in rows:
        if is_strong(IdentityKind(kind), verified=verified):
            found.setdefault(customer_id, set()).add((IdentityKind(kind), value))
    return found


def _ordered(one: UUID, other: UUID) -> Pair:
    return (one, other) if one < other else (other, one)
