"""What Heed itself has to say to whoever works on a ticket."""

from uuid import UUID

from services.tickets.conversation.models import Message
from shared.ids import new_id
from shared.work import Work


def leave(work: Work, ticket_id: UUID, text: str) -> None:
    """An internal note."""
    note = Message(
        id=new_id(),
        account_id=work.account_id,
        ticket_id=ticket_id,
        internal=True,
        text=text,
        author=str(work.actor),
        author_name="Heed",
        created_at=work.now,
    )
    work.session.add(note)
