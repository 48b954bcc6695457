"""From a mail to what it says: words that belong to a conversation, and what became of a mail of ours."""

import hashlib
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, Literal

from services.survey.adapters.base import Unreadable
from services.survey.hearing.canonical import Author, DeliveryItem, FeedbackItem, Item, Mail, Media, TimeConfidence
from services.survey.mail.classification import automatic, without_tag
from services.survey.mail.letter import Attachment, Letter, Person, Report
from services.survey.mail.parsing import text_of_html
from services.survey.mail.visible import visible_reply

LONGEST_TEXT: Final = 100_000
_LONGEST_SUBJECT: Final = 300
_LONGEST_NAME: Final = 200
_MOST_COPIES: Final = 20
# A sender's clock may be wrong, and a mail may have waited in a queue.
_LATE: Final = timedelta(days=7)
_AHEAD: Final = timedelta(minutes=5)
# RFC 3463: the box is full, the mail too long, the system or its policy refuses: another day it may be taken.
_SOFT: Final = re.compile(r"4\.\d+\.\d+|5\.2\.[23]|5\.[37]\.\d+")
_HARD: Final = re.compile(r"5\.\d+\.\d+")
_VERP: Final = re.compile(r"\+b\.[a-z2-7]+@")

State = Literal["delivered", "bounced_hard", "bounced_soft", "complained", "unsubscribed", "failed"]


def items_of(letter: Letter, *, received_at: datetime, own: Sequence[str]) -> list[Item]:
    """Raises `Unreadable` for a mail without an author. `own` are the account's addresses, the main one first."""
    said = _said(letter, received_at=received_at, own=[address.lower() for address in own])
    reported = _reported(letter, letter.report, said) if letter.report is not None else None
    return [said] if reported is None else [reported, said]


def bounce_by_status(status: str | None) -> State:
    """RFC 3463. Without a status nobody knows, and nobody is struck off for it."""
    status = (status or "").strip()
    return "bounced_hard" if _HARD.match(status) and not _SOFT.match(status) else "bounced_soft"


def _said(letter: Letter, *, received_at: datetime, own: list[str]) -> FeedbackItem:
    sender = letter.sender
    if sender is None:
        raise Unreadable("The mail has no author.")
    whole = _text_of(letter)
    subject = (letter.subject or "")[:_LONGEST_SUBJECT] or None
    digest = hashlib.sha256(
        repr((letter.message_id, sender.email, subject, whole)).encode(errors="replace")
    ).hexdigest()
    machine = automatic(letter, own)
    occurred_at, confidence = _moment(letter.date, received_at)
    mailbox = next((bare for each in letter.recipients if (bare := without_tag(each)) in own), own[0] if own else None)
    answers_to = next(iter(letter.people("reply-to")), None)
    return FeedbackItem(
        # Whoever sends another mail under a known Message-ID changes nothing of what was said under it.
        external_id=f"{(letter.message_id or 'mail')[:300]}#{digest[:16]}",
        occurred_at=occurred_at,
        time_confidence=confidence,
        author=_author(sender, verified=letter.authentic and machine is None),
        kind="message",
        channel="email",
        title=subject,
        text=visible_reply(whole)[:LONGEST_TEXT] if whole else None,
        media=tuple(map(_media, letter.attachments)),
        in_reply_to=letter.references[-1] if letter.references else None,
        automatic=machine,
        mail=Mail(
            message_id=letter.message_id or f"{digest[:32]}@unnamed.invalid",
            references=letter.references,
            enclosed=tuple(letter.enclosed),
            mailbox=mailbox,
            reply_to=answers_to.email if answers_to is not None and answers_to.email != sender.email else None,
            recipients=letter.recipients,
            copies=_copies(letter, sender, own),
            whole=whole,
        ),
    )


def _media(attached: Attachment) -> Media:
    named = Media(name=attached.name, media_type=attached.media_type[:100])
    if attached.content is None:
        return named.model_copy(update={"size": 0, "refused": "unreadable"})
    return named.model_copy(update={"size": len(attached.content), "content": attached.content})


def _text_of(letter: Letter) -> str | None:
    text = letter.text if letter.text and letter.text.strip() else None
    if text is None and letter.html:
        text = text_of_html(letter.html)
    return (text or "").replace("\x00", "").strip()[: 2 * LONGEST_TEXT] or None


def _author(sender: Person, *, verified: bool) -> Author:
    return Author(name=sender.name[:_LONGEST_NAME] if sender.name else None, email=sender.email, verified=verified)


def _copies(letter: Letter, sender: Person, own: list[str]) -> tuple[str, ...]:
    told = [person.email for person in letter.people("to", "cc")]
    others = [each for each in dict.fromkeys(told) if each != sender.email and without_tag(each) not in own]
    return tuple(others[:_MOST_COPIES])


def _moment(date: datetime | None, received_at: datetime) -> tuple[datetime, TimeConfidence]:
    if date is not None and received_at - _LATE <= date <= received_at + _AHEAD:
        return min(date, received_at), "exact"
    return received_at, "assumed"


def _reported(letter: Letter, report: Report, said: FeedbackItem) -> DeliveryItem | None:
    """None for a report that does not say which mail it is about: then anybody could have made it up."""
    state: State | None = None
    if report.kind == "feedback-report":
        state = "complained"
    elif report.action == "failed":
        state = bounce_by_status(report.status)
    elif report.action == "delivered":
        state = "delivered"
    # The address that the mail's bounces go to names it too (VERP), and is signed.
    about = report.message_id or next((each for each in letter.recipients if _VERP.search(each)), None)
    if state is None or about is None:
        return None
    return DeliveryItem(
        external_id=said.external_id,
        occurred_at=said.occurred_at,
        channel="email",
        # Not the recipient that the report names: anybody may write one about an address of somebody else.
        message_id=about,
        state=state,
        reason=(report.detail or report.status or "")[:500] or None,
    )
