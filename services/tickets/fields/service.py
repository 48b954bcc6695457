"""Defining fields, and holding tickets to them."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from sqlalchemy import any_, func, literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.tickets.cases.models import Ticket
from services.tickets.fields.models import TicketField
from services.tickets.fields.schemas import Choice, FieldPatch, NewField
from services.tickets.fields.values import WITH_CHOICES, Value, fit
from shared.editing import change, differing
from shared.http.dependencies import check_match
from shared.http.errors import Conflict, FieldProblem, NotFound, Unacceptable
from shared.ids import new_id
from shared.work import Work

MOST: Final = 100


class NoSuchField(NotFound):
    """There is no such field."""


class KeyTaken(Conflict):
    """There is a field of this key already."""

    code = "key_taken"


class FieldsMissing(Unacceptable):
    """A ticket cannot be in this state without the fields that `errors` names. Send their values along."""

    code = "fields_missing"


async def create(work: Work, body: NewField) -> TicketField:
    """Raises `KeyTaken`, or `Unacceptable` beyond the `MOST` of an account."""
    mine = TicketField.account_id == work.account_id
    if await work.session.scalar(select(TicketField.id).where(mine, TicketField.key == body.key)) is not None:
        raise KeyTaken
    if (await work.session.scalar(select(func.count()).where(mine)) or 0) >= MOST:
        raise Unacceptable(f"An account has at most {MOST} fields; delete one first.")
    field = TicketField(
        id=new_id(),
        account_id=work.account_id,
        key=body.key,
        kind=body.kind,
        label=body.label or body.key,
        choices=_stored(body.choices),
        required_in=list(body.required_in),
        position=body.position,
        version=1,
        created_at=work.now,
        updated_at=work.now,
    )
    work.session.add(field)
    await work.session.flush()
    return field


async def edit(work: Work, field_id: UUID, patch: FieldPatch, expected: int | None) -> TicketField:
    """Raises `NoSuchField`, `StaleVersion`, or `Unacceptable` for choices of what is none."""
    field = await find(work, field_id, lock=True)
    check_match(expected, field.version)
    if patch.choices is not None and (field.kind in WITH_CHOICES) != bool(patch.choices):
        detail = "A field of kind choice or choices has choices, the others have none."
        raise Unacceptable.field("/choices", "choices", detail)
    sent: dict[str, Any] = {name: getattr(patch, name) for name in patch.model_fields_set}
    if patch.choices is not None:
        sent["choices"] = _stored(patch.choices)
    if wanted := differing(field, sent):
        change(work, field, wanted)
        await work.session.flush()
    return field


async def delete(work: Work, field_id: UUID) -> None:
    """What tickets have in it they keep, and can only clear. Raises `NoSuchField`."""
    await work.session.delete(await find(work, field_id, lock=True))


async def find(work: Work, field_id: UUID, *, lock: bool = False) -> TicketField:
    """Raises `NoSuchField`."""
    statement = select(TicketField).where(TicketField.account_id == work.account_id, TicketField.id == field_id)
    field: TicketField | None = await work.session.scalar(statement.with_for_update() if lock else statement)
    if field is None:
        raise NoSuchField
    return field


async def changed(
    session: AsyncSession, account_id: UUID, present: Mapping[str, Value], sent: Mapping[str, Value | None]
) -> dict[str, Value]:
    """The values with those that were sent; null clears one. Raises `Unacceptable` for each that does not fit."""
    found = await session.scalars(
        select(TicketField).where(TicketField.account_id == account_id, TicketField.key.in_(sent))
    )
    fields = {field.key: field for field in found}
    values, problems = dict(present), []
    for key, value in sent.items():
        if value is None:
            values.pop(key, None)
            continue
        try:
            values[key] = _fitted(fields.get(key), value)
        except ValueError as problem:
            code = "misfit" if key in fields else "unknown_field"
            problems.append(FieldProblem(f"/fields/{key}", code, str(problem)))
    if problems:
        raise Unacceptable("Some fields do not fit; `errors` says which and why.", errors=tuple(problems))
    return values


async def check_complete(work: Work, ticket: Ticket) -> None:
    """Raises `FieldsMissing` if the ticket's state asks for more than it has."""
    demanding = (TicketField.account_id == work.account_id) & (literal(ticket.state) == any_(TicketField.required_in))
    wanted = await work.session.scalars(select(TicketField).where(demanding).order_by(TicketField.position))
    missing = [field for field in wanted if field.key not in ticket.fields]
    if missing:
        detail = f"A ticket cannot be {ticket.state} without: {', '.join(field.label for field in missing)}."
        errors = tuple(FieldProblem(f"/fields/{field.key}", "required", "is needed here") for field in missing)
        raise FieldsMissing(detail, errors=errors)


def _fitted(field: TicketField | None, value: Value) -> Value:
    if field is None:
        raise ValueError("is no field of yours; see /v1/ticket-fields")
    return fit(field.kind, [choice["value"] for choice in field.choices], value)


def _stored(choices: list[Choice]) -> list[dict[str, Any]]:
    return [{"value": choice.value, "label": choice.label or choice.value} for choice in choices]
