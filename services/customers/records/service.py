"""Finding, adding, changing and removing customers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy import Select, or_, select

from services.customers.records.directory import Directory, name_key
from services.customers.records.identities import Identities, IdentityKind
from services.customers.records.models import Customer, CustomerIdentity
from services.customers.records.naming import Named, recognised
from services.customers.records.schemas import BulkItem, BulkOutcome, CustomerChanges, ItemProblem, NewCustomer
from shared.http.dependencies import check_match
from shared.http.errors import AppError, FieldProblem, NotFound
from shared.http.problems import translate
from shared.work import Work

# No text that begins with a prefix sorts after the prefix followed by the last code point there is.
_LAST = "\U0010ffff"


class CustomerNotFound(NotFound):
    """There is no such customer here."""


async def upsert(work: Work, body: NewCustomer) -> tuple[Customer, bool]:
    """The customer these identities belong to, changed, or a new one; and whether it is new."""
    directory = await Directory.open(work, body.identities().items())
    customer, created = _put(directory, body)
    await directory.save()
    return customer, created


async def upsert_all(work: Work, items: Sequence[Any]) -> BulkOutcome:
    """Each item as if sent alone, in order, in one transaction; items that fail leave nothing behind."""
    drafts = [_Draft.of(item) for item in items]
    stated = [identity for draft in drafts if draft.body for identity in draft.body.identities().items()]
    directory = await Directory.open(work, stated)
    for draft in drafts:
        if draft.body is not None:
            try:
                draft.customer, draft.created = _put(directory, draft.body)
            except AppError as problem:
                draft.refuse(problem)
    await directory.save()
    data = [draft.outcome(index) for index, draft in enumerate(drafts)]
    statuses = [item.status for item in data]
    counts = {status: statuses.count(status) for status in ("created", "updated", "failed")}
    return BulkOutcome(created=counts["created"], updated=counts["updated"], failed=counts["failed"], data=data)


async def edit(work: Work, customer_id: UUID, body: CustomerChanges, expected: int | None) -> Customer:
    """Raises `CustomerNotFound`, `StaleVersion`, `IdentityConflict` or `Unacceptable`."""
    directory = await Directory.open(work, body.identities().items(), [customer_id])
    customer = _require(directory.get(customer_id))
    check_match(expected, customer.version)
    directory.change(customer, body.changes())
    await directory.save()
    return customer


async def remove(work: Work, customer_id: UUID, expected: int | None) -> None:
    """Raises `CustomerNotFound` or `StaleVersion`."""
    directory = await Directory.open(work, customer_ids=[customer_id])
    customer = _require(directory.get(customer_id))
    check_match(expected, customer.version)
    directory.remove(customer)
    await directory.save()


async def restrict(work: Work, customer_id: UUID, *, on: bool) -> Customer:
    """Keep the customer's data but let nobody ask, write to or compute on them; or end that.

    Raises `CustomerNotFound`.
    """
    directory = await Directory.open(work, customer_ids=[customer_id])
    customer = _require(directory.get(customer_id))
    directory.change(customer, {"restricted": on})
    await directory.save()
    return customer


async def identify(work: Work, customer_id: UUID | None, stated: Identities, name: str | None) -> Customer | None:
    """Whoever is meant, made known if new; None if there is no such id and nothing else to go by. Never fails."""
    directory = await Directory.open(work, stated.items(), [customer_id] if customer_id else [])
    customer = recognised(directory, Named(customer_id, stated, name))
    await directory.save()
    return customer


async def find(work: Work, customer_id: UUID) -> Customer:
    """Raises `CustomerNotFound`."""
    known = select(Customer).where(
        Customer.account_id == work.account_id, Customer.id == customer_id, Customer.deleted_at.is_(None)
    )
    return _require(await work.session.scalar(known))


def known_customers(
    work: Work, *, identities: Mapping[IdentityKind, str | None], search: str | None
) -> Select[Customer]:
    """The account's customers with all these identities, whose name, e-mail or external id begins with `search`."""
    statement = select(Customer).where(Customer.account_id == work.account_id, Customer.deleted_at.is_(None))
    for kind, value in identities.items():
        if value is not None:
            statement = statement.where(
                Customer.id.in_(
                    select(CustomerIdentity.customer_id).where(
                        CustomerIdentity.account_id == work.account_id,
                        CustomerIdentity.kind == kind.value,
                        CustomerIdentity.value == value,
                    )
                )
            )
    if search:
        folded = name_key(search)
        ranges = ((Customer.name_key, folded), (Customer.email, search.lower()), (Customer.external_id, search))
        statement = statement.where(
            or_(*((column >= start) & (column < f"{start}{_LAST}") for column, start in ranges))
        )
    return statement


def identities_of(work: Work, customer_id: UUID) -> Select[CustomerIdentity]:
    return select(CustomerIdentity).where(
        CustomerIdentity.account_id == work.account_id, CustomerIdentity.customer_id == customer_id
    )


@dataclass(slots=True)
class _Draft:
    """One item of a bulk call on its way: `body` is None once it is refused."""

    body: NewCustomer | None = None
    customer: Customer | None = None
    created: bool = False
    errors: Sequence[FieldProblem] = field(default_factory=tuple)

    @classmethod
    def of(cls, item: Any) -> "_Draft":
        try:
            return cls(NewCustomer.model_validate(item))
        except ValidationError as problem:
            draft = cls()
            draft.refuse(translate(problem))
            return draft

    def refuse(self, problem: AppError) -> None:
        self.errors = problem.errors or (FieldProblem("", problem.code, problem.detail),)

    def outcome(self, index: int) -> BulkItem:
        errors = [ItemProblem(pointer=e.pointer, code=e.code, detail=e.detail) for e in self.errors]
        if self.customer is None:
            return BulkItem(index=index, status="failed", customer_id=None, errors=errors)
        customer_id = self.customer.id
        return BulkItem(
            index=index, status="created" if self.created else "updated", customer_id=customer_id, errors=[]
        )


def _put(directory: Directory, body: NewCustomer) -> tuple[Customer, bool]:
    customer = directory.match(body.identities())
    if customer is None:
        return directory.create(body.changes()), True
    directory.change(customer, body.changes())
    return customer, False


def _require(customer: Customer | None) -> Customer:
    if customer is None:
        raise CustomerNotFound
    return customer
