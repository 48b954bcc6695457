"""How much two tickets speak of the same thing: pure functions over their words."""

import re
from collections.abc import Collection
from typing import Final

# Shorter ones mean little in any language; figures, such as an order's, mean much.
_WORD: Final = re.compile(r"\d{3,}|[^\W\d_]{4,}")
LEAST: Final = 0.2


def words_of(*texts: str) -> frozenset[str]:
    return frozenset(word for text in texts for word in _WORD.findall(text.casefold()))


def likeness(mine: Collection[str], theirs: Collection[str]) -> float:
    """Words that both have ÷ words of the shorter one (the overlap coefficient), from 0 to 1: a second mail says in a
    line what the first one told in full."""
    shorter = min(len(mine), len(theirs))
    return len(set(mine) & set(theirs)) / shorter if shorter else 0.0
