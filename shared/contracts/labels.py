"""What a text was understood to say."""

from shared.contracts.base import Part
from shared.contracts.ratings import Band


class Sentiment(Part):
    """`score` is -1..1; `method` says how it was reached (`rating`, `model`, `lexicon`, `human`).

    `evidence`: the words that led to it, as they were written; `model`: which model or lexicon it was. `mixed`: the
    words pull both ways, or against the rating; then the evidence is what speaks against it.
    """

    label: Band
    score: float
    method: str
    evidence: tuple[str, ...] = ()
    model: str | None = None
    mixed: bool = False


class Topic(Part):
    """A topic and the words of the text that led to it. One of the second level comes after its `parent`.

    `model`: which model found it, where it was one and not the words of the taxonomy.
    """

    key: str
    evidence: tuple[str, ...]
    parent: str | None = None
    model: str | None = None


class Urgency(Part):
    """How soon somebody should look: `low`, `normal`, `high` or `urgent`, and the words that say so, as written."""

    label: str
    evidence: tuple[str, ...] = ()
