"""Finding, adding, changing and removing customers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy import Select, delete, func, or_, select

from services.customers.activities import service as activities
from services.customers.consents import service as consents
from services.customers.imports import forgetting as files
from services.customers.merges import suggestions
from services.customers.merges.merging import former, join
from services.customers.records.directory import Directory
from services.customers.records.errors import CustomerNotFound, IdentityNotFound
from services.customers.records.identities import Identities, IdentityKind
from services.customers.records.models import Customer, CustomerIdentity, Merge
from services.customers.records.naming import Named, Recognised, recognised
from services.customers.records.preparing import Preparation, prepare
from services.customers.records.profiles import name_key
from services.customers.records.schemas import (
    BulkItem,
    BulkOutcome,
    CustomerChanges,
    ItemProblem,
    NewCustomer,
    NewIdentity,
)
from services.customers.timeline import service as timeline
from shared.http.dependencies import check_match
from shared.http.errors import AppError, FieldProblem
from shared.http.problems import translate
from shared.ids import new_id
from shared.work import Work

# No text that begins with a prefix sorts after the prefix followed by the last code point there is.
_LAST = "\U0010ffff"


async def upsert(work: Work, body: NewCustomer) -> tuple[Customer, bool]:
    """The customer these identities belong to, changed, or a new one; and whether it is new."""
    preparation = await prepare(work, [body])
    directory = await Directory.open(work, body.identities().items())
    customer, created = await _put(directory, preparation, body)
    await directory.save()
    return customer, created


async def upsert_all(
    work: Work, items: Sequence[Any], *, source: str = "api", evidence: str | None = None
) -> BulkOutcome:
    """Each item as if sent alone, in order, in one transaction; items that fail leave nothing behind."""
    drafts = [_Draft.of(item) for item in items]
    bodies = [draft.body for draft in drafts if draft.body is not None]
    preparation = await prepare(work, bodies)
    stated = [identity for body in bodies for identity in body.identities().items()]
    directory = await Directory.open(work, stated, source=source, evidence=evidence)
    for draft in drafts:
        if draft.body is not None:
            try:
                draft.customer, draft.created = await _put(directory, preparation, draft.body)
            except AppError as problem:
                draft.refuse(problem)
    await directory.save()
    data = [draft.outcome(index) for index, draft in enumerate(drafts)]
    statuses = [item.status for item in data]
    counts = {status: statuses.count(status) for status in ("created", "updated", "failed")}
    return BulkOutcome(created=counts["created"], updated=counts["updated"], failed=counts["failed"], data=data)


async def edit(work: Work, customer_id: UUID, body: CustomerChanges, expected: int | None) -> Customer:
    """Raises `CustomerNotFound`, `StaleVersion`, `IdentityConflict` or `Unacceptable`."""
    preparation = await prepare(work, [body])
    directory = await Directory.open(work, body.identities().items(), [customer_id])
    customer = directory.require(customer_id)
    check_match(expected, customer.version)
    directory.change(customer, preparation.changes(body, customer), body.verified())
    await directory.save()
    return customer


async def remove(work: Work, customer_id: UUID, expected: int | None) -> None:
    """The person: all records that were merged into theirs, what they did and allowed, and what imports say of them.

    Raises `CustomerNotFound` or `StaleVersion`.
    """
    directory = await Directory.open(work, customer_ids=[customer_id])
    customer = directory.require(customer_id)
    check_match(expected, customer.version)
    people = [customer, *await former(work, customer)]
    ids = [each.id for each in people]
    await files.forget(work, ids)
    for each in people:
        directory.remove(each)
    await directory.save()
    await suggestions.forget(work, ids)
    gone = (CustomerIdentity.account_id == work.account_id, CustomerIdentity.customer_id.in_(ids))
    await work.session.execute(delete(CustomerIdentity).where(*gone))
    merges = (Merge.account_id == work.account_id, Merge.merged_customer_id.in_(ids))
    await work.session.execute(delete(Merge).where(*merges))
    for gone_id in ids:
        for feature in (timeline, activities, consents):
            await feature.forget(work, gone_id)


async def restrict(work: Work, customer_id: UUID, *, on: bool) -> Customer:
    """Keep the customer's data but let nobody ask, write to or compute on them; or end that.

    Raises `CustomerNotFound`.
    """
    directory = await Directory.open(work, customer_ids=[customer_id])
    customer = directory.require(customer_id)
    directory.change(customer, {"restricted": on})
    await directory.save()
    return customer


async def identify(
    work: Work, customer_id: UUID | None, stated: Identities, name: str | None, *, source: str, evidence: str | None
) -> Recognised | None:
    """Whoever is meant, made known if new; None if there is no such id and nothing else to go by. Never fails."""
    ids = [customer_id] if customer_id else []
    directory = await Directory.open(work, stated.items(), ids, source=source, evidence=evidence)
    found = recognised(directory, Named(customer_id, stated, name))
    await directory.save()
    await suggestions.doubt(work, directory.doubts)
    return found


async def find(work: Work, customer_id: UUID) -> Customer:
    """The customer with this id, or whom a record with this id was merged into. Raises `CustomerNotFound`."""
    present = func.customers.present_id(work.account_id, customer_id)
    known = select(Customer).where(
        Customer.account_id == work.account_id, Customer.id == select(present).scalar_subquery(), Customer.is_present()
    )
    found: Customer | None = await work.session.scalar(known)
    if found is None:
        raise CustomerNotFound
    return found


def known_customers(
    work: Work, *, identities: Mapping[IdentityKind, str | None], search: str | None, company_id: UUID | None
) -> Select[Customer]:
    """The account's customers with all these identities, whose name, e-mail or external id begins with `search`."""
    statement = select(Customer).where(Customer.account_id == work.account_id, Customer.is_present())
    if company_id is not None:
        statement = statement.where(Customer.company_id == company_id)
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


