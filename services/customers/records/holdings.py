"""Which identity leads to whom, while a directory is open: in memory first, then in a few statements."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Text, and_, cast, delete, func, insert, select, text, tuple_
from sqlalchemy.dialects.postgresql import ARRAY

from services.customers.consents import refusals
from services.customers.records.identities import Identity, IdentityKind
from services.customers.records.models import Customer, CustomerIdentity
from shared.db.database import planned_anew
from shared.ids import new_id
from shared.work import Work

# "Last seen" is true to the day, or every call about a known customer would write.
SEEN_ANEW_AFTER = timedelta(days=1)

_SEE = text(
    """
    update customers.identities held set last_seen_at = :now, verified = held.verified or seen.verified
    from unnest(cast(:kinds as text[]), cast(:values as text[]), cast(:verified as boolean[]))
        as seen (kind, value, verified)
    where held.account_id = :account_id and held.kind = seen.kind and held.value = seen.value
    """
)
_HELD_BY = text(
    """
    select held.kind, held.value, held.customer_id, held.origin_customer_id
    from unnest(cast(:kinds as text[]), cast(:values as text[])) as given (kind, value)
    join customers.identities held
        on held.account_id = :account_id and held.kind = given.kind and held.value = given.value
    """
)


@dataclass(slots=True)
class Holding:
    """`origin_id` is the record, merged into the customer since, that the identity came with; None: their own."""

    customer: Customer
    origin_id: UUID | None
    verified: bool
    last_seen_at: datetime
    source: str
    evidence: str | None

    @property
    def named_id(self) -> UUID:
        """The record that is named by the identity."""
        return self.origin_id or self.customer.id


class Holdings:
    def __init__(self, work: Work) -> None:
        self._work = work
        self._held: dict[Identity, Holding] = {}
        self._taken: set[Identity] = set()
        # Whose they were.
        self._released: dict[Identity, UUID] = {}
        self._seen: set[Identity] = set()

    def load(self, row: CustomerIdentity, customer: Customer) -> None:
        self._held[IdentityKind(row.kind), row.value] = Holding(
            customer, row.origin_customer_id, row.verified, row.last_seen_at, row.source, row.evidence
        )

    def get(self, kind: IdentityKind, value: str) -> Holding | None:
        return self._held.get((kind, value))

    def of(self, customer: Customer) -> Iterator[tuple[Identity, Holding]]:
        return ((identity, held) for identity, held in self._held.items() if held.customer is customer)

    def take(self, identity: Identity, holding: Holding) -> None:
        self._held[identity] = holding
        self._taken.add(identity)

    def release(self, identity: Identity) -> None:
        held = self._held.pop(identity)
        if identity in self._taken:
            self._taken.remove(identity)
        else:
            self._released[identity] = held.customer.id

    def see(self, identity: Identity, *, verified: bool) -> None:
        """It was named again, and perhaps verified."""
        held = self._held[identity]
        if identity in self._taken:
            held.verified |= verified
        elif (verified and not held.verified) or self._work.now - held.last_seen_at >= SEEN_ANEW_AFTER:
            held.verified |= verified
            held.last_seen_at = self._work.now
            self._seen.add(identity)

    def hand_over(self, merged: Customer, kept: Customer) -> None:
        """As the alias of `merged` will, once it is there."""
        for _, held in list(self.of(merged)):
            held.origin_id = held.named_id
            held.customer = kept

    async def save(self) -> None:
        """In the order of the index, so that two calls that share identities wait for each other.

        What was refused under an identity goes where it goes.
        """
        session = self._work.session
        if self._released:
            await refusals.keep(self._work, self._released)
            await session.execute(delete(CustomerIdentity).where(among(self._work, self._released)))
        if self._taken:
            await session.execute(insert(CustomerIdentity), [self._row(identity) for identity in sorted(self._taken)])
            await refusals.restore(self._work, {identity: self._held[identity].named_id for identity in self._taken})
        seen = sorted(self._seen - self._released.keys())
        if seen:
            values = {
                "account_id": self._work.account_id,
                "now": self._work.now,
                "kinds": [kind.value for kind, _ in seen],
                "values": [value for _, value in seen],
                "verified": [self._held[identity].verified for identity in seen],
            }
            await session.execute(_SEE, values)

    def _row(self, identity: Identity) -> dict[str, object]:
        held = self._held[identity]
        return {
            "id": new_id(),
            "account_id": self._work.account_id,
            "kind": identity[0].value,
            "value": identity[1],
            "customer_id": held.customer.id,
            "origin_customer_id": held.origin_id,
            "verified": held.verified,
            "source": held.source,
            "evidence": held.evidence,
            "created_at": self._work.now,
            "last_seen_at": self._work.now,
        }


async def held_by(work: Work, identities: Collection[Identity]) -> Sequence[Any]:
    """Rows of `kind`, `value`, `customer_id` and `origin_customer_id`, of those that somebody has."""
    if not identities:
        return ()
    kinds, values = [kind.value for kind, _ in identities], [value for _, value in identities]
    given = {"account_id": work.account_id, "kinds": kinds, "values": values}
    async with planned_anew(work.session, len(kinds)):
        return (await work.session.execute(_HELD_BY, given)).all()


def among(work: Work, identities: Collection[Identity]) -> ColumnElement[bool]:
    """As two arrays: a thousand pairs spelled out would be planned for longer than they are read."""
    kinds, values = [kind.value for kind, _ in identities], [value for _, value in identities]
    pairs = (
        func.unnest(cast(kinds, ARRAY(Text)), cast(values, ARRAY(Text))).table_valued("kind", "value").render_derived()
    )
    return and_(
        CustomerIdentity.account_id == work.account_id,
        tuple_(CustomerIdentity.kind, CustomerIdentity.value).in_(select(pairs.c.kind, pairs.c.value)),
    )
