"""What tickets holds of a person, and what becomes of it."""

from uuid import UUID

from sqlalchemy import select

from services.tickets.contacts.models import Contact
from services.tickets.db import Base
from shared.contracts.subjects import TicketsPartDone
from shared.subjects.exports import exports_in
from shared.subjects.holdings import IDS, Holding
from shared.subjects.parts import Subjects
from shared.work import Work

EXPORTS = exports_in(Base.metadata)

_OF_TICKETS = (
    "row.ticket_id in (select id from tickets.tickets where account_id = :account_id "
    f"and (customer_id = {IDS} or origin_customer_id = {IDS}))"
)

HOLDINGS = (
    Holding("drafts", "tickets.drafts", _OF_TICKETS, names=None),
    Holding(
        "links",
        "tickets.ticket_links",
        f"({_OF_TICKETS} or {_OF_TICKETS.replace('ticket_id', 'other_id')})",
        exported=False,
        names=None,
    ),
    Holding("words", "tickets.ticket_texts", _OF_TICKETS, exported=False, names=None),
    Holding("watchers", "tickets.watchers", _OF_TICKETS, exported=False, names=None),
    Holding("presences", "tickets.presences", _OF_TICKETS, exported=False, names=None),
    Holding("messages", "tickets.messages", _OF_TICKETS),
    Holding(
        "messages that wait for a ticket",
        "tickets.heard",
        f"(row.customer_id = {IDS} or {_OF_TICKETS})",
        names="message_id",
    ),
    # Times and states stay: response times are computed from them.
    Holding("history", "tickets.history", _OF_TICKETS, pseudonym="changes = '{}', reason = null", names=None),
    Holding(
        "loops",
        "tickets.loops",
        f"(row.customer_id = {IDS} or row.origin_customer_id = {IDS} or {_OF_TICKETS})",
        pseudonym="customer_id = null, origin_customer_id = null",
        names=None,
    ),
    Holding(
        "tickets",
        "tickets.tickets",
        pseudonym=(
            "customer_id = null, origin_customer_id = null, subject = 'Erased', description = '', tags = '{}', "
            "fields = '{}', corrective_action = null"
        ),
    ),
    Holding(
        "feedback that tickets know of",
        "tickets.feedback",
        pseudonym="customer_id = null, origin_customer_id = null, topics = '{}'",
        names="feedback_id",
    ),
    Holding("contacts", "tickets.contacts", f"row.id = {IDS}", emptied="name = null", left="row.name is not null"),
)


async def version_of(work: Work, customer_id: UUID) -> int | None:
    """That of the local copy."""
    mine = (Contact.account_id == work.account_id, Contact.id == customer_id)
    return await work.session.scalar(select(Contact.version).where(*mine))


SUBJECTS = Subjects(
    service="tickets",
    table=EXPORTS,
    holdings=HOLDINGS,
    done=lambda part: TicketsPartDone(part=part),
    version=version_of,
)
