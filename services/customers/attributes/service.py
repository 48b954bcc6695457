"""Defining attributes, and finding the definitions that values have to fit."""

from uuid import UUID

from sqlalchemy import select, text

from services.customers.attributes.fitting import Definitions
from services.customers.attributes.models import AttributeDefinition
from services.customers.attributes.schemas import AttributeChanges, AttributeKind, Choice, NewAttribute
from services.customers.records.schemas import MOST_ATTRIBUTES
from shared.http.dependencies import check_match
from shared.http.errors import Conflict, NotFound, Unacceptable
from shared.ids import new_id
from shared.work import Work

_IS_DAY = "attributes ->> :name ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}$'"
_IS_MOMENT = "attributes ->> :name ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}T.*([Zz]|[+-][0-9]{2}:?[0-9]{2})$'"
_FITS = {
    AttributeKind.TEXT: "jsonb_typeof(attributes -> :name) = 'string'",
    AttributeKind.NUMBER: "jsonb_typeof(attributes -> :name) = 'number'",
    AttributeKind.BOOLEAN: "jsonb_typeof(attributes -> :name) = 'boolean'",
    AttributeKind.DATE: f"jsonb_typeof(attributes -> :name) = 'string' and {_IS_DAY}",
    AttributeKind.TIME: f"jsonb_typeof(attributes -> :name) = 'string' and {_IS_MOMENT}",
    AttributeKind.CHOICE: "attributes ->> :name = any(cast(:choices as text[]))",
}


class AttributeNotFound(NotFound):
    """There is no such attribute here."""

    code = "attribute_not_found"


class AttributeExists(Conflict):
    """An attribute of this name is defined already."""

    code = "attribute_exists"


async def define(work: Work, body: NewAttribute) -> AttributeDefinition:
    """Raises `AttributeExists`, or `Unacceptable` if there are as many as a customer can have."""
    defined = await definitions_of(work)
    if body.name in defined:
        raise AttributeExists
    if len(defined) >= MOST_ATTRIBUTES:
        raise Unacceptable.field("/name", "too_many", f"An account defines at most {MOST_ATTRIBUTES} attributes.")
    definition = AttributeDefinition(
        id=new_id(),
        account_id=work.account_id,
        name=body.name,
        kind=body.kind.value,
        label=body.label or body.name,
        description=body.description,
        choices=_stored(body.choices),
        version=1,
        created_at=work.now,
        updated_at=work.now,
    )
    work.session.add(definition)
    await work.session.flush()
    return definition


async def change(work: Work, attribute_id: UUID, body: AttributeChanges, expected: int | None) -> AttributeDefinition:
    """Raises `AttributeNotFound`, `StaleVersion`, or `Unacceptable` for choices of what is none."""
    definition = await find(work, attribute_id, for_update=True)
    check_match(expected, definition.version)
    if body.choices is not None:
        if (definition.kind == AttributeKind.CHOICE) != bool(body.choices):
            detail = "An attribute of kind choice has choices, the others have none."
            raise Unacceptable.field("/choices", "choices", detail)
        definition.choices = _stored(body.choices)
    if "label" in body.model_fields_set:
        definition.label = body.label or definition.name
    if "description" in body.model_fields_set:
        definition.description = body.description
    definition.version += 1
    definition.updated_at = work.now
    return definition


async def remove(work: Work, attribute_id: UUID, expected: int | None) -> None:
    """Values stay, and can be anything again. Raises `AttributeNotFound` or `StaleVersion`."""
    definition = await find(work, attribute_id, for_update=True)
    check_match(expected, definition.version)
    await work.session.delete(definition)


async def find(work: Work, attribute_id: UUID, *, for_update: bool = False) -> AttributeDefinition:
    """Raises `AttributeNotFound`."""
    mine = select(AttributeDefinition).where(
        AttributeDefinition.account_id == work.account_id, AttributeDefinition.id == attribute_id
    )
    found: AttributeDefinition | None = await work.session.scalar(mine.with_for_update() if for_update else mine)
    if found is None:
        raise AttributeNotFound
    return found


async def definitions_of(work: Work) -> Definitions:
    """All of the account's, by name."""
    rows = await work.session.scalars(
        select(AttributeDefinition).where(AttributeDefinition.account_id == work.account_id)
    )
    return {row.name: row for row in rows}


async def misfits(work: Work, definition: AttributeDefinition) -> int:
    """How many customers have a value that is not of the attribute's kind, because it came before the definition."""
    statement = text(
        f"""
        select count(*) from customers.customers
        where account_id = :account_id and deleted_at is null and merged_into_id is null
            and jsonb_exists(attributes, :name) and not ({_FITS[AttributeKind(definition.kind)]})
        """
    )
    values = {"account_id": work.account_id, "name": definition.name}
    if definition.kind == AttributeKind.CHOICE:
        values["choices"] = [choice["value"] for choice in definition.choices]
    found: int = (await work.session.execute(statement, values)).scalar_one()
    return found


def _stored(choices: list[Choice]) -> list[dict[str, str]]:
    return [{"value": choice.value, "label": choice.label or choice.value} for choice in choices]
