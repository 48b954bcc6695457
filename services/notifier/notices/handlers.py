"""What people of the account are told because something waits for them."""

from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID, uuid5

from sqlalchemy import ColumnElement, Text, cast, or_, select, true
from sqlalchemy.dialects.postgresql import insert

from services.notifier.accounts.service import account_of
from services.notifier.notices import alerts
from services.notifier.notices.delivery import KIND
from services.notifier.notices.models import Colleague, Notice
from services.notifier.notices.sources import mail_about
from services.notifier.templates.rendering import one_line
from services.notifier.webhooks.models import WebhookEndpoint
from shared.bus.events import Event
from shared.contracts.base import ActorKind
from shared.contracts.conversations import HandoffEscalated
from shared.contracts.gateway import UserAdded, UserRemoved, UserUpdated
from shared.contracts.metrics import AlertRaised, NumbersDiffer
from shared.contracts.notifier import WebhookEndpointDisabled
from shared.contracts.sources import SourceTroubled
from shared.contracts.tickets import (
    CustomerWrote,
    LoopOverdue,
    LoopStage,
    PeopleMentioned,
    TicketEscalated,
    TicketUnassignedTooLong,
)
from shared.dispatch import queue
from shared.ids import new_id
from shared.work import Work

_OWNER: Final = "owner"
_WAITS: Final[dict[LoopStage, str]] = {
    "needs_follow_up": "has waited for somebody to get in touch",
    "contacted": "has waited to be fixed",
    "fixed": "has waited for the customer to confirm it",
    "confirmed": "has waited to be measured again",
    "re_measured": "has waited",
}
_REMEDIES: Final[dict[LoopStage, str]] = {
    "needs_follow_up": "Answer the customer, or say that somebody spoke with them.",
    "contacted": "Resolve the ticket, or tell the customer what it waits for.",
    "fixed": "Ask the customer whether it is solved.",
    "confirmed": "Ask the customer again how it was.",
    "re_measured": "Look at it.",
}


async def meet(work: Work, event: Event[UserAdded]) -> None:
    await _remember(work, event, event.data.email, event.data.role)


async def hear_of(work: Work, event: Event[UserUpdated]) -> None:
    await _remember(work, event, event.data.email, event.data.role)


async def part_with(work: Work, event: Event[UserRemoved]) -> None:
    await _remember(work, event, None, None)


async def source_in_trouble(work: Work, event: Event[SourceTroubled]) -> None:
    """Told once: the event itself comes once for each trouble."""
    subject, text = mail_about(event.data, (await account_of(work)).locale)
    await _tell(work, Colleague.role == _OWNER, subject, text)


async def numbers_differ(work: Work, event: Event[NumbersDiffer]) -> None:
    """Every night until they are right: a number that is wrong must not be trusted quietly."""
    found = event.data
    text = (
        f"Last night all numbers were counted again. {found.cells} sums of scores and {found.tickets} tickets were "
        "not what they should be, so answers of /v1/metrics may be wrong.\n\n"
        "What to do: count the scores again (POST /v1/metrics/rebuild), and tell whoever runs your Heed; it is a "
        "defect.\n"
    )
    await _tell(work, Colleague.role == _OWNER, "Some numbers are wrong", text)


async def webhook_disabled(work: Work, event: Event[WebhookEndpointDisabled]) -> None:
    """The owners hear of it: from now on a partner misses everything."""
    endpoint = await work.session.get(WebhookEndpoint, event.data.endpoint_id)
    if endpoint is None or endpoint.enabled:
        return
    called = f" \u201c{one_line(endpoint.description)}\u201d" if endpoint.description else ""
    # A little before: the first event that failed was made before it failed.
    since = (endpoint.failing_since or event.data.disabled_at) - timedelta(hours=1)
    text = (
        f"Heed has stopped sending events to the webhook endpoint{called} at {urlsplit(endpoint.url).hostname}: "
        f"{event.data.reason}.\n\n"
        "What to do: Have the receiver repaired, switch the endpoint on (PATCH /v1/webhook-endpoints/"
        f'{endpoint.id} with {{"enabled": true}}), and have what it missed sent (POST /v1/webhook-endpoints/'
        f'{endpoint.id}/redeliver with {{"since": "{since:%Y-%m-%dT%H:%M:%SZ}", "only_undelivered": true}}).\n\n'
        "This is the only mail about it.\n"
    )
    await _tell(work, Colleague.role == _OWNER, "A webhook endpoint was switched off", text)