async def add_identity(work: Work, customer_id: UUID, body: NewIdentity) -> CustomerIdentity:
    """What is new about one that is there already, which is not an error, is that it was seen, and perhaps verified.

    Raises `CustomerNotFound`, or `IdentityConflict` for a strong one that somebody else has.
    """
    strong = body.kind if isinstance(body.kind, IdentityKind) else None
    named = [(strong, body.value)] if strong else []
    directory = await Directory.open(work, named, [customer_id], source=body.source, evidence=body.evidence)
    customer = directory.require(customer_id)
    if strong:
        directory.add_identity(customer, (strong, body.value), verified=body.verified, named_id=customer_id)
    await directory.save()
    mine = identities_of(work, customer.id).where(
        CustomerIdentity.kind == body.kind.value, CustomerIdentity.value == body.value
    )
    found: CustomerIdentity | None = await work.session.scalar(mine.limit(1))
    if found is None:
        found = CustomerIdentity(
            id=new_id(),
            account_id=work.account_id,
            customer_id=customer_id,
            created_at=work.now,
            last_seen_at=work.now,
            **body.model_dump(),
        )
        work.session.add(found)
        await work.session.flush()
        await work.session.refresh(found)
    await suggestions.look_for(work, customer.id)
    return found


async def remove_identity(work: Work, customer_id: UUID, identity_id: UUID) -> None:
    """Raises `CustomerNotFound`, `IdentityNotFound`, or `Unacceptable` for the last strong one."""
    directory = await Directory.open(work, customer_ids=[customer_id])
    customer = directory.require(customer_id)
    mine = identities_of(work, customer.id).where(CustomerIdentity.id == identity_id)
    found: CustomerIdentity | None = await work.session.scalar(mine)
    if found is None:
        raise IdentityNotFound
    if found.kind in list(IdentityKind):
        directory.drop_identity(customer, (IdentityKind(found.kind), found.value))
        await directory.save()
    else:
        await work.session.delete(found)


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


async def _put(directory: Directory, preparation: Preparation, body: NewCustomer) -> tuple[Customer, bool]:
    await join(directory, body.identities(), body.verified())
    match = directory.match(body.identities())
    changes = preparation.changes(body, match.customer if match else None)
    if match is None:
        return directory.create(changes, body.verified()), True
    directory.learn(match, changes, body.verified())
    return match.customer, False
