"""The customers that some identities lead to: read under the account's lock, changed in memory, written at once."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Self
from uuid import UUID

import orjson
from sqlalchemy import ColumnElement, Text, Uuid, and_, cast, delete, func, insert, select, tuple_, union_all
from sqlalchemy.dialects.postgresql import ARRAY

from services.customers.records.identities import Identities, Identity, IdentityKind
from services.customers.records.models import Customer, CustomerIdentity
from services.customers.records.schemas import MOST_ATTRIBUTES
from shared.contracts.customers import CustomerCreated, CustomerDeleted, CustomerProfile, CustomerUpdated
from shared.http.errors import Conflict, FieldProblem, Unacceptable
from shared.ids import new_id
from shared.work import Work

_PROFILE = tuple(CustomerProfile.model_fields)
# What an empty record says; null for all else.
_EMPTY: Mapping[str, Any] = dict.fromkeys((*_PROFILE, "name_key")) | {"attributes": {}, "restricted": False}


class IdentityConflict(Conflict):
    """What you name the customer by belongs to different customers."""

    code = "identity_conflict"


class Directory:
    """Nobody else changes the account's customers while one is open: two requests that name the same new customer by
    different identities would otherwise not see each other. The lock ends with the transaction.
    """

    def __init__(self, work: Work) -> None:
        self._work = work
        self._by_id: dict[UUID, Customer] = {}
        self._owners: dict[Identity, Customer] = {}
        self._created: dict[UUID, Customer] = {}
        self._changed: dict[UUID, Customer] = {}
        self._taken: dict[Identity, UUID] = {}
        self._released: set[Identity] = set()

    @classmethod
    async def open(cls, work: Work, identities: Iterable[Identity] = (), customer_ids: Iterable[UUID] = ()) -> Self:
        """Holds every customer that one of the identities or ids leads to."""
        directory = cls(work)
        name = func.hashtextextended(f"customers of {work.account_id}", 0)
        await work.session.execute(select(func.pg_advisory_xact_lock(name)))
        await directory._load(set(identities), set(customer_ids))
        return directory

    async def _load(self, identities: set[Identity], customer_ids: set[UUID]) -> None:
        named = select(CustomerIdentity.customer_id).where(self._among(identities))
        found = await self._work.session.execute(
            select(Customer, CustomerIdentity.kind, CustomerIdentity.value)
            .outerjoin(CustomerIdentity, CustomerIdentity.customer_id == Customer.id)
            .where(
                Customer.account_id == self._work.account_id,
                Customer.deleted_at.is_(None),
                Customer.id.in_(union_all(named, select(func.unnest(cast(list(customer_ids), ARRAY(Uuid)))))),
            )
        )
        for customer, kind, value in found:
            self._by_id[customer.id] = customer
            if kind is not None:
                self._owners[IdentityKind(kind), value] = customer

    def _among(self, identities: Collection[Identity]) -> ColumnElement[bool]:
        """As two arrays: a thousand pairs spelled out would be planned for longer than they are read."""
        kinds, values = [kind.value for kind, _ in identities], [value for _, value in identities]
        pairs = (
            func.unnest(cast(kinds, ARRAY(Text)), cast(values, ARRAY(Text)))
            .table_valued("kind", "value")
            .render_derived()
        )
        return and_(
            CustomerIdentity.account_id == self._work.account_id,
            tuple_(CustomerIdentity.kind, CustomerIdentity.value).in_(select(pairs.c.kind, pairs.c.value)),
        )

    def get(self, customer_id: UUID) -> Customer | None:
        return self._by_id.get(customer_id)

    def match(self, stated: Identities) -> Customer | None:
        """Who the caller means. Raises `IdentityConflict` if that is two, or if a stronger identity says otherwise."""
        owners = {kind: owner for kind in IdentityKind if kind in stated and (owner := self._owner(kind, stated[kind]))}
        if len({owner.id for owner in owners.values()}) > 1:
            raise _conflict({kind: f"belongs to customer {owner.id}" for kind, owner in owners.items()})
        for kind, owner in owners.items():
            stronger = _contradiction(owner, kind, stated)
            if stronger is not None:
                raise _conflict(
                    {
                        kind: f"belongs to customer {owner.id}",
                        stronger: f"is not the {stronger} of customer {owner.id}; change it there if it should be",
                    }
                )
            return owner
        return None

    def recognise(self, stated: Identities) -> tuple[Customer | None, dict[IdentityKind, str]]:
        """Who is most probably meant, and which of the identities may be theirs, for callers that cannot be asked.

        The strongest identity decides; weaker ones that belong to somebody else are left with them.
        """
        customer: Customer | None = None
        theirs: dict[IdentityKind, str] = {}
        for kind in IdentityKind:
            if kind not in stated:
                continue
            owner = self._owner(kind, stated[kind])
            if owner is None:
                if customer is None or getattr(customer, kind) is None:
                    theirs[kind] = stated[kind]
            elif customer is None and _contradiction(owner, kind, theirs) is None:
                customer = owner
        return customer, theirs

    def create(self, changes: Mapping[str, Any]) -> Customer:
        """A new customer, known by the identities among the changes, none of which may be somebody else's."""
        customer = Customer(
            id=new_id(),
            account_id=self._work.account_id,
            **_EMPTY,
            version=1,
            created_at=self._work.now,
            updated_at=self._work.now,
            deleted_at=None,
        )
        self._apply(customer, changes)
        self._work.session.add(customer)
        self._created[customer.id] = self._by_id[customer.id] = customer
        return customer

    def change(self, customer: Customer, changes: Mapping[str, Any]) -> None:
        """Set these fields. Raises, with nothing changed, `IdentityConflict` or `Unacceptable`."""
        if self._apply(customer, changes) and customer.id not in self._created | self._changed:
            customer.version += 1
            customer.updated_at = self._work.now
            self._changed[customer.id] = customer

    def remove(self, customer: Customer) -> None:
        """Empty the record and free its identities; what is left says only that there was somebody."""
        for identity in [identity for identity, owner in self._owners.items() if owner is customer]:
            self._release(identity)
        for name, value in _EMPTY.items():
            setattr(customer, name, value)
        customer.version += 1
        customer.updated_at = customer.deleted_at = self._work.now
        self._work.emit(CustomerDeleted(customer_id=customer.id), subject=customer.id, version=customer.version)

    async def save(self) -> None:
        """Write what has changed and tell the others."""
        session, account_id = self._work.session, self._work.account_id
        await session.flush()
        if self._released:
            await session.execute(delete(CustomerIdentity).where(self._among(self._released)))
        if self._taken:
            rows = [
                {"account_id": account_id, "kind": kind.value, "value": value, "customer_id": customer_id}
                | {"created_at": self._work.now}
                for (kind, value), customer_id in self._taken.items()
            ]
            await session.execute(insert(CustomerIdentity), rows)
        for customer in self._created.values():
            created = CustomerCreated(customer_id=customer.id, profile=_profile(customer))
            self._work.emit(created, subject=customer.id, version=customer.version)
        for customer in self._changed.values():
            updated = CustomerUpdated(customer_id=customer.id, profile=_profile(customer))
            self._work.emit(updated, subject=customer.id, version=customer.version)

    def _owner(self, kind: IdentityKind, value: str) -> Customer | None:
        return self._owners.get((kind, value))

    def _apply(self, customer: Customer, changes: Mapping[str, Any]) -> bool:
        """Returns whether anything is different now; checks everything before it touches anything."""
        values = {name: value for name, value in changes.items() if name != "attributes"}
        values = {name: value for name, value in values.items() if getattr(customer, name) != value}
        attributes = _merged(customer.attributes, changes.get("attributes", {}))
        moves = {kind: values[kind] for kind in IdentityKind if kind in values}
        self._require_free(customer, moves)
        if attributes is not None:
            customer.attributes = attributes
        for name, value in values.items():
            if name in moves:
                self._move(customer, IdentityKind(name), value)
            setattr(customer, name, value)
        if "name" in values:
            customer.name_key = name_key(customer.name)
        return bool(values) or attributes is not None

    def _require_free(self, customer: Customer, moves: Mapping[IdentityKind, str | None]) -> None:
        for kind, value in moves.items():
            owner = self._owner(kind, value) if value is not None else None
            if owner is not None and owner is not customer:
                raise _conflict({kind: f"belongs to customer {owner.id}"})
        if not any(moves.get(kind, getattr(customer, kind)) for kind in IdentityKind):
            raise Unacceptable.field("", "identity", "A customer keeps at least one of external_id, email and phone.")

    def _move(self, customer: Customer, kind: IdentityKind, value: str | None) -> None:
        previous = getattr(customer, kind)
        if previous is not None:
            self._release((kind, previous))
        if value is not None:
            self._owners[kind, value] = customer
            self._taken[kind, value] = customer.id

    def _release(self, identity: Identity) -> None:
        del self._owners[identity]
        if self._taken.pop(identity, None) is None:
            self._released.add(identity)


