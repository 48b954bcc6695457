"""Applying macros: to each ticket all of it or nothing, and to each on its own."""

from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from services.tickets.bulk import service as bulk
from services.tickets.bulk.schemas import BulkOut
from services.tickets.cases.models import Ticket
from services.tickets.cases.repository import find_ticket, lock_ticket
from services.tickets.cases.schemas import TicketPatch
from services.tickets.conversation import service as conversation
from services.tickets.conversation.schemas import NewMessage
from services.tickets.macros import variables
from services.tickets.macros.models import Macro
from services.tickets.macros.schemas import Actions, Application, Preview
from services.tickets.macros.variables import VariableMissing, Words
from services.tickets.people import service as people
from services.tickets.snoozing import service as snoozing
from services.tickets.snoozing.schemas import Snooze
from shared.contracts.tickets import MacroApplied
from shared.http.errors import AppError, Unacceptable
from shared.work import Work

_SHOWN: Final = (
    "subject", "description", "state", "status_id", "priority", "team_id", "assignee_id", "tags", "fields",
    "snoozed_until",
)  # fmt: skip


async def apply(work: Work, macro: Macro, body: Application) -> BulkOut:
    """What cannot be done to one ticket does not keep the others from it."""

    async def one(ticket_id: UUID) -> Ticket:
        return await _apply(work, macro, ticket_id, body.seen_version)

    return await bulk.each(work, body.ticket_ids, one)


async def preview(work: Work, macro: Macro, ticket_id: UUID) -> Preview:
    """Done, looked at, and taken back. Raises `NoSuchTicket`."""
    ticket = await find_ticket(work, ticket_id)
    actions, words, missing = Actions.model_validate(macro.actions), await variables.words_of(work, ticket), []
    texts: dict[str, str | None] = {}
    for name in ("reply", "note"):
        try:
            texts[name] = _text(getattr(actions, name), words, name)
        except VariableMissing as gap:
            texts[name] = None
            missing += [problem.code for problem in gap.errors]
        except Unacceptable as misfit:
            return Preview(reply=None, note=None, changes={}, missing=[], problem=misfit.detail)
    before, changes, problem = _state(ticket), {}, None
    try:
        async with work.rehearsal():
            if not missing:
                after = _state(await _apply(work, macro, ticket_id, None))
                changes = {name: (before[name], after[name]) for name in _SHOWN if before[name] != after[name]}
    except AppError as error:
        problem = error.detail
    return Preview(
        reply=texts["reply"],
        note=texts["note"],
        changes=changes,
        missing=list(dict.fromkeys(missing)),
        problem=problem,
    )


async def _apply(work: Work, macro: Macro, ticket_id: UUID, seen_version: int | None) -> Ticket:
    """Raises whatever one of its parts raises, and `VariableMissing`."""
    actions = Actions.model_validate(macro.actions)
    ticket = await lock_ticket(work, ticket_id)
    words = await variables.words_of(work, ticket)
    reply, note = _text(actions.reply, words, "reply"), _text(actions.note, words, "note")
    if reply is not None:
        await conversation.write(work, ticket_id, NewMessage(text=reply, seen_version=seen_version))
    if note is not None:
        await conversation.write(work, ticket_id, NewMessage(text=note, internal=True))
    patch = _patch(work, actions)
    if patch.model_fields_set or actions.add_tags or actions.remove_tags:
        tags = {"add_tags": actions.add_tags, "remove_tags": actions.remove_tags}
        await bulk.change_one(work, ticket_id, patch, **tags, reason=actions.reason)
    if actions.snooze_seconds is not None:
        until = work.now + timedelta(seconds=actions.snooze_seconds)
        await snoozing.snooze(work, ticket_id, Snooze(until=until, reason=actions.reason), None)
    applied = MacroApplied(
        macro_id=macro.id,
        name=macro.name,
        ticket_id=ticket.id,
        number=ticket.number,
        subject=ticket.subject,
        state=ticket.state,
        assignee_id=ticket.assignee_id,
        team_id=ticket.team_id,
        applied_by=people.person_behind(work.actor),
        customer_id=ticket.customer_id,
        origin_customer_id=ticket.origin_customer_id,
        thread_id=ticket.thread_id,
    )
    work.emit(applied, subject=ticket.id, version=ticket.version)
    await work.session.flush()
    return ticket


def _text(template: str | None, words: Words, name: str) -> str | None:
    return variables.filled(template, words, pointer=f"/actions/{name}") if template is not None else None


def _patch(work: Work, actions: Actions) -> TicketPatch:
    sent = {name: getattr(actions.changes, name) for name in actions.changes.model_fields_set}
    if actions.assign_to_me:
        me = people.person_behind(work.actor)
        if me is None:
            detail = "`assign_to_me` is for people; a program has no tickets."
            raise Unacceptable.field("/actions/assign_to_me", "nobody", detail)
        sent["assignee_id"] = me
    return TicketPatch(**sent)


def _state(ticket: Ticket) -> dict[str, Any]:
    return {name: _plain(getattr(ticket, name)) for name in _SHOWN}


def _plain(value: Any) -> Any:
    """As it is shown, and apart from the ticket, which changes."""
    if isinstance(value, list | dict):
        return value.copy()
    return value
