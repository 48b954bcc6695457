"""What adapters of review platforms share: their times, their stars, and what is gone."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, NamedTuple

from pydantic import BeforeValidator, InstanceOf, ValidationError

from services.survey.adapters.base import Received, Rejected, Unreadable, Verified
from services.survey.adapters.reading import version_at
from services.survey.hearing.canonical import FeedbackItem, ItemRating, RatingKind, TimeConfidence


class Stamp(NamedTuple):
    """A sender's time in UTC, and whether it named its zone."""

    at: datetime
    confidence: TimeConfidence = "exact"


def stamp(written: str) -> Stamp:
    """ISO 8601 with any number of decimals, or `2018-02-20 14:12:13 UTC`. Without a zone it is taken for UTC.

    Raises ValueError.
    """
    try:
        moment = datetime.fromisoformat(written.strip().replace(" UTC", "+00:00"))
        return Stamp(moment.astimezone(UTC)) if moment.tzinfo else Stamp(moment.replace(tzinfo=UTC), "assumed")
    except OverflowError:
        raise ValueError("lies outside the calendar") from None


def _stamp(value: Any) -> Any:
    return stamp(value) if isinstance(value, str) else value


Moment = Annotated[InstanceOf[Stamp], BeforeValidator(_stamp)]


@contextmanager
def readable() -> Iterator[None]:
    """What cannot become an item is `Unreadable`."""
    try:
        yield
    except ValidationError as problem:
        first = problem.errors(include_url=False, include_context=False, include_input=False)[0]
        raise Unreadable(f"{'/'.join(str(part) for part in first['loc'])}: {first['msg']}.") from None


def rating(raw: str | None, minimum: int = 1, maximum: int = 5, kind: RatingKind = "stars") -> ItemRating | None:
    """None if there is none: nothing, or the 0 that some write for it. Raises `Unreadable` beyond the scale."""
    if raw is None or not raw.strip():
        return None
    try:
        value = Decimal(raw.strip())
    except InvalidOperation:
        raise Unreadable("The rating is no number.") from None
    if value == 0 and minimum > 0:
        return None
    if not value.is_finite() or not minimum <= value <= maximum:
        raise Unreadable(f"The rating does not lie on {minimum} to {maximum}.")
    return ItemRating(raw=raw, value=value, minimum=Decimal(minimum), maximum=Decimal(maximum), kind=kind)


def gone(external_id: str, at: datetime, *, channel: str) -> FeedbackItem:
    """The sender has it no longer. Raises `Unreadable`."""
    with readable():
        return FeedbackItem(
            external_id=external_id,
            external_version=version_at(at),
            op="delete",
            occurred_at=at,
            kind="review",
            channel=channel,
        )


def asked_for(received: Received, name: str) -> str | None:
    """A parameter of the address's query. Raises `Rejected` if there are several of that name."""
    found = [value for key, value in received.query if key == name]
    if len(found) > 1:
        raise Rejected("malformed_signature")
    return found[0] if found else None


def known_by_address(delivery_id: str | None = None) -> Verified:
    """For senders that sign nothing: whoever knows the unguessable address is the sender, and more cannot be known."""
    return Verified(scheme="address", delivery_id=delivery_id)
