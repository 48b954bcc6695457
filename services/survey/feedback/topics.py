"""What somebody talks about, by the words of a small taxonomy (`topics.json`), whatever the language.

A word ending in `*` stands for all words that begin so. Each topic comes with the words that led to it.
"""

import re
import unicodedata
from functools import cache
from pathlib import Path
from typing import Final

import orjson

from shared.contracts.survey import Topic

_FILE = Path(__file__).parent / "topics.json"
MOST_EVIDENCE: Final = 10


def topics_of(text: str | None) -> tuple[Topic, ...]:
    """In the order of the taxonomy; evidence in lower case, each word once, in the order of the text."""
    if not text:
        return ()
    found: dict[str, dict[str, None]] = {}
    for match in _expression().finditer(folded(text)):
        key = str(match.lastgroup)
        found.setdefault(key, {})[match.group()] = None
    return tuple(Topic(key=key, evidence=tuple(found[key])[:MOST_EVIDENCE]) for key in taxonomy() if key in found)


def folded(text: str) -> str:
    """So that the same word is the same characters: composed, without case."""
    return unicodedata.normalize("NFC", text).casefold()


@cache
def taxonomy() -> dict[str, dict[str, list[str]]]:
    """Topic to language to words."""
    parsed: dict[str, dict[str, list[str]]] = orjson.loads(_FILE.read_bytes())
    return parsed


@cache
def _expression() -> re.Pattern[str]:
    """One pass over the text: a named group for each topic."""
    groups = []
    for key, languages in taxonomy().items():
        words = {folded(word) for words in languages.values() for word in words}
        # The longest first, or a word would hide those that it begins.
        alternatives = "|".join(_pattern(word) for word in sorted(words, key=lambda word: (-len(word), word)))
        groups.append(f"(?P<{key}>{alternatives})")
    return re.compile(rf"\b(?:{'|'.join(groups)})\b")


def _pattern(word: str) -> str:
    return re.escape(word[:-1]) + r"\w*" if word.endswith("*") else re.escape(word)
