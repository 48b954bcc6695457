"""Opening, changing, resolving and reopening tickets."""

from typing import Any
from uuid import UUID

from services.tickets.cases import announcements
from services.tickets.cases.collisions import check_unchanged
from services.tickets.cases.desk import Desk
from services.tickets.cases.history import moment_of, record
from services.tickets.cases.models import Ticket
from services.tickets.cases.opening import Author, Opened, Opening, hold_counter, insert_tickets
from services.tickets.cases.repository import lock_ticket
from services.tickets.cases.schemas import NewTicket, Resolution, TicketPatch
from services.tickets.cases.states import ACTIVE, DONE, check_not_over, check_way
from services.tickets.causes import service as causes
from services.tickets.fields import service as fields
from services.tickets.loops import policies
from services.tickets.loops import service as loops
from services.tickets.people import service as people
from services.tickets.routing import queues
from services.tickets.routing.refusals import unknown_person
from services.tickets.satisfaction import service as satisfaction
from services.tickets.slas import service as slas
from services.tickets.slas.clock import Target
from services.tickets.snoozing import service as snoozing
from services.tickets.statuses import service as statuses
from services.tickets.teams import service as teams
from shared.contracts.tickets import TicketState
from shared.db.database import Database, driver_of
from shared.editing import differing
from shared.http.errors import AppError
from shared.ids import new_id
from shared.work import Work


async def open_by_hand(author: Author, body: NewTicket, desk: Desk, database: Database) -> tuple[Opening, Opened]:
    """A ticket that somebody asks for over the API. Raises `AlreadyFollowedUp`, or `Unacceptable` for the assignee or
    for fields."""
    values: dict[str, Any] = {}
    if body.fields:
        async with author.session(database) as session:
            values = await fields.changed(session, author.account_id, {}, body.fields)
    opening = Opening(
        author=author,
        ticket_id=new_id(),
        subject=body.subject,
        description=body.description or "",
        priority=body.priority,
        tags=body.tags,
        fields=values,
        channel=body.channel,
        origin_kind=author.actor.kind.value,
        assign="assignee_id" not in body.model_fields_set,
        team_id=body.team_id,
        assignee_id=body.assignee_id,
        customer_id=body.customer_id,
        feedback_id=body.feedback_id,
    )
    opened = await (open_ticket(author.work, opening) if author.work is not None else desk.submit(opening))
    if isinstance(opened, AppError):
        raise opened
    return opening, opened


async def open_ticket(work: Work, opening: Opening) -> Opened | AppError:
    """`AlreadyFollowedUp` if there is a ticket of the same request, or a living one of the same feedback."""
    connection = await driver_of(work.session)
    await hold_counter(connection, work.account_id)
    [opened] = await insert_tickets(connection, work.account_id, [opening])
    if isinstance(opened, Opened):
        for payload in announcements.opening_of(opening, opened):
            work.emit(payload, subject=opening.ticket_id)
    return opened


async def edit(
    work: Work, ticket_id: UUID, patch: TicketPatch, expected: int | None, *, reason: str | None = None
) -> Ticket:
    """Change what was sent. Raises `StaleVersion`, `TicketClosed`, `TicketMerged`, `NoWayThere` or `Unacceptable`."""
    ticket = await lock_ticket(work, ticket_id)
    await check_unchanged(work, ticket, expected)
    sent = patch.sent()
    state, status_id = await statuses.wanted(work, ticket, sent)
    if "fields" in sent:
        sent["fields"] = await fields.changed(work.session, work.account_id, ticket.fields, sent["fields"])
    wanted = differing(ticket, sent)
    check_way(ticket.state, state)
    if not wanted and (state, status_id) == (ticket.state, ticket.status_id):
        return ticket
    check_not_over(ticket.state)
    if wanted.get("team_id") is not None:
        await teams.require(work, wanted["team_id"])
        if "assignee_id" not in sent and not await teams.has_member(work, wanted["team_id"], ticket.assignee_id):
            wanted["assignee_id"] = None
    if wanted.get("assignee_id") is not None:
        await _check_assignee(work, wanted["assignee_id"])
        # Somebody has it now.
        state = "open" if state == "new" else state
    slas.settle(work, ticket)
    if state == ticket.state and status_id != ticket.status_id:
        wanted["status_id"] = status_id
    if wanted:
        await _set_fields(work, ticket, wanted)
    if state != ticket.state:
        await _move(work, ticket, state, reason, status_id=status_id)
    return ticket


async def resolve(work: Work, ticket_id: UUID, body: Resolution, expected: int | None) -> Ticket:
    """The work is done. A ticket that is resolved already stays so; what lay behind it may still be told."""
    ticket = await lock_ticket(work, ticket_id)
    await check_unchanged(work, ticket, expected)
    check_way(ticket.state, "resolved")
    found = differing(ticket, body.found())
    if found or ticket.state != "resolved":
        slas.settle(work, ticket)
    if found:
        await _set_fields(work, ticket, found)
    if ticket.state != "resolved":
        await _move(work, ticket, "resolved", body.reason, skip=body.satisfaction.skip if body.satisfaction else None)
    return ticket


