"""What somebody talks about, by the words of a taxonomy, whatever the language.

A word ending in `*` stands for all words that begin so. Each topic comes with the words that led to it.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Final

import orjson

from shared.contracts.labels import Topic

_FILE = Path(__file__).parent / "topics.json"
MOST_EVIDENCE: Final = 10


class Taxonomy:
    """Topics by their words in any language, ready to be found in one pass over a text."""

    def __init__(self, words: Mapping[str, Mapping[str, Sequence[str]]]) -> None:
        """`words`: topic to language to words."""
        self.keys: Final = tuple(words)
        groups = []
        for key, languages in words.items():
            spellings = {folded(word) for listed in languages.values() for word in listed}
            # The longest first, or a word would hide those that it begins.
            alternatives = "|".join(_pattern(word) for word in sorted(spellings, key=lambda word: (-len(word), word)))
            groups.append(f"(?P<{key}>{alternatives})")
        self._expression: Final = re.compile(rf"\b(?:{'|'.join(groups)})\b")

    def topics_of(self, text: str) -> tuple[Topic, ...]:
        """In the order of the taxonomy; evidence in lower case, each word once, in the order of the text."""
        found: dict[str, dict[str, None]] = {}
        for match in self._expression.finditer(folded(text)):
            found.setdefault(str(match.lastgroup), {})[match.group()] = None
        return tuple(Topic(key=key, evidence=tuple(found[key])[:MOST_EVIDENCE]) for key in self.keys if key in found)


def folded(text: str) -> str:
    """So that the same word is the same characters: composed, without case."""
    return unicodedata.normalize("NFC", text).casefold()


@cache
def default_taxonomy() -> Taxonomy:
    return Taxonomy(orjson.loads(_FILE.read_bytes()))


def _pattern(word: str) -> str:
    return re.escape(word[:-1]) + r"\w*" if word.endswith("*") else re.escape(word)
