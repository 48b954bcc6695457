"""Words that are nearly those of an article: those that share trigrams are looked at, and their slips are counted.

`pg_trgm` is not needed for it: row-level security keeps its index from being used, and not every server has it.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Final

from sqlalchemy import ARRAY, Text, bindparam, select, text
from sqlalchemy.dialects.postgresql import insert

from services.tickets.articles.models import Word
from shared.work import Work

_WORD: Final = re.compile(r"\w+")
_HAS_LETTER: Final = re.compile(r"[^\W\d_]")
SHORTEST: Final = 4
LONGEST: Final = 40
# From so many letters on, two slips are forgiven.
_LONG: Final = 7
_NEAR: Final = text(
    """
    select word from tickets.article_words
    where account_id = :account_id and locale = :locale and grams && :grams
    order by cardinality(array(select unnest(grams) intersect select unnest(:grams))) desc, word limit 60
    """
).bindparams(bindparam("grams", type_=ARRAY(Text)))
_MOST_OFFERED: Final = 3
_MOST_WORDS: Final = 5_000


def words_in(said: str) -> list[str]:
    return [word for word in _WORD.findall(said.casefold()) if len(word) <= LONGEST]


def grams_of(word: str) -> set[str]:
    padded = f"  {word} "
    return {padded[at : at + 3] for at in range(len(padded) - 2)}


async def learn(work: Work, locale: str, said: str) -> None:
    """Remember the words of a text."""
    fresh = sorted({word for word in words_in(said) if len(word) >= SHORTEST and _HAS_LETTER.search(word)})
    if fresh:
        rows = [
            {"account_id": work.account_id, "locale": locale, "word": word, "grams": sorted(grams_of(word))}
            for word in fresh[:_MOST_WORDS]
        ]
        await work.session.execute(insert(Word).on_conflict_do_nothing(), rows)


async def corrected(work: Work, locale: str, words: Iterable[str]) -> Mapping[str, list[str]]:
    """The words that no article has, each with up to three that articles have and that look like it."""
    asked = sorted({word for word in words if len(word) >= SHORTEST})
    mine = (Word.account_id == work.account_id) & (Word.locale == locale)
    known = set(await work.session.scalars(select(Word.word).where(mine, Word.word.in_(asked))))
    found = {}
    for word in asked:
        if word not in known and (alike := await _alike(work, locale, word)):
            found[word] = alike
    return found


async def _alike(work: Work, locale: str, word: str) -> list[str]:
    asked = {"locale": locale, "grams": sorted(grams_of(word)), "account_id": work.account_id}
    return nearest(word, list(await work.session.scalars(_NEAR, asked)))


def nearest(word: str, known: Collection[str]) -> list[str]:
    """Those that one or two slips of the pen lead to, the nearest first."""
    allowed = 1 if len(word) < _LONG else 2
    marked = [(edits(word, other), other) for other in known if abs(len(word) - len(other)) <= allowed]
    return [other for slips, other in sorted(marked) if slips <= allowed][:_MOST_OFFERED]


def edits(one: str, other: str) -> int:
    """Letters put in, left out, exchanged or swapped with their neighbour (optimal string alignment distance)."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for at, letter in enumerate(one, 1):
        earlier, before, row = before, row, [at]
        for to, target in enumerate(other, 1):
            cost = min(before[to] + 1, row[to - 1] + 1, before[to - 1] + (letter != target))
            if at > 1 and to > 1 and letter == other[to - 2] and one[at - 2] == target:
                cost = min(cost, earlier[to - 2] + 1)
            row.append(cost)
    return row[-1]