async def reopen(work: Work, ticket_id: UUID, reason: str, expected: int | None) -> Ticket:
    """The work was not done after all. A ticket that is open stays as it is; a closed one raises `TicketClosed`."""
    ticket = await lock_ticket(work, ticket_id)
    await check_unchanged(work, ticket, expected)
    check_way(ticket.state, "open")
    if ticket.state != "open":
        slas.settle(work, ticket)
        await _move(work, ticket, "open", reason)
    return ticket


async def wake(work: Work, ticket: Ticket, reason: str) -> None:
    """The customer has the last word: they open what waits or is resolved, and even what people have closed. The ticket
    is locked, and its clocks are settled."""
    await _move(work, ticket, "open", reason)


async def leave_to_nobody(work: Work, ticket: Ticket) -> None:
    """Whoever had it does not have it any more. The ticket is locked, and its clocks are settled."""
    if ticket.assignee_id is not None:
        await _set_fields(work, ticket, {"assignee_id": None})


async def hand_to(work: Work, ticket: Ticket, person_id: UUID) -> None:
    """Somebody gets it, whoever had it. The ticket is locked, and they can be assigned."""
    slas.settle(work, ticket)
    await _set_fields(work, ticket, {"assignee_id": person_id})
    await take_up(work, ticket)


async def take_up(work: Work, ticket: Ticket) -> None:
    """Somebody answered, or has it now: it is new no longer. It is locked, and its clocks are settled."""
    if ticket.state == "new":
        await _move(work, ticket, "open", reason=None)


async def _set_fields(work: Work, ticket: Ticket, wanted: dict[str, Any]) -> None:
    changes = {name: (_as_json(getattr(ticket, name)), _as_json(value)) for name, value in wanted.items()}
    if "fields" in wanted:
        changes |= _each_field(*changes.pop("fields"))
    for name, value in wanted.items():
        setattr(ticket, name, value)
    if wanted.get("root_cause") is not None:
        await causes.check(work, wanted["root_cause"])
    if "priority" in wanted:
        await slas.apply_priority(work, ticket)
    record(work, ticket, "updated", changes=changes)
    if "fields" in wanted:
        await fields.check_complete(work, ticket)
    if "priority" in wanted:
        await slas.follow(work, ticket)
    await queues.keep_in_step(work, ticket, wanted)
    announcements.update(work, ticket, *wanted)


async def _move(
    work: Work,
    ticket: Ticket,
    state: TicketState,
    reason: str | None,
    *,
    status_id: UUID | None = None,
    skip: str | None = None,
) -> None:
    """To another state, with everything that hangs from it: clocks, loop, history, events. `skip`: why the customer is
    not to be asked how it was."""
    before, ticket.state = ticket.state, state
    await fields.check_complete(work, ticket)
    if state == "resolved":
        await policies.check_told(work, ticket)
    changes: dict[str, tuple[Any, Any]] = {"state": (before, state)}
    if status_id != ticket.status_id:
        changes["status_id"] = (_as_json(ticket.status_id), _as_json(status_id))
        ticket.status_id = status_id
    if skip is not None:
        changes["satisfaction"] = (None, f"skipped: {skip}")
    at = moment_of(work, ticket)
    reopened = before in DONE and state == "open"
    action = "reopened" if reopened else "resolved" if state == "resolved" else "updated"
    if state not in ACTIVE:
        await snoozing.forget(work, ticket)
    if state == "resolved":
        ticket.resolved_at = at
    elif reopened:
        ticket.resolved_at = None
        ticket.reopened_count += 1
    record(work, ticket, action, changes=changes, reason=reason)
    await queues.keep_in_step(work, ticket, changes)
    clocks = await slas.follow(work, ticket, met=(Target.RESOLUTION,) if state == "resolved" else ())
    if state == "resolved":
        asking = await satisfaction.for_ticket(work, ticket, skip)
        announcements.resolution(work, ticket, clocks[Target.RESOLUTION].elapsed, reason, asking)
        await loops.advance(work, ticket, "fixed", at)
    elif reopened:
        announcements.reopening(work, ticket, reason)
        await loops.start_over(work, ticket, at)
    else:
        announcements.update(work, ticket, "state")


async def _check_assignee(work: Work, person_id: UUID) -> None:
    if not await people.can_be_assigned(work, person_id):
        raise unknown_person()


def _each_field(before: dict[str, Any], after: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    return {
        f"fields.{key}": (before.get(key), after.get(key))
        for key in sorted(before.keys() | after.keys())
        if before.get(key) != after.get(key)
    }


def _as_json(value: Any) -> Any:
    return str(value) if isinstance(value, UUID) else value
