"""Which customers are looked at, and who can belong to a segment at all."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Table, Uuid, any_, cast, literal, select
from sqlalchemy.dialects.postgresql import ARRAY, distinct_on

from services.customers.consents.models import Consent
from services.customers.db import Base
from services.customers.records.models import Customer
from shared.contracts.consent import ANALYTICS, ANY

_ALIASES: Table = Base.metadata.tables["customers.aliases"]


@dataclass(frozen=True, slots=True)
class Scope:
    """Customers of one account: these `ids`, or those after one id and up to another; all of them if nothing is said.

    It is asked of every table that is read, so that the work is that of the customers looked at, not of the account.
    """

    account_id: UUID
    ids: Collection[UUID] | None = None
    after: UUID | None = None
    upto: UUID | None = None

    def holds(self, account_id: Any, customer_id: Any) -> Iterator[ColumnElement[bool]]:
        yield account_id == self.account_id
        if self.ids is not None:
            yield customer_id == any_(cast(literal(list(self.ids), ARRAY(Uuid)), ARRAY(Uuid)))
        if self.after is not None:
            yield customer_id > self.after
        if self.upto is not None:
            yield customer_id <= self.upto

    def population(self) -> Iterator[ColumnElement[bool]]:
        """Nobody computes on who is gone, is somebody else by now, is restricted, or does not want it.

        A segment is a profile in the sense of GDPR, article 4 (4), so a no to `analytics` keeps a customer out of all.
        """
        yield from self.holds(Customer.account_id, Customer.id)
        yield Customer.deleted_at.is_(None)
        yield Customer.restricted.is_(False)
        yield Customer.id.not_in(self.merged())
        yield Customer.id.not_in(self.unwilling())

    def merged(self) -> Select[UUID]:
        """Customers who stand for others by now."""
        return select(_ALIASES.c.id).where(
            *self.holds(_ALIASES.c.account_id, _ALIASES.c.id), _ALIASES.c.stands_for.is_not(None)
        )

    def unwilling(self) -> Select[UUID]:
        """Customers whose last word on `analytics` was a no; the order of statements is that of `consent.decide`."""
        last = (
            select(Consent.customer_id, Consent.granted)
            .ext(distinct_on(Consent.customer_id))
            .where(
                *self.holds(Consent.account_id, Consent.customer_id),
                Consent.purpose == ANALYTICS,
                Consent.channel == ANY,
            )
            .order_by(Consent.customer_id, Consent.effective_at.desc(), Consent.granted, Consent.id.desc())
            .subquery("last_word")
        )
        return select(last.c.customer_id).where(last.c.granted.is_(False))
