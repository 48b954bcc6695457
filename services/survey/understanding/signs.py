"""Texts without a word, such as "👍" or ":(": the same in every language.

VADER reads an emoji by the words of its description. That is right of faces and hearts and wrong of things (a roasted
sweet potato is "sweet"), so of VADER's list only those are taken; `lexicons/emoji.json` has Heed's own beside them.
"""

import importlib.resources
import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Final

from services.survey.understanding.lexicon import levelled, weights_in, weights_of_english
from services.survey.understanding.words import folded, written_in

VERSION: Final = "signs-1"
# Texts with a word need no second look. The longest smiley with letters is `xdd`.
_WORD: Final = re.compile(r"\w{4}")
# What only says how a sign is drawn: colours of skin, variants, and what ties two to one.
_DRAWN: Final = re.compile("[\U0001f3fb-\U0001f3ff\ufe0e\ufe0f\u200d\u2640\u2642]")
_TELLING: Final = re.compile(r"\b(?:face|heart|hearts)\b")


def signs_in(text: str) -> Sequence[tuple[str, float]] | None:
    """Each sign as it was written, with what it weighs; None for a text that is more than signs, or has none."""
    if _WORD.search(text):
        return None
    known = _weights()
    found = [(written, known.get(folded(written))) for written in written_in(_DRAWN.sub("", text))]
    if any(weight is None and written[0].isalnum() for written, weight in found):
        return None
    return [(written, weight) for written, weight in found if weight is not None] or None


def balance(signs: Sequence[tuple[str, float]]) -> float:
    """From -1 to 1."""
    return levelled(sum(weight for _, weight in signs))


@cache
def _weights() -> Mapping[str, float]:
    return {**_vader(), **weights_in("signs"), **weights_in("emoji")}


def _vader() -> dict[str, float]:
    """Emoji of one character alone: the others are those with a colour or a partner."""
    english = weights_of_english()
    lines = (importlib.resources.files("vaderSentiment") / "emoji_utf8_lexicon.txt").read_text("utf-8").splitlines()
    found: dict[str, float] = {}
    for line in lines:
        sign, _, description = line.partition("\t")
        sign = _DRAWN.sub("", sign)
        if len(sign) == 1 and _TELLING.search(description):
            found[sign] = sum(english.get(word, 0.0) for word in description.casefold().split())
    return found
