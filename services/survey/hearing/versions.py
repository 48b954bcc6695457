"""The versions of items: which one is which, and which one is the newer."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID, uuid5

from services.survey.hearing.authors import identities_of
from services.survey.hearing.canonical import FeedbackItem, Item
from shared.ids import new_id
from shared.work import Work

Row = dict[str, Any]
# Of POSIX times in seconds and in milliseconds.
_DIGITS_OF_TIMES = {10: 1, 13: 1_000}


class Key(NamedTuple):
    """What makes a version, within its source. Whether it was called a creation or a change makes no difference."""

    what: str
    external_id: str
    external_version: str
    removal: bool

    @classmethod
    def of(cls, item: Item) -> "Key":
        return cls(item.what, item.external_id, item.external_version, item.op == "delete")


@lru_cache(maxsize=4_096)
def feedback_id_of(source_id: UUID, external_id: str) -> UUID:
    """Always the same: however often and in whatever order something is heard, it is one piece of feedback."""
    return uuid5(source_id, external_id)


def digest_of(external_id: str) -> str:
    """What stands for it once its person is erased; `models.DIGEST` is the same in SQL."""
    return f"sha256:{hashlib.sha256(external_id.encode()).hexdigest()}"


def without_moment(version: str) -> str:
    """Of `<hash>~<moment>` the hash, see `remembering.told_apart`."""
    return version.partition("~")[0]


def version_at(item: Item, now: datetime) -> datetime:
    """When this version came to be: by its name, if that is a time, else when the item happened.

    What is said to be gone without a time is gone by now, whichever of its versions is still to come.
    """
    return _time_in(item.external_version.rpartition("~")[2]) or (now if item.op == "delete" else item.occurred_at)


def number_of(version_at: datetime, *, before: int, corrections: int) -> int:
    """A whole number that grows with each version, and each time that one is corrected: the second in which it came to
    be (which fits where versions are kept until 2038), or the next after that of the version `before` it."""
    return max(1, int(version_at.timestamp()), before + 1) + corrections


def row_of(work: Work, source_id: UUID, item: Item, delivery_id: UUID | None, said_at: datetime) -> Row:
    """Of `heard_items`."""
    is_feedback = item.what == "feedback"
    return {
        "id": new_id(),
        "account_id": work.account_id,
        "source_id": source_id,
        **Key.of(item)._asdict(),
        "content": content_of(item),
        "feedback_id": feedback_id_of(source_id, item.external_id) if is_feedback else None,
        "delivery_id": delivery_id,
        "occurred_at": item.occurred_at,
        "version_at": version_at(item, work.now),
        "heard_at": said_at,
        "corrections": 0,
    }


def content_of(item: Item) -> Row:
    """What is left out is as `canonical` has it by default. Identities are in the form in which they are compared."""
    content = item.model_dump(mode="json", exclude_defaults=True, exclude={"external_id", "external_version"})
    if "author" in content:
        known = {name: value for name, value in identities_of(item.author).items() if value}
        content["author"] |= known
    return content


def newest(items: Sequence[FeedbackItem], now: datetime) -> dict[str, FeedbackItem]:
    """Of each external id the newest; of two that are equally new the one that was heard last."""
    found: dict[str, FeedbackItem] = {}
    for item in items:
        known = found.get(item.external_id)
        if known is None or version_at(known, now) <= version_at(item, now):
            found[item.external_id] = item
    return found


def _time_in(name: str) -> datetime | None:
    try:
        if name.isascii() and name.isdigit():
            share = _DIGITS_OF_TIMES.get(len(name))
            return datetime.fromtimestamp(int(name) / share, UTC) if share else None
        time = datetime.fromisoformat(name)
    except (ValueError, OverflowError):
        return None
    return time if time.tzinfo else time.replace(tzinfo=UTC)
