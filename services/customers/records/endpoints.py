"""`/v1/customers`: the account's customers, known by their own key, e-mail or phone."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from services.customers.merges.evidence import is_strong
from services.customers.records import service as customers
from services.customers.records.auth import CustomersRead, CustomersWrite
from services.customers.records.identities import IdentityKind
from services.customers.records.models import Customer, CustomerIdentity
from services.customers.records.schemas import (
    BulkOutcome,
    CustomerChanges,
    CustomerOut,
    Email,
    ExternalId,
    IdentityOut,
    ManyCustomers,
    NewCustomer,
    NewIdentity,
    Phone,
)
from shared.db.pagination import Page, PageQuery, paginate
from shared.http.dependencies import IfMatch, set_etag
from shared.http.routing import APIRouter

router = APIRouter(prefix="/v1/customers", tags=["customers"])

Search = Annotated[str, Query(min_length=1, max_length=200, description="Begin of a name, e-mail or external id.")]


@router.post("", status_code=201, responses={200: {"model": CustomerOut, "description": "Was known; is changed."}})
async def put_customer(body: NewCustomer, work: CustomersWrite, response: Response) -> CustomerOut:
    """Add a customer, or change the one who has this `external_id`, `email` or `phone`.

    201 if new, 200 if known. Fields that are left out stay as they are. If the identities belong to two customers, or a
    weaker one (e-mail, phone) to a customer with another stronger one, nothing changes and the answer is 409.
    """
    customer, created = await customers.upsert(work, body)
    if not created:
        response.status_code = 200
    set_etag(response, customer.version)
    return CustomerOut.model_validate(customer)


@router.post("/bulk")
async def put_customers(body: ManyCustomers, work: CustomersWrite) -> BulkOutcome:
    """Up to 1,000 customers, each as `POST /v1/customers` takes it, in order. Good ones are kept if others fail."""
    return await customers.upsert_all(work, body.customers)


@router.get("")
async def list_customers(
    work: CustomersRead,
    page: PageQuery,
    external_id: Annotated[ExternalId | None, Query()] = None,
    email: Annotated[Email | None, Query()] = None,
    phone: Annotated[Phone | None, Query()] = None,
    company_id: Annotated[UUID | None, Query()] = None,
    search: Search | None = None,
) -> Page[CustomerOut]:
    """Newest first."""
    wanted = {IdentityKind.EXTERNAL_ID: external_id, IdentityKind.EMAIL: email, IdentityKind.PHONE: phone}
    statement = customers.known_customers(work, identities=wanted, search=search, company_id=company_id)
    found = await paginate(work.session, statement, page, keys=(Customer.id.desc(),))
    return found.map(CustomerOut.model_validate)


@router.get("/{customer_id}")
async def read_customer(customer_id: UUID, work: CustomersRead, response: Response) -> CustomerOut:
    """One customer, with the `ETag` that a change may carry as `If-Match`."""
    customer = await customers.find(work, customer_id)
    set_etag(response, customer.version)
    return CustomerOut.model_validate(customer)


@router.patch("/{customer_id}")
async def edit_customer(
    customer_id: UUID, body: CustomerChanges, work: CustomersWrite, expected: IfMatch, response: Response
) -> CustomerOut:
    """Change what is sent, clear what is null; attributes are merged by name. An identity of somebody else is 409."""
    customer = await customers.edit(work, customer_id, body, expected)
    set_etag(response, customer.version)
    return CustomerOut.model_validate(customer)


@router.delete("/{customer_id}", status_code=204)
async def delete_customer(customer_id: UUID, work: CustomersWrite, expected: IfMatch) -> None:
    """Remove the record, its identities, activities, consents and timeline; the other services forget their copies.

    Answers, tickets and messages stay where they are, with an id that leads to nobody.
    """
    await customers.remove(work, customer_id, expected)


@router.get("/{customer_id}/identities")
async def list_identities(customer_id: UUID, work: CustomersRead, page: PageQuery) -> Page[IdentityOut]:
    """What the customer is recognised by and how that is known, by kind and value."""
    customer = await customers.find(work, customer_id)
    keys = (CustomerIdentity.kind.asc(), CustomerIdentity.value.asc(), CustomerIdentity.id.asc())
    found = await paginate(work.session, customers.identities_of(work, customer.id), page, keys=keys)
    return found.map(_identity)


@router.post("/{customer_id}/identities", status_code=201)
async def add_identity(customer_id: UUID, body: NewIdentity, work: CustomersWrite) -> IdentityOut:
    """One more way to recognise the customer. A strong one that somebody else has is 409; weak ones may be shared."""
    return _identity(await customers.add_identity(work, customer_id, body))


@router.delete("/{customer_id}/identities/{identity_id}", status_code=204)
async def remove_identity(customer_id: UUID, identity_id: UUID, work: CustomersWrite) -> None:
    """It leads to this customer no more, and may lead to another. The last strong one stays."""
    await customers.remove_identity(work, customer_id, identity_id)


def _identity(row: CustomerIdentity) -> IdentityOut:
    fields = {name: getattr(row, name) for name in IdentityOut.model_fields if name != "strength"}
    strong = row.kind in list(IdentityKind) and is_strong(IdentityKind(row.kind), verified=row.verified)
    return IdentityOut(**fields, strength="strong" if strong else "weak")
