"""What the notifier holds of a person, and what becomes of it."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import select, text

from services.notifier.contacts.models import Contact
from services.notifier.db import Base
from services.notifier.subjects import log
from shared.contracts.subjects import ErasureMode, NotifierPartDone, RecordCount
from shared.subjects.exports import exports_in
from shared.subjects.holdings import IDS, Holding
from shared.subjects.parts import Subjects
from shared.work import Work

EXPORTS = exports_in(Base.metadata)

_THEIRS = f"account_id = :account_id and (customer_id = {IDS} or origin_customer_id = {IDS})"
_POSTS = f"(select id from notifier.slack_posts where account_id = :account_id and customer_id = {IDS})"
_MESSAGES = f"(select id from notifier.messages where {_THEIRS})"

# The addresses that they were written at; whoever took part in a conversation has no other name here.
_ADDRESSES = (
    f"(select email from notifier.contacts where account_id = :account_id and customer_id = {IDS} "
    "and email is not null "
    f"union select recipient from notifier.messages where {_THEIRS} and recipient is not null)"
)
_THREADS = (
    "select thread_id from notifier.mail_threads where account_id = :account_id "
    f"and (address in {_ADDRESSES} or copies && array{_ADDRESSES})"
)

HOLDINGS = (
    Holding("conversations by mail", "notifier.mail_threads", f"row.thread_id in ({_THREADS})", names="thread_id"),
    Holding("spared addresses", "notifier.suppressions", f"row.address in {_ADDRESSES}", names=None),
    Holding(
        "steps of rules",
        "notifier.rule_steps",
        f"row.run_id in (select id from notifier.rule_runs where {_THEIRS})",
        names="run_id",
    ),
    Holding(
        "runs of rules",
        "notifier.rule_runs",
        pseudonym="customer_id = null, origin_customer_id = null, reason = null",
    ),
    Holding(
        "messages",
        "notifier.messages",
        pseudonym=(
            "customer_id = null, origin_customer_id = null, ticket_id = null, invitation_id = null, variables = '{}', "
            "recipient = null, subject = null, text = null, html = null, locale = null, "
            "state = case when row.state = 'queued' then 'suppressed' else row.state end"
        ),
    ),
    Holding(
        "posts to Slack",
        "notifier.slack_posts",
        f"row.customer_id = {IDS}",
        pseudonym=(
            "customer_id = null, text = null, "
            "state = case when row.state = 'pending' then 'canceled' else row.state end"
        ),
    ),
    Holding("consents", "notifier.consents", names="consent_id"),
    Holding(
        "contacts",
        "notifier.contacts",
        f"row.customer_id = {IDS}",
        emptied="email = null, name = null, locale = null, timezone = null",
        left="coalesce(row.email, row.name, row.locale, row.timezone) is not null",
        names="customer_id",
    ),
)


async def recall(work: Work, ids: Collection[UUID], mode: ErasureMode) -> list[RecordCount]:
    """Messages and posts do not leave any more, the built-in mailbox forgets those that did, and the log is emptied."""
    values = {"account_id": work.account_id, "ids": list(ids)}
    await work.session.execute(text(f"delete from notifier.dispatches where id in {_POSTS}"), values)
    messages = [str(each) for each in await work.session.scalars(text(f"{_MESSAGES[1:-1]}"), values)]
    threads = {str(each) for each in await work.session.scalars(text(_THREADS), values)}
    await work.session.execute(
        text("delete from notifier.dispatches where id = any(cast(:messages as uuid[]))"), {"messages": messages}
    )
    await work.session.execute(
        text("delete from notifier.mailbox where split_part(trim(message_id, '<>'), '@', 1) = any(:messages)"),
        {"messages": messages},
    )
    emptied = await log.empty(work, {str(each) for each in ids} | set(messages) | threads)
    return [RecordCount(kind="events in the log", treatment="deleted", count=emptied)] if emptied else []


async def version_of(work: Work, customer_id: UUID) -> int | None:
    """That of the local copy."""
    mine = (Contact.account_id == work.account_id, Contact.customer_id == customer_id)
    return await work.session.scalar(select(Contact.version).where(*mine))


SUBJECTS = Subjects(
    service="notifier",
    table=EXPORTS,
    holdings=HOLDINGS,
    done=lambda part: NotifierPartDone(part=part),
    first=recall,
    version=version_of,
)