async def alert_raised(work: Work, event: Event[AlertRaised]) -> None:
    """Whose alert it is hears of it, or the owners if it is nobody's."""
    subject, text = alerts.mail_about(event.data, (await account_of(work)).locale)
    await _tell(work, await _in_charge(work, event.data.owner_id), subject, text)


async def loop_overdue(work: Work, event: Event[LoopOverdue]) -> None:
    """Whoever has the ticket hears of it, and who can give it to somebody else: the lead of its team, or the owners."""
    loop = event.data
    subject = one_line(loop.subject)
    text = (
        f"Ticket #{loop.number} \u201c{subject}\u201d came from what a customer said, and {_WAITS[loop.stage]} since "
        f"{loop.since:%Y-%m-%d %H:%M} UTC. It was to go on by {loop.due_at:%Y-%m-%d %H:%M} UTC.\n\n"
        f"What to do: {_REMEDIES[loop.stage]}\n\n"
        "This is the only mail about it in this stage.\n"
    )
    who = or_(await _in_charge(work, loop.lead_id), Colleague.user_id == loop.assignee_id)
    await _tell(work, who, f"#{loop.number} {_WAITS[loop.stage]}", text)


async def ticket_unassigned(work: Work, event: Event[TicketUnassignedTooLong]) -> None:
    """The lead of its team hears of it; the owners, if there is none."""
    ticket = event.data
    of_team = f" of the team \u201c{one_line(ticket.team_name)}\u201d" if ticket.team_name else ""
    text = (
        f"Nobody has ticket #{ticket.number} \u201c{one_line(ticket.subject)}\u201d{of_team} since "
        f"{ticket.queued_at:%Y-%m-%d %H:%M} UTC. Its priority is {ticket.priority}, and it may wait for "
        f"{ticket.allowed_seconds // 60} minutes.\n\n"
        f"What to do: Give it to somebody. GET /v1/tickets/{ticket.ticket_id}/assignment says why nobody got it.\n\n"
        "This is the only mail about it while it waits.\n"
    )
    who = await _in_charge(work, ticket.lead_id)
    await _tell(work, who, f"Nobody has ticket #{ticket.number}", text)


async def people_mentioned(work: Work, event: Event[PeopleMentioned]) -> None:
    """Whom a note names. What it says is for those who may read the ticket, so the mail does not."""
    note = event.data
    text = (
        f"{one_line(note.author_name)} mentioned you in a note at ticket #{note.number} "
        f"\u201c{one_line(note.subject)}\u201d. You watch it from now on.\n\n"
        f"What to do: Read it. {_conversation(note.ticket_id)}\n"
    )
    who = Colleague.user_id.in_(note.user_ids) & _not_the_author(event)
    await _tell(work, who, f"{one_line(note.author_name)} mentioned you at #{note.number}", text)


async def ticket_escalated(work: Work, event: Event[TicketEscalated]) -> None:
    """Whoever has it hears of it, the lead of its team and who watches it; the owners, if that leaves nobody."""
    ticket = event.data
    author = one_line(ticket.author_name or "Somebody")
    text = (
        f"{author} says that ticket #{ticket.number} \u201c{one_line(ticket.subject)}\u201d needs more than it gets: "
        f"{one_line(ticket.reason)}\n\n"
        f"Its priority is {ticket.priority} now.\n\n"
        f"What to do: Look at it. {_conversation(ticket.ticket_id)}\n"
    )
    concerned = {ticket.assignee_id, ticket.lead_id, *ticket.watcher_ids} - {None}
    who = Colleague.user_id.in_(concerned) & _not_the_author(event)
    reached = select(Colleague.user_id).where(
        Colleague.account_id == work.account_id, Colleague.email.is_not(None), who
    )
    if await work.session.scalar(reached.limit(1)) is None:
        who = (Colleague.role == _OWNER) & _not_the_author(event)
    await _tell(work, who, f"#{ticket.number} was escalated", text)