def name_key(name: str | None) -> str | None:
    """What a search by name compares: without upper and lower case."""
    return name.casefold() if name is not None else None


def _contradiction(customer: Customer, matched: IdentityKind, stated: Identities) -> IdentityKind | None:
    """The identity, stronger than the one that matched, that says it is somebody else."""
    for kind in IdentityKind:
        if kind is matched:
            break
        if kind in stated and getattr(customer, kind) not in (None, stated[kind]):
            return kind
    return None


def _conflict(reasons: Mapping[IdentityKind, str]) -> IdentityConflict:
    problems = tuple(FieldProblem(f"/{kind}", "identity_conflict", f"{kind} {why}.") for kind, why in reasons.items())
    return IdentityConflict(" ".join(problem.detail for problem in problems), errors=problems)


def _merged(present: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any] | None:
    """The attributes after the changes, or None if that makes no difference. Compared as JSON: 1 is not true."""
    merged = {name: value for name, value in {**present, **changes}.items() if value is not None}
    if len(merged) > MOST_ATTRIBUTES:
        raise Unacceptable.field("/attributes", "too_long", f"A customer has at most {MOST_ATTRIBUTES} attributes.")
    same = orjson.dumps(merged, option=orjson.OPT_SORT_KEYS) == orjson.dumps(present, option=orjson.OPT_SORT_KEYS)
    return None if same else merged


def _profile(customer: Customer) -> CustomerProfile:
    return CustomerProfile(**{name: getattr(customer, name) for name in _PROFILE})
