"""What the texts of macros can name, and filling it in. Nothing is sent with a gap in it."""

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any, Final
from uuid import UUID

from jinja2 import ChainableUndefined, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from pydantic import JsonValue
from sqlalchemy.ext.asyncio import AsyncSession

from services.tickets.accounts.models import Account
from services.tickets.cases.models import Ticket
from services.tickets.contacts.models import Contact
from services.tickets.fields.values import Value
from services.tickets.people import service as people
from shared.contracts.tickets import Priority, TicketState
from shared.expressions import templates
from shared.expressions.shapes import Schema, resolved
from shared.http.errors import FieldProblem, Unacceptable
from shared.http.schemas import Model
from shared.work import Work

LONGEST: Final = 20_000


class VariableMissing(Unacceptable):
    """The text names something that has no value here; `errors` says what. Nothing was sent or changed."""

    code = "missing_variable"


class TicketWords(Model):
    number: int
    subject: str
    priority: Priority
    state: TicketState
    channel: str
    opened_at: datetime
    fields: dict[str, Value]


class CustomerWords(Model):
    name: str | None
    first_name: str | None
    company: str | None
    locale: str | None
    attributes: dict[str, JsonValue]


class AgentWords(Model):
    """Whoever applies the macro; nothing of who is no person of the account."""

    name: str | None
    first_name: str | None


class BusinessWords(Model):
    name: str | None


class Words(Model):
    ticket: TicketWords
    customer: CustomerWords
    agent: AgentWords
    business: BusinessWords


@cache
def _shape() -> Schema:
    return resolved(Words.model_json_schema())


class _Gap(ChainableUndefined):
    """What has no value. Choosing by it is fine; writing it is noted."""

    def __str__(self) -> str:
        if isinstance(self._undefined_obj, _Part):
            self._undefined_obj._note(str(self._undefined_name))
        return ""


class _Part:
    """One of the variables: its fields, by dots only, and nothing of Python's own."""

    def __init__(self, path: str, values: Mapping[str, Any], missing: list[str]) -> None:
        self._path, self._values, self._missing = path, values, missing

    def __getitem__(self, name: str) -> Any:
        value = self._values[name]
        if value is None:
            raise KeyError(name)
        return _Part(f"{self._path}.{name}", value, self._missing) if isinstance(value, dict) else value

    def _note(self, name: str) -> None:
        self._missing.append(f"{self._path}.{name}")


@cache
def _environment() -> ImmutableSandboxedEnvironment:
    return templates.sandbox(autoescape=False, undefined=_Gap)


def check(text: str | None, *, pointer: str) -> None:
    """Raises `Unacceptable` naming the variable that does not exist, or what is not allowed."""
    if text is not None:
        templates.check(text, _shape(), _environment(), pointer=pointer)


def filled(text: str, words: Words, *, pointer: str) -> str:
    """Raises `VariableMissing` for every variable that is written and has no value."""
    missing: list[str] = []
    values = words.model_dump(mode="json")
    parts = {name: _Part(name, value, missing) for name, value in values.items()}
    try:
        written = _environment().from_string(text).render(parts).strip()
    except (TemplateError, TypeError, ValueError) as problem:
        raise Unacceptable.field(pointer, "render", f"This cannot be filled in: {problem}.") from None
    if missing:
        named = list(dict.fromkeys(missing))
        errors = tuple(FieldProblem(pointer, name, f"`{name}` has no value for this ticket.") for name in named)
        raise VariableMissing(f"Without a value for this ticket: {', '.join(named)}.", errors=errors)
    if not 0 < len(written) <= LONGEST:
        detail = f"Filled in, a text has 1 to {LONGEST} characters; this one has {len(written)}."
        raise Unacceptable.field(pointer, "length", detail)
    return written


async def words_of(work: Work, ticket: Ticket) -> Words:
    contact = await _contact(work.session, work.account_id, ticket.customer_id)
    facts: dict[str, Any] = contact.facts if contact is not None else {}
    account = await work.session.get(Account, work.account_id)
    name, agent = (contact.name if contact is not None else None), await people.name_of_actor(work, work.actor)
    return Words(
        ticket=TicketWords.model_validate(ticket),
        customer=CustomerWords(
            name=name,
            first_name=_first(name),
            company=facts.get("company"),
            locale=facts.get("locale"),
            attributes=facts.get("attributes") or {},
        ),
        agent=AgentWords(name=agent, first_name=_first(agent)),
        business=BusinessWords(name=account.name if account is not None else None),
    )


async def _contact(session: AsyncSession, account_id: UUID, customer_id: UUID | None) -> Contact | None:
    return await session.get(Contact, (account_id, customer_id)) if customer_id is not None else None


def _first(name: str | None) -> str | None:
    return name.split()[0] if name and name.strip() else None
