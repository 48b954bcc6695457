"""From something that was said somewhere to its record: pure rules."""

import re
from datetime import datetime
from typing import Final
from uuid import UUID, uuid5

from services.survey.hearing.canonical import FeedbackItem
from services.survey.hearing.ratings import rating_of
from services.survey.hearing.sender import Sender
from services.survey.hearing.versions import Row, feedback_id_of, version_at
from services.survey.learning.reading import Question, Reader, words_of

_BLANK_LINES = re.compile(r"\n{3,}")
_SAME: Final = ("kind", "channel", "url", "verified", "product_ref", "order_ref", "location_ref", "automatic")


def record_of(
    item: FeedbackItem, source: Sender, *, account_id: UUID, locale: str | None, reader: Reader, now: datetime
) -> Row:
    """A row of `feedback`, its customer left open. `locale` is the customer's, for want of a better."""
    title, text = _words(item.title), _words(item.text)
    question = question_of(item, locale)
    rating = question.rating
    analysis = reader.read(question.text, rating=rating, language_hint=question.language_hint)
    return analysis.columns() | {
        "id": feedback_id_of(source.id, item.external_id),
        "account_id": account_id,
        "version": 1,
        **{name: getattr(item, name) for name in _SAME},
        "source": source.adapter,
        "source_id": source.id,
        "external_id": item.external_id,
        "external_version": item.external_version,
        "version_at": version_at(item, now),
        "customer_id": None,
        "ticket_id": _uuid(item.ticket_id),
        "thread_id": thread_id_of(source, item.thread),
        "scheme": rating.scheme if rating else None,
        "score": rating.value if rating else None,
        "minimum": rating.minimum if rating else None,
        "maximum": rating.maximum if rating else None,
        "reversed": False,
        "normalised": rating.normalised if rating else None,
        "band": rating.band if rating else None,
        "title": title,
        "text": text,
        "author_name": _words(item.author.name),
        "touchpoint": item.touchpoint,
        "dimensions": item.dimensions,
        "completed": True,
        "told": True,
        # Of a clock that is ahead of ours.
        "occurred_at": min(item.occurred_at, now),
        "received_at": now,
        "updated_at": now,
        "ratings": [],
        "revision": 1,
        "anonymous": False,
        "screened_out": False,
        "suspicious": item.suspicious,
    }


def question_of(item: FeedbackItem, locale: str | None) -> Question:
    """What is to be found out about it. What no person wrote tells nothing of how anybody feels."""
    read = None if item.automatic else words_of(_words(item.title), _words(item.text))
    return Question(read, rating_of(item.rating) if item.rating else None, item.language or locale)


def thread_id_of(source: Sender, thread: str | None) -> UUID | None:
    """A conversation's id, always the same; one that is a UUID already is taken as it is."""
    if thread is None:
        return None
    return _uuid(thread) or uuid5(source.id, thread)


def _words(text: str | None) -> str | None:
    return (_BLANK_LINES.sub("\n\n", text.replace("\r\n", "\n")).strip() or None) if text else None


def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None
