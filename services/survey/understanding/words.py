"""Text as words: how it was written and how it is read, in one spelling."""

import re
import unicodedata
from typing import Final, NamedTuple

# Smileys before punctuation, or they would fall apart; emoji and other signs one by one.
_TOKEN: Final = re.compile(
    r"""https?://\S+ | www\.\S+
      | @\w+
      | [:;=8xX][-o*']?[)\](\[dDpP/\\|]+ | <3
      | \w+(?:['’]\w+)*
      | [!?]+ | \.{2,}
      | [^\w\s]""",
    re.VERBOSE,
)
_PIECES: Final = (3, 4, 5)
_LINK: Final = re.compile(r"https?://.|www\..")


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


def places_in(text: str) -> list[tuple[int, int]]:
    """Where each of `written_in` begins and ends."""
    return [match.span() for match in _TOKEN.finditer(text)]


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
