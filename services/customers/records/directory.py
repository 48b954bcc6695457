"""The customers that some identities lead to: read under locks, changed in memory, written at once."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, Self
from uuid import UUID

from services.customers.db import MERGED_CUSTOMERS
from services.customers.records.errors import CustomerNotFound, conflict, erased
from services.customers.records.holdings import Holding, Holdings
from services.customers.records.identities import Identities, Identity, IdentityKind
from services.customers.records.loading import hold
from services.customers.records.models import Customer, Merge
from services.customers.records.profiles import EMPTY, lacking, merged_attributes, name_key, profile_of
from services.customers.records.returning import Told, remember, said_of
from services.customers.subjects import tombstones
from shared.contracts.customers import (
    CustomerCreated,
    CustomerDeleted,
    CustomerMerged,
    CustomerUpdated,
)
from shared.editing import differing
from shared.http.errors import Unacceptable
from shared.ids import new_id
from shared.work import Work

LAST_IDENTITY = "A customer keeps at least one of external_id, email and phone."
NOTHING: frozenset[IdentityKind] = frozenset()


class Match(NamedTuple):
    """Who is meant; `origin_id` is the record, merged into the customer since, that was named: None for their own."""

    customer: Customer
    origin_id: UUID | None

    @property
    def named_id(self) -> UUID:
        return self.origin_id or self.customer.id


class Directory:
    """Nobody else changes these customers, or who has these identities, while it is open; see `loading.hold`.

    `source` and `evidence` say where from identities that are new are known.
    """

    def __init__(self, work: Work, source: str, evidence: str | None) -> None:
        self.work = work
        self.source, self.evidence = source, evidence
        self.holdings = Holdings(work)
        # Records that were named in one breath and may be one person.
        self.doubts: set[tuple[UUID, UUID]] = set()
        self._by_id: dict[UUID, Customer] = {}
        self._present: Mapping[UUID, UUID] = {}
        self._created: dict[UUID, Customer] = {}
        self._changed: dict[UUID, Customer] = {}
        self._merges: list[Merge] = []
        self._told: list[Told] = []
        self._erased: set[Identity] = set()

    @classmethod
    async def open(
        cls,
        work: Work,
        identities: Iterable[Identity] = (),
        customer_ids: Iterable[UUID] = (),
        *,
        source: str = "api",
        evidence: str | None = None,
    ) -> Self:
        """Holds every customer that one of the identities or ids leads to, merged ones as who they are now."""
        directory = cls(work, source, evidence)
        stated = set(identities)
        held = await hold(work, stated, set(customer_ids))
        directory._erased = await tombstones.among(work, stated)
        directory._by_id = {customer.id: customer for customer in held.customers}
        directory._present = held.present
        for row in held.identities:
            directory.holdings.load(row, directory._by_id[row.customer_id])
        return directory

    def get(self, customer_id: UUID) -> Customer | None:
        """The customer with this id, or whom a record with this id was merged into."""
        return self._by_id.get(self._present.get(customer_id, customer_id))

    def require(self, customer_id: UUID) -> Customer:
        """As `get`. Raises `CustomerNotFound`."""
        customer = self.get(customer_id)
        if customer is None:
            raise CustomerNotFound
        return customer

    def match(self, stated: Identities) -> Match | None:
        """Who the caller means. Raises `IdentityConflict` if that is two, or if a stronger identity says otherwise."""
        owners = {kind: held for kind in IdentityKind if kind in stated and (held := self._held(kind, stated[kind]))}
        if len({held.customer.id for held in owners.values()}) > 1:
            problem = {kind: f"belongs to customer {held.customer.id}" for kind, held in owners.items()}
            raise conflict(problem, "If they are one person, merge them: POST /v1/customers/{id}/merge.")
        for kind, held in owners.items():
            stronger = self._contradiction(held.customer, kind, stated)
            if stronger is not None:
                owner = held.customer.id
                raise conflict(
                    {
                        kind: f"belongs to customer {owner}",
                        stronger: f"is not the {stronger} of customer {owner}; change it there if it should be",
                    }
                )
            return Match(held.customer, held.origin_id)
        return None

    def owners(self, stated: Identities) -> dict[Identity, Holding]:
        """Those of the identities that somebody has."""
        held = {identity: self._held(*identity) for identity in stated.items()}
        return {identity: holding for identity, holding in held.items() if holding is not None}

    def recognise(self, stated: Identities) -> tuple[Match | None, dict[IdentityKind, str]]:
        """Who is most probably meant, and which of the identities may be theirs, for callers that cannot be asked.

        The strongest identity decides; weaker ones that belong to somebody else are left with them, as doubts.
        """
        match: Match | None = None
        theirs: dict[IdentityKind, str] = {}
        others: set[UUID] = set()
        for kind in IdentityKind:
            if kind not in stated or (kind, stated[kind]) in self._erased:
                continue
            held = self._held(kind, stated[kind])
            if held is None:
                if match is None or getattr(match.customer, kind) is None:
                    theirs[kind] = stated[kind]
            elif match is None and self._contradiction(held.customer, kind, theirs) is None:
                match = Match(held.customer, held.origin_id)
            elif match is None or held.customer is not match.customer:
                others.add(held.customer.id)
        if match is not None:
            self.doubts |= {(match.customer.id, other) for other in others}
        return match, theirs

    def create(self, changes: Mapping[str, Any], verified: frozenset[IdentityKind] = NOTHING) -> Customer:
        """A new customer, known by the identities among the changes, none of which may be somebody else's."""
        customer = Customer(
            id=new_id(),
            account_id=self.work.account_id,
            **EMPTY,
            version=1,
            created_at=self.work.now,
            updated_at=self.work.now,
            deleted_at=None,
            merged_into_id=None,
        )
        self._apply(customer, changes, verified, None)
        self.work.session.add(customer)
        self._created[customer.id] = self._by_id[customer.id] = customer
        return customer

    def learn(self, match: Match, changes: Mapping[str, Any], verified: frozenset[IdentityKind] = NOTHING) -> None:
        """`change`, by somebody who knows the customer under an identity and may not know of the others.

        An identity they have already does not become their first one, nor does what is told under a merged record's
        identity take the place of the kept record's.
        """
        customer, origin_id = match
        rest = dict(changes)
        for kind in [kind for kind in IdentityKind if kind in changes]:
            value = changes[kind]
            held = self._held(kind, value) if value is not None else None
            if held is not None and held.customer is customer:
                self.holdings.see((kind, value), verified=kind in verified)
                del rest[kind]
            elif origin_id and held is None and getattr(customer, kind) is not None:
                if value is not None:
                    self._take(customer, (kind, value), verified=kind in verified, origin_id=origin_id)
                del rest[kind]
        values = {name: value for name, value in rest.items() if name not in list(IdentityKind)}
        before = said_of(customer, values)
        self.change(customer, rest, verified, origin_id=origin_id)
        if origin_id and values:
            self._told.append(Told(origin_id, values, before))

    def change(
        self,
        customer: Customer,
        changes: Mapping[str, Any],
        verified: frozenset[IdentityKind] = NOTHING,
        *,
        origin_id: UUID | None = None,
    ) -> None:
        """Set these fields. Raises, with nothing changed, `IdentityConflict` or `Unacceptable`."""
        if self._apply(customer, changes, verified, origin_id):
            self._touch(customer)

    def add_identity(self, customer: Customer, identity: Identity, *, verified: bool, named_id: UUID) -> None:
        """One more; the first of its kind is the one the record shows. Raises `IdentityConflict`."""
        kind, value = identity
        held = self._held(kind, value)
        if held is not None and held.customer is not customer:
            raise conflict({kind: f"belongs to customer {held.customer.id}"})
        origin_id = named_id if named_id != customer.id else None
        if held is not None:
            self.holdings.see(identity, verified=verified)
        elif getattr(customer, kind) is None:
            self.change(customer, {kind: value}, frozenset({kind} if verified else ()), origin_id=origin_id)
        else:
            self._take(customer, identity, verified=verified, origin_id=origin_id)

    def drop_identity(self, customer: Customer, identity: Identity) -> None:
        """The record shows another one of the kind, if there is one. Raises `Unacceptable` for the last of all."""
        kind, value = identity
        others = [k_and_v for k_and_v, _ in self.holdings.of(customer) if k_and_v != identity]
        if not others:
            raise Unacceptable.field("", "identity", LAST_IDENTITY)
        self.holdings.release(identity)
        if getattr(customer, kind) == value:
            setattr(customer, kind, next((other for k, other in others if k is kind), None))
            self._touch(customer)

    def merge(self, kept: Customer, merged: Customer, *, automatic: bool, reason: str | None) -> Merge:
        """`merged` becomes part of `kept`, which takes over what it did not know."""
        self._announce(merged)
        taken = lacking(kept, merged)
        self._touch(kept)
        self.holdings.hand_over(merged, kept)
        for name, value in taken.items():
            setattr(kept, name, {**value, **kept.attributes} if name == "attributes" else value)
        kept.name_key = name_key(kept.name)
        merged.merged_into_id = kept.id
        merged.version += 1
        merged.updated_at = self.work.now
        del self._by_id[merged.id]
        merge = Merge(
            id=new_id(),
            account_id=self.work.account_id,
            customer_id=kept.id,
            merged_customer_id=merged.id,
            automatic=automatic,
            reason=reason,
            taken={name: str(value) if isinstance(value, UUID) else value for name, value in taken.items()},
            replaced={},
            merged_at=self.work.now,
            merged_by=str(self.work.actor),
            unmerged_at=None,
            unmerged_by=None,
        )
        self.work.session.add(merge)
        self._merges.append(merge)
        return merge

    def remove(self, customer: Customer) -> None:
        """Empty the record and free its identities; what is left says only that there was somebody."""
        for identity, _ in list(self.holdings.of(customer)):
            self.holdings.release(identity)
        for name, value in EMPTY.items():
            setattr(customer, name, value)
        customer.version += 1
        customer.updated_at = customer.deleted_at = self.work.now
        self.work.emit(CustomerDeleted(customer_id=customer.id), subject=customer.id, version=customer.version)

    async def save(self) -> None:
        """Write what has changed and tell the others."""
        await self.work.session.flush()
        await self.holdings.save()
        for customer in [*self._created.values(), *self._changed.values()]:
            self._announce(customer)
        for merge in self._merges:
            await self._save_merge(merge)
        if self._told:
            await remember(self.work, self._told)

    async def _save_merge(self, merge: Merge) -> None:
        kept = await self.work.session.get_one(Customer, merge.customer_id)
        merged = await self.work.session.get_one(Customer, merge.merged_customer_id)
        await MERGED_CUSTOMERS.point(self.work, merged.id, kept.id, version=merged.version)
        told = CustomerMerged(
            customer_id=kept.id,
            merged_customer_id=merged.id,
            merged_version=merged.version,
            automatic=merge.automatic,
        )
        self.work.emit(told, subject=kept.id, version=kept.version)

    def _announce(self, customer: Customer) -> None:
        """Tell what there is to tell of the record, once."""
        event: CustomerCreated | CustomerUpdated
        if self._created.pop(customer.id, None) is not None:
            event = CustomerCreated(customer_id=customer.id, profile=profile_of(customer))
        elif self._changed.pop(customer.id, None) is not None:
            event = CustomerUpdated(customer_id=customer.id, profile=profile_of(customer))
        else:
            return
        self.work.emit(event, subject=customer.id, version=customer.version)

    def _touch(self, customer: Customer) -> None:
        if customer.id not in self._created and customer.id not in self._changed:
            customer.version += 1
            customer.updated_at = self.work.now
            self._changed[customer.id] = customer

    def _held(self, kind: IdentityKind, value: str) -> Holding | None:
        return self.holdings.get(kind, value)

    def _apply(
        self,
        customer: Customer,
        changes: Mapping[str, Any],
        verified: frozenset[IdentityKind],
        origin_id: UUID | None,
    ) -> bool:
        """Returns whether anything is different now; checks everything before it touches anything."""
        values = {name: value for name, value in changes.items() if name != "attributes"}
        for kind in verified:
            if values.get(kind) is not None and values[kind] == getattr(customer, kind):
                self.holdings.see((kind, values[kind]), verified=True)
        values = differing(customer, values)
        attributes = merged_attributes(customer.attributes, changes.get("attributes", {}))
        moves = {kind: values[kind] for kind in IdentityKind if kind in values}
        self._require_free(customer, moves)
        if attributes is not None:
            customer.attributes = attributes
        for name, value in values.items():
            if name in moves:
                kind = IdentityKind(name)
                self._move(customer, kind, value, verified=kind in verified, origin_id=origin_id)
            setattr(customer, name, value)
        if "name" in values:
            customer.name_key = name_key(customer.name)
        return bool(values) or attributes is not None

    def _require_free(self, customer: Customer, moves: Mapping[IdentityKind, str | None]) -> None:
        for kind, value in moves.items():
            held = self._held(kind, value) if value is not None else None
            if held is not None and held.customer is not customer:
                raise conflict({kind: f"belongs to customer {held.customer.id}"})
            if value is not None and (kind, value) in self._erased:
                raise erased(kind)
        if not any(moves.get(kind, getattr(customer, kind)) for kind in IdentityKind):
            raise Unacceptable.field("", "identity", LAST_IDENTITY)

    def _move(
        self, customer: Customer, kind: IdentityKind, value: str | None, *, verified: bool, origin_id: UUID | None
    ) -> None:
        """The value that was first is free for others now, unless it stays theirs: it came with a merged record, or
        they only have another one of their own put first."""
        previous = getattr(customer, kind)
        already_theirs = value is not None and self._held(kind, value) is not None
        if previous is not None and not already_theirs:
            held = self._held(kind, previous)
            if value is None or held is None or held.origin_id is None:
                self.holdings.release((kind, previous))
        if already_theirs and value is not None:
            self.holdings.see((kind, value), verified=verified)
        elif value is not None:
            self._take(customer, (kind, value), verified=verified, origin_id=origin_id)

    def _take(self, customer: Customer, identity: Identity, *, verified: bool, origin_id: UUID | None) -> None:
        if identity in self._erased:
            raise erased(identity[0])
        holding = Holding(customer, origin_id, verified, self.work.now, self.source, self.evidence)
        self.holdings.take(identity, holding)

    def _contradiction(self, customer: Customer, matched: IdentityKind, stated: Identities) -> IdentityKind | None:
        """The identity, stronger than the one that matched, that says it is somebody else."""
        for kind in IdentityKind:
            if kind is matched:
                break
            if kind in stated and getattr(customer, kind) not in (None, stated[kind]):
                held = self._held(kind, stated[kind])
                if held is None or held.customer is not customer:
                    return kind
        return None
