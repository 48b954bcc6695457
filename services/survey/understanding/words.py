"""Text as words: how it was written and how it is read, in one spelling."""

import re
import unicodedata
from collections.abc import Iterable
from typing import Final, NamedTuple

# First what can only be a word, as most are. Smileys before punctuation, or they would fall apart; emoji and other
# signs one by one.
_TOKEN: Final = re.compile(
    r"""[^\W8hwxX]\w*(?:['’]\w+)*
      | https?://\S+ | www\.\S+
      | @\w+
      | [:;=8xX][-o*']?[)\](\[dDpP/\\|]+ | <3
      | \w+(?:['’]\w+)*
      | [!?]+ | \.{2,}
      | [^\w\s]""",
    re.VERBOSE,
)
_PIECES: Final = (3, 4, 5)
_LINK: Final = re.compile(r"https?://.|www\..")


Span = tuple[int, int]


class Word(NamedTuple):
    """`folded`: see `folded`. `start`, `end`: in the text."""

    folded: str
    start: int
    end: int


def words_of(text: str) -> list[Word]:
    return [Word(folded(match.group()), *match.span()) for match in _TOKEN.finditer(text)]


def written_in(text: str) -> list[str]:
    """The words alone, as they were written."""
    return _TOKEN.findall(text)


def places_of(written: Iterable[str], text: str) -> list[Span]:
    """Where each of `written`, all that a tokeniser found in the text, begins and ends.

    Looking for them again costs a third of keeping the places of all, and most texts are not asked.
    """
    places: list[Span] = []
    at = 0
    for word in written:
        start = text.index(word, at)
        at = start + len(word)
        places.append((start, at))
    return places


def folded(written: str) -> str:
    """Lower case, with straight apostrophes; a link or a handle is one word, whichever it is."""
    if written[0] == "@" and len(written) > 1:
        return "<handle>"
    if _LINK.match(written):
        return "<link>"
    return written.casefold().replace("’", "'")


def composed(text: str) -> str:
    """So that the same word is the same characters."""
    return unicodedata.normalize("NFC", text)


def pieces_of(word: str) -> list[str]:
    """Of three to five letters, with marks where the word begins and ends."""
    bounded = f"<{word}>"
    return ["~" + bounded[at : at + size] for size in _PIECES for at in range(len(bounded) - size + 1)]


def is_piece(name: str) -> bool:
    """And not a word, which `~` may be as well, nor a group of words that begins with it."""
    return len(name) > 1 and name[0] == "~" and " " not in name
