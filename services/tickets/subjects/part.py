"""What tickets holds of a person, and what becomes of it."""

import json
from collections.abc import Collection
from uuid import UUID

from sqlalchemy import select

from services.tickets.attachments import service as attachments
from services.tickets.contacts.models import NOTHING, Contact
from services.tickets.db import Base
from shared.contracts.subjects import ErasureMode, RecordCount, TicketsPartDone
from shared.subjects.exports import exports_in
from shared.subjects.holdings import IDS, Holding
from shared.subjects.parts import Subjects
from shared.work import Work

EXPORTS = exports_in(Base.metadata)

_OF_TICKETS = (
    "row.ticket_id in (select id from tickets.tickets where account_id = :account_id "
    f"and (customer_id = {IDS} or origin_customer_id = {IDS}))"
)

_UNTAGGED = "decision = decision || jsonb_build_object('tags', '[]'::jsonb)"
# With blanks after the colons: `:null` would be a parameter of the statement.
_EMPTIED = f"name = null, external_id = null, facts = '{json.dumps(NOTHING)}'"

_OF_CONVERSATIONS = (
    "row.conversation_id in (select id from tickets.conversations where account_id = :account_id "
    f"and (customer_id = {IDS} or origin_customer_id = {IDS}))"
)

_LINKED_TICKETS = f"(row.kind = 'ticket' and {_OF_TICKETS.replace('row.ticket_id', 'row.target_id')})"
_LINKED_FEEDBACK = (
    "(row.kind = 'feedback' and row.target_id in (select feedback_id from tickets.feedback "
    f"where account_id = :account_id and (customer_id = {IDS} or origin_customer_id = {IDS})))"
)

HOLDINGS = (
    # Who was weighed for a ticket is about colleagues; what it was asked with is as personal as the ticket's own tags.
    Holding("assignments", "tickets.assignments", _OF_TICKETS, pseudonym=_UNTAGGED, names=None),
    Holding(
        "links to problems",
        "tickets.problem_links",
        f"({_LINKED_TICKETS} or {_LINKED_FEEDBACK})",
        exported=False,
        names=None,
    ),
    Holding(
        "tellings of improvements",
        "tickets.tellings",
        f"(row.customer_id = {IDS} or row.origin_customer_id = {IDS} or row.recipient_id = {IDS})",
        pseudonym="customer_id = null, origin_customer_id = null, recipient_id = id",
    ),
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
    Holding("files", "tickets.message_attachments", _OF_TICKETS, erasable=False, names=None),
    Holding("messages", "tickets.messages", _OF_TICKETS),
    Holding(
        "messages that wait for a ticket",
        "tickets.heard",
        f"(row.customer_id = {IDS} or {_OF_TICKETS})",
        names="message_id",
    ),
    Holding(
        "what was said to the assistant",
        "tickets.conversation_lines",
        _OF_CONVERSATIONS,
        pseudonym="text = '', name = null",
        names=None,
    ),
    Holding("handoffs", "tickets.handoffs", _OF_CONVERSATIONS, pseudonym="tried = '[]'", names=None),
    Holding(
        "conversations with the assistant",
        "tickets.conversations",
        pseudonym="customer_id = null, origin_customer_id = null, name = null",
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
            "fields = '{}', corrective_action = null, feedback = null"
        ),
    ),
    Holding(
        "feedback that tickets know of",
        "tickets.feedback",
        pseudonym="customer_id = null, origin_customer_id = null, topics = '{}'",
        names="feedback_id",
    ),
    Holding("purchases and cancellations that tickets know of", "tickets.activities", names="activity_id"),
    Holding(
        "contacts",
        "tickets.contacts",
        f"row.id = {IDS}",
        emptied=_EMPTIED,
        left="(row.name is not null or row.external_id is not null)",
    ),
)


async def erase_files(work: Work, ids: Collection[UUID], mode: ErasureMode) -> list[RecordCount]:
    """They may show who it was, so they go in either mode."""
    count = await attachments.delete_of(work, ids)
    return [RecordCount(kind="files", treatment="deleted", count=count)] if count else []


async def version_of(work: Work, customer_id: UUID) -> int | None:
    """That of the local copy."""
    mine = (Contact.account_id == work.account_id, Contact.id == customer_id)
    return await work.session.scalar(select(Contact.version).where(*mine))


SUBJECTS = Subjects(
    service="tickets",
    table=EXPORTS,
    holdings=HOLDINGS,
    done=lambda part: TicketsPartDone(part=part),
    first=erase_files,
    version=version_of,
)
