"""The score in a text message: the first number that stands alone and lies on the question's scale, or a word for one.

What is not a score for sure is none: a person reads it then.
"""

import re
import unicodedata
from typing import Final

from services.survey.adapters.opting import plain_word

# Not a part of something larger: an amount, a time, a date, an order number.
_NUMBER: Final = re.compile(r"(?<![\w.,:/#+-])([0-9]{1,3})(?![\w%€$£:]|[.,:][0-9])")
_STARS: Final = re.compile("(?:(?:⭐|★|🌟)\ufe0f?\\s*)+")
_STAR: Final = re.compile("⭐|★|🌟")
_WORDS: Final = (
    "zero one two three four five six seven eight nine ten",
    "null eins zwei drei vier funf sechs sieben acht neun zehn",
    "zero un deux trois quatre cinq six sept huit neuf dix",
    "cero uno dos tres cuatro cinco seis siete ocho nueve diez",
    "zero uno due tre quattro cinque sei sette otto nove dieci",
    "zero um dois tres quatro cinco seis sete oito nove dez",
    "nul een twee drie vier vijf zes zeven acht negen tien",
)
_NAMED: Final = {word: number for line in _WORDS for number, word in enumerate(line.split())}
# For a scale of two points only: a thumb says nothing about how many of ten.
_GOOD: Final = {"yes", "ja", "oui", "si", "sim", "ok", "good", "gut", "bien", "bene", "bom", "goed"}
_BAD: Final = {"no", "nein", "non", "nao", "nee", "bad", "schlecht", "mal", "male", "mau", "slecht"}


def score_in(text: str, lowest: int, highest: int) -> int | None:
    """`9 because it was quick` → 9 on 0 to 10. None if there is no score for sure."""
    written = _with_plain_digits(text)
    for found in _NUMBER.finditer(written):
        number = int(found[1])
        if lowest <= number <= highest:
            return number
    named = _named_in(text, lowest, highest)
    return named if named is not None and lowest <= named <= highest else None


def comment_in(text: str) -> str | None:
    """What is said besides; None if it is the score alone."""
    letters = [each for each in text if unicodedata.category(each).startswith("L")]
    is_word = _word_of(text) in _NAMED or _word_of(text) in _GOOD or _word_of(text) in _BAD
    return None if is_word or len(letters) < 2 else text.strip()


def _named_in(text: str, lowest: int, highest: int) -> int | None:
    stripped = text.strip()
    if _STARS.fullmatch(stripped):
        return len(_STAR.findall(stripped))
    word = _word_of(text)
    if highest - lowest == 1:
        if word in _GOOD or "👍" in stripped:
            return highest
        if word in _BAD or "👎" in stripped:
            return lowest
    return _NAMED.get(word)


def _word_of(text: str) -> str:
    return plain_word(text) if len(text) <= 40 else ""


def _with_plain_digits(text: str) -> str:
    """`٩` is 9."""
    return "".join(str(unicodedata.decimal(each)) if each.isdecimal() else each for each in text)
