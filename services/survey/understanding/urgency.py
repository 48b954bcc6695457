"""How soon somebody should look at what was said: points for what it names, in any of the seven languages.

`urgent`: somebody may come to harm, or speaks of lawyers and authorities. `high`: a deadline, leaving, having asked
before, money taken. `normal`: a complaint or a request. `low`: all else. Several together weigh more, praise less;
capitals and exclamation marks are weak signs of their own.
"""

from functools import cache
from pathlib import Path
from typing import Final, Literal

import orjson

from services.survey.understanding.labels import Urgency
from services.survey.understanding.lexicon import languages, lexicon_of
from services.survey.understanding.phrases import Phrases, Tokens, different, fold, is_denied
from shared.contracts.ratings import Band

UrgencyLabel = Literal["low", "normal", "high", "urgent"]
_FOLDER: Final = Path(__file__).parent / "urgencies"
_POINTS: Final = {"safety": 4, "legal": 4, "deadline": 2, "leaving": 2, "repeated": 2, "fraud": 2, "asking": 1}
_FEELING: Final[dict[Band, int]] = {"negative": 1, "neutral": 0, "positive": -2}
_LEVELS: Final[tuple[tuple[int, UrgencyLabel], ...]] = ((4, "urgent"), (2, "high"), (1, "normal"))
_LOW: Final = Urgency(label="low")
_SHOUTING: Final = 1
# So many words in capitals are shouting, if they are also most of the text; one alone may be a name.
_CAPITALS: Final = 3
_MARKS: Final = "!!"
_MOST_EVIDENCE: Final = 10


def urgency_of(tokens: Tokens, language: str | None, feeling: Band | None) -> Urgency | None:
    """`language`: None looks for the words of all. None for a text without a word.

    The evidence is empty where nothing but the feeling led to the label.
    """
    if not tokens.written:
        return None
    negators = negators_of(language)
    found = [one for one in _phrases(language).find(tokens.folded) if not is_denied(tokens.folded, one, negators)]
    points = sum(_POINTS[key] for key in {one.key for one in found}) + (_FEELING[feeling] if feeling else 0)
    shouted = _shouted(tokens)
    points += _SHOUTING if shouted else 0
    label: UrgencyLabel = next((label for least, label in _LEVELS if points >= least), "low")
    if label == "low":
        return _LOW
    telling = different([*map(tokens.words, found)], _MOST_EVIDENCE)
    return Urgency(label=label, evidence=telling or shouted)


def _shouted(tokens: Tokens) -> tuple[str, ...]:
    """What is shouted, if anything."""
    if _MARKS in tokens.text:
        return (_MARKS,)
    capitals = [word for word in tokens.written if word.isupper() and len(word) > 1]
    if len(capitals) < _CAPITALS or 2 * len(capitals) <= sum(len(word) > 1 for word in tokens.written):
        return ()
    return tuple(capitals[:_CAPITALS])


@cache
def negators_of(language: str | None) -> frozenset[str]:
    """As tokens are folded. Of all languages for None."""
    lexicons = [lexicon_of(each) for each in ([language] if language else languages())]
    return frozenset(fold(word) for lexicon in lexicons if lexicon for word in lexicon.negators)


@cache
def _phrases(language: str | None) -> Phrases:
    together: dict[str, list[str]] = {key: [] for key in _POINTS}
    for each in [language] if language in languages() else languages():
        parsed: dict[str, str] = orjson.loads((_FOLDER / f"{each}.json").read_bytes())
        for key, listed in parsed.items():
            together[key] += listed.split("; ")
    return Phrases(together)
