"""`/v1/companies`: whom customers work for."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from services.customers.companies import service as companies
from services.customers.companies.models import Company
from services.customers.companies.schemas import CompanyChanges, CompanyOut, Domain, NewCompany
from services.customers.records.auth import CustomersRead, CustomersWrite
from shared.db.pagination import Page, PageQuery, paginate
from shared.http.dependencies import IfMatch, set_etag
from shared.http.routing import APIRouter

router = APIRouter(prefix="/v1/companies", tags=["companies"])

Search = Annotated[str, Query(min_length=1, max_length=200, description="Begin of the name.")]


@router.post("", status_code=201)
async def add_company(body: NewCompany, work: CustomersWrite, response: Response) -> CompanyOut:
    """Add a company. One that a customer's record names is added by itself."""
    return _out(await companies.add(work, body), response)


@router.get("")
async def list_companies(
    work: CustomersRead,
    page: PageQuery,
    domain: Annotated[Domain | None, Query()] = None,
    search: Search | None = None,
) -> Page[CompanyOut]:
    """By name, without upper and lower case. `GET /v1/customers?company_id=` lists whom it has."""
    statement = companies.companies(work, domain=domain, search=search)
    found = await paginate(work.session, statement, page, keys=(Company.name_key.asc(),))
    return found.map(CompanyOut.model_validate)


@router.get("/{company_id}")
async def read_company(company_id: UUID, work: CustomersRead, response: Response) -> CompanyOut:
    """One company, with the `ETag` that a change may carry as `If-Match`."""
    return _out(await companies.find(work, company_id), response)


@router.patch("/{company_id}")
async def change_company(
    company_id: UUID, body: CompanyChanges, work: CustomersWrite, expected: IfMatch, response: Response
) -> CompanyOut:
    """Change its name or domain. The records of its customers follow a new name within seconds."""
    return _out(await companies.change(work, company_id, body, expected), response)


@router.delete("/{company_id}", status_code=204)
async def delete_company(company_id: UUID, work: CustomersWrite, expected: IfMatch) -> None:
    """Remove the company. Its customers stay, and within seconds belong to none."""
    await companies.remove(work, company_id, expected)


def _out(row: Company, response: Response) -> CompanyOut:
    set_etag(response, row.version)
    return CompanyOut.model_validate(row)
