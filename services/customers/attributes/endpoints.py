"""`/v1/attributes`: what the account's customers have, and of which kind it is."""

from uuid import UUID

from fastapi import Response
from sqlalchemy import select

from services.customers.attributes import service as attributes
from services.customers.attributes.models import AttributeDefinition
from services.customers.attributes.schemas import AttributeChanges, AttributeOut, Choice, NewAttribute
from services.customers.records.auth import CustomersRead, CustomersWrite
from shared.db.pagination import Page, PageQuery, paginate
from shared.http.dependencies import IfMatch, set_etag
from shared.http.routing import APIRouter
from shared.work import Work

router = APIRouter(prefix="/v1/attributes", tags=["attributes"])


@router.post("", status_code=201)
async def define_attribute(body: NewAttribute, work: CustomersWrite, response: Response) -> AttributeOut:
    """Say of which kind an attribute is. Attributes that nobody defines can hold text, numbers, true and false."""
    return await _counted(work, await attributes.define(work, body), response)


@router.get("")
async def list_attributes(work: CustomersRead, page: PageQuery) -> Page[AttributeOut]:
    """By name."""
    statement = select(AttributeDefinition).where(AttributeDefinition.account_id == work.account_id)
    keys = (AttributeDefinition.name.asc(),)
    return (await paginate(work.session, statement, page, keys=keys)).map(lambda row: _out(row, None))


@router.get("/{attribute_id}")
async def read_attribute(attribute_id: UUID, work: CustomersRead, response: Response) -> AttributeOut:
    """One definition, with the `ETag` that a change may carry as `If-Match`."""
    return await _counted(work, await attributes.find(work, attribute_id), response)


@router.patch("/{attribute_id}")
async def change_attribute(
    attribute_id: UUID, body: AttributeChanges, work: CustomersWrite, expected: IfMatch, response: Response
) -> AttributeOut:
    """Change its label, description or choices. Values that are no choice any more stay until they are next changed."""
    return await _counted(work, await attributes.change(work, attribute_id, body, expected), response)


@router.delete("/{attribute_id}", status_code=204)
async def delete_attribute(attribute_id: UUID, work: CustomersWrite, expected: IfMatch) -> None:
    """Values stay where they are, and can be anything again."""
    await attributes.remove(work, attribute_id, expected)


async def _counted(work: Work, row: AttributeDefinition, response: Response) -> AttributeOut:
    set_etag(response, row.version)
    return _out(row, await attributes.misfits(work, row))


def _out(row: AttributeDefinition, misfits: int | None) -> AttributeOut:
    fields = {name: getattr(row, name) for name in AttributeOut.model_fields.keys() - {"misfits", "choices"}}
    return AttributeOut(**fields, choices=[Choice(**choice) for choice in row.choices], misfits=misfits)
