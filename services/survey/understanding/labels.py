"""What was found in a text. A text has several and most are only stored, so they are light; what other services hear of
them is checked, see `shared.contracts.labels`, which says what each field means."""

from typing import NamedTuple

from shared.contracts.ratings import Band


class Sentiment(NamedTuple):
    label: Band
    score: float
    method: str
    evidence: tuple[str, ...] = ()
    model: str | None = None
    mixed: bool = False


class Topic(NamedTuple):
    key: str
    evidence: tuple[str, ...]
    parent: str | None = None
    model: str | None = None


class Urgency(NamedTuple):
    label: str
    evidence: tuple[str, ...] = ()
