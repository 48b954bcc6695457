"""Text as words: what stands where, in one spelling, with the reach of a negation."""

import re
import unicodedata
from collections.abc import Sequence
from typing import Final, NamedTuple

# Smileys before punctuation, or they would fall apart; emoji and other signs one by one.
_TOKEN: Final = re.compile(
    r"""(?P<link>https?://\S+|www\.\S+)
      | (?P<handle>@\w+)
      | [:;=8xX][-o*']?[)\](\[dDpP/\\|]+ | <3
      | \w+(?:['’]\w+)*
      | [!?]+ | \.{2,}
      | [^\w\s]""",
    re.VERBOSE,
)
_ELISION: Final = re.compile(r"^(?:[cdjlmnst]|qu|un|dell|all|dall|nell|sull|quest)['’](?=\w{2})", re.IGNORECASE)
_REACH: Final = 4
_ENDS: Final = frozenset('.,;:!?()"«»—…')
_PREFIX: Final = "not_"


class Word(NamedTuple):
    """`folded`: lower case, with straight apostrophes; a link or a handle is one word. `start`, `end`: in the text."""

    folded: str
    start: int
    end: int


def words_of(text: str, *, elides: bool = False) -> list[Word]:
    """`elides`: the language writes short words onto the next (j'adore), which are told apart."""
    found: list[Word] = []
    for match in _TOKEN.finditer(text):
        start, end = match.span()
        if match.lastgroup is not None:
            found.append(Word(f"<{match.lastgroup}>", start, end))
            continue
        folded = match.group().casefold().replace("’", "'")
        if elides and (short := _ELISION.match(folded)):
            middle = start + short.end()
            found.append(Word(folded[: short.end()], start, middle))
            folded, start = folded[short.end() :], middle
        found.append(Word(folded, start, end))
    return found


def composed(text: str) -> str:
    """So that the same word is the same characters."""
    return unicodedata.normalize("NFC", text)


def negated(words: Sequence[Word], negators: frozenset[str], turns: frozenset[str]) -> list[bool]:
    """Whether each word stands in the reach of a negation: the four words after it, up to a mark or a "but"."""
    marks: list[bool] = []
    left = 0
    for word in words:
        folded = word.folded
        if folded in negators or folded.endswith("n't"):
            marks.append(False)
            left = _REACH
            continue
        if folded in turns or folded[0] in _ENDS:
            left = 0
        marks.append(left > 0)
        left = max(0, left - 1)
    return marks


def marked(words: Sequence[Word], marks: Sequence[bool]) -> list[str]:
    """The words as a model reads them: "not_good" is another word than "good"."""
    return [
        _PREFIX + word.folded if mark and word.folded[0].isalpha() else word.folded
        for word, mark in zip(words, marks, strict=True)
    ]