async def customer_wrote(work: Work, event: Event[CustomerWrote]) -> None:
    """Who watches the ticket hears of it, unless a machine wrote. What was written is not sent about."""
    wrote = event.data
    if wrote.automatic is not None or not wrote.watcher_ids:
        return
    called = f" \u201c{one_line(wrote.subject)}\u201d" if wrote.subject else ""
    text = (
        f"There is a new message of the customer at ticket #{wrote.number}{called}, which you watch.\n\n"
        f"What to do: Read it. {_conversation(wrote.ticket_id)}\n"
        f"DELETE /v1/tickets/{wrote.ticket_id}/watchers/{{your id}} ends these mails.\n"
    )
    await _tell(work, Colleague.user_id.in_(wrote.watcher_ids), f"The customer wrote at #{wrote.number}", text)


def _conversation(ticket_id: UUID) -> str:
    return f"GET /v1/tickets/{ticket_id}/messages has what was said."


def _not_the_author(event: Event[Any]) -> ColumnElement[bool]:
    """Nobody needs a mail about what they did themselves."""
    actor = event.actor
    return cast(Colleague.user_id, Text) != actor.id if actor.kind is ActorKind.HUMAN else true()


async def _in_charge(work: Work, lead_id: UUID | None) -> ColumnElement[bool]:
    lead = await work.session.get(Colleague, (work.account_id, lead_id)) if lead_id is not None else None
    return Colleague.role == _OWNER if lead is None or lead.email is None else Colleague.user_id == lead.user_id


async def handoff_escalated(work: Work, event: Event[HandoffEscalated]) -> None:
    """Whoever has it now, or the owners if nobody is left who could."""
    handoff = event.data
    text = (
        "The assistant gave a customer to a person, and nobody answered by the time that the customer was told.\n\n"
        f"What to do: Answer them: GET /v1/tickets/{handoff.ticket_id}/messages has all that was said.\n\n"
    )
    if handoff.due_at is not None:
        text += f"They were told now: by {handoff.due_at:%Y-%m-%d %H:%M} UTC. Then somebody else gets it.\n"
    else:
        text += "Nobody is left in the chain of PUT /v1/assistant, so this is the last mail about it.\n"
    who = Colleague.user_id == handoff.assignee_id if handoff.assignee_id else Colleague.role == _OWNER
    await _tell(work, who, "A customer waits for a person", text)


async def _tell(work: Work, who: ColumnElement[bool], subject: str, text: str) -> None:
    """One mail to each of them."""
    readers = select(Colleague.user_id).where(Colleague.account_id == work.account_id, who)
    notices = [
        Notice(
            id=new_id(),
            account_id=work.account_id,
            user_id=user_id,
            subject=subject,
            text=text,
            state="queued",
            created_at=work.now,
        )
        for user_id in await work.session.scalars(readers)
    ]
    work.session.add_all(notices)
    await work.session.flush()
    lane = uuid5(work.account_id, KIND)
    await queue.enqueue(work, KIND, [(notice.id, lane) for notice in notices])


async def _remember(work: Work, event: Event[Any], email: str | None, role: str | None) -> None:
    """News may overtake each other: the highest version counts, also of somebody who is gone."""
    values = {"email": email, "role": role, "version": event.aggregate_version}
    statement = insert(Colleague).values(account_id=work.account_id, user_id=event.data.user_id, **values)
    newer = Colleague.version < statement.excluded.version
    keys = ["account_id", "user_id"]
    await work.session.execute(statement.on_conflict_do_update(index_elements=keys, set_=values, where=newer))
