"""One draft for each ticket, which whoever is at it writes on. It is sent once, whoever presses the button."""

from uuid import UUID

from services.tickets.cases.repository import find_ticket, lock_ticket
from services.tickets.conversation import service as conversation
from services.tickets.conversation.models import Message
from services.tickets.conversation.schemas import NewMessage
from services.tickets.drafts.models import Draft
from services.tickets.drafts.schemas import Sending
from services.tickets.people import service as people
from shared.http.errors import Conflict, StaleVersion
from shared.work import Work


class DraftEmpty(Conflict):
    """There is nothing in this draft: nobody has begun one, or it has just been sent."""

    code = "draft_empty"


async def find(work: Work, ticket_id: UUID) -> Draft | None:
    """None if there never was one. Raises `NoSuchTicket`."""
    await find_ticket(work, ticket_id)
    return await work.session.get(Draft, ticket_id)


async def write(work: Work, ticket_id: UUID, text: str, expected: int | None) -> Draft:
    """Raises `NoSuchTicket`, or `StaleVersion` with who wrote since."""
    await lock_ticket(work, ticket_id)
    draft = await work.session.get(Draft, ticket_id)
    _check(draft, expected)
    if draft is None:
        draft = Draft(ticket_id=ticket_id, account_id=work.account_id, version=0)
        work.session.add(draft)
    draft.text = text
    draft.author = str(work.actor)
    draft.author_name = await people.name_of_author(work, draft.author)
    draft.version += 1
    draft.updated_at = work.now
    await work.session.flush()
    return draft


async def send(work: Work, ticket_id: UUID, body: Sending, expected: int | None) -> Message:
    """The draft becomes an answer, and is empty then: of two who send it the second raises `DraftEmpty`. Raises what
    `conversation.write` does."""
    await lock_ticket(work, ticket_id)
    draft = await work.session.get(Draft, ticket_id)
    _check(draft, expected)
    if draft is None or not draft.text.strip():
        raise DraftEmpty
    said = NewMessage(text=draft.text, **body.model_dump())
    await write(work, ticket_id, "", None)
    return await conversation.write(work, ticket_id, said)


def _check(draft: Draft | None, expected: int | None) -> None:
    """The version counts on through what is sent, so that an old one never fits a new draft."""
    if draft is not None and expected is not None and draft.version != expected:
        did = "wrote on" if draft.text else "sent or emptied"
        raise StaleVersion(f"{draft.author_name} {did} this draft at {draft.updated_at:%H:%M} UTC. Read it again.")
