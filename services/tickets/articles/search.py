"""Articles by words: PostgreSQL's full text search in the language of the article, with synonyms, and with words that
are nearly right. What was searched for and not found is kept."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import ARRAY, Text, bindparam, text
from sqlalchemy.dialects.postgresql import JSONB, insert

from services.tickets.articles.languages import configuration_of
from services.tickets.articles.models import Miss, SearchOrigin, Synonyms, Visibility
from services.tickets.articles.vocabulary import corrected, words_in
from shared.work import Work

# More words than that say no more; who pastes a letter is answered by its beginning.
MOST_WORDS: Final = 16
# At least this share of the words must be there, so that one common word finds nothing.
LEAST_COVERED: Final = 0.5
_LONGEST_MISS: Final = 200
# Numbers of cards, orders and telephones, and mail addresses, are nobody's report.
_PERSONAL: Final = re.compile(r"@|(?:\d\D?){6}")

# `groups`: for each word what stands for it; one that ends with * is the beginning of a word. Stop words are no groups.
_SEARCH: Final = text(
    """
    with terms as (
        select place, case when term like '%*'
            then to_tsquery(cast(:configuration as regconfig), quote_literal(rtrim(term, '*')) || ':*')
            else plainto_tsquery(cast(:configuration as regconfig), term) end as query
        from jsonb_array_elements(:groups) with ordinality as asked (group_of, place),
            jsonb_array_elements_text(group_of) as term
    ), groups as (
        select cast(string_agg(cast(query as text), ' | ') as tsquery) as query
        from terms where numnode(query) > 0 group by place
    ), whole as (
        select cast(string_agg(cast(query as text), ' | ') as tsquery) as query, count(*) as size from groups
    ), found as (
        select translation.article_id, title, summary, words, visibility, category_id,
            (select count(*) from groups where search @@ groups.query) / cast(size as float) as covered,
            ts_rank_cd(search, whole.query) as rank, whole.query
        from whole
        join tickets.article_translations translation on search @@ whole.query
        join tickets.articles article on article.id = translation.article_id
        where translation.account_id = :account_id and locale = :locale and visibility = any(:visibilities)
    )
    select article_id, title, summary, visibility, category_id, covered, rank,
        ts_headline(cast(:configuration as regconfig), words, query,
            'StartSel="", StopSel="", MaxWords=32, MinWords=16') as excerpt
    from (
        select * from found where covered >= :least order by covered desc, rank desc, article_id limit :limit
    ) best
    order by covered desc, rank desc, article_id
    """
).bindparams(bindparam("groups", type_=JSONB), bindparam("visibilities", type_=ARRAY(Text)))


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for. `prefix`: the last word may still be being typed. `least`: the share of words to be there."""

    said: str
    locale: str
    visibilities: Collection[Visibility]
    prefix: bool = False
    limit: int = 10
    least: float = LEAST_COVERED


@dataclass(frozen=True, slots=True)
class Match:
    """`covered`: the share of the words searched for that the article has."""

    article_id: UUID
    title: str
    summary: str
    visibility: Visibility
    category_id: UUID | None
    covered: float
    rank: float
    excerpt: str


@dataclass(frozen=True, slots=True)
class Result:
    """Best first. `understood_as`: words that no article has, and what was looked for instead."""

    matches: Sequence[Match]
    understood_as: Mapping[str, list[str]]


async def search(work: Work, wanted: Wanted) -> Result:
    """Articles in one language that have at least half of the words, those with most of them first."""
    words = list(dict.fromkeys(words_in(wanted.said)))[:MOST_WORDS]
    if not words:
        return Result((), {})
    nearly = await corrected(work, wanted.locale, words[:-1] if wanted.prefix else words)
    groups = [[word, *nearly.get(word, ())] for word in words]
    if wanted.prefix:
        groups[-1].append(f"{words[-1]}*")
    known = await work.session.get(Synonyms, work.account_id)
    if known is not None:
        add_synonyms(groups, known.groups)
    asked = {
        "configuration": configuration_of(wanted.locale),
        "groups": groups,
        "account_id": work.account_id,
        "locale": wanted.locale,
        "visibilities": list(wanted.visibilities),
        "least": wanted.least,
        "limit": wanted.limit,
    }
    rows = await work.session.execute(_SEARCH, asked)
    return Result([Match(**row) for row in rows.mappings()], nearly)


def add_synonyms(groups: list[list[str]], synonyms: Sequence[Sequence[str]]) -> None:
    """To each word what means the same; a phrase of several words is one thing to look for."""
    said = " ".join(words[0] for words in groups)
    for meaning in synonyms:
        spoken = [" ".join(words_in(phrase)) for phrase in meaning]
        for phrase in spoken:
            if phrase and f" {phrase} " in f" {said} ":
                parts = phrase.split()
                for words in groups:
                    if words[0] in parts:
                        words.extend(other for other in spoken if other and other != phrase)


async def note_miss(work: Work, said: str, locale: str, origin: SearchOrigin) -> None:
    """Somebody looked for this and found nothing. What may be about a person is not kept."""
    query = " ".join(words_in(said))[:_LONGEST_MISS]
    if not query or _PERSONAL.search(said):
        return
    values = {
        "account_id": work.account_id,
        "locale": locale,
        "query": query,
        "origin": origin,
        "searches": 1,
        "first_at": work.now,
        "last_at": work.now,
    }
    again = {"searches": Miss.searches + 1, "last_at": work.now, "origin": origin}
    statement = insert(Miss).values(values)
    await work.session.execute(
        statement.on_conflict_do_update(index_elements=["account_id", "locale", "query"], set_=again)
    )
