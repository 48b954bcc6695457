"""`/v1/articles/search` and `/v1/tickets/{id}/suggestions`: what there is to read about something; and synonyms."""

from collections.abc import Sequence
from typing import Annotated, Final
from uuid import UUID

from fastapi import Query, Response
from sqlalchemy import select

from services.tickets.articles.addresses import article_url
from services.tickets.articles.languages import best_of
from services.tickets.articles.models import Synonyms, Translation, Visibility
from services.tickets.articles.schemas import Found, Hit, Locale, SynonymsIn, SynonymsOut
from services.tickets.articles.search import Match, Result, Wanted, note_miss, search
from services.tickets.auth import TicketsRead, TicketsWrite
from services.tickets.cases.repository import find_ticket
from services.tickets.conversation.models import Message
from services.tickets.conversation.service import messages_of
from shared.http.dependencies import IfMatch, check_match, set_etag
from shared.http.routing import APIRouter
from shared.work import Work

router = APIRouter(prefix="/v1/articles", tags=["articles"])
suggestions = APIRouter(prefix="/v1/tickets/{ticket_id}/suggestions", tags=["tickets"])
synonyms = APIRouter(prefix="/v1/article-synonyms", tags=["articles"])

STAFF: Final[tuple[Visibility, ...]] = ("internal", "public")
PUBLIC: Final[tuple[Visibility, ...]] = ("public",)
# A customer's letter has many words, and few of them say what it is about.
A_FEW: Final = 0.3
Limit = Annotated[int, Query(ge=1, le=50)]


@router.get("/search")
async def search_articles(
    work: TicketsRead,
    q: Annotated[str, Query(min_length=1, max_length=1_000, description="Words, or a question.")],
    locale: Annotated[Locale, Query(description="The language to search in.")] = "en",
    only_public: Annotated[bool, Query(description="Leave out what is for staff only.")] = False,
    typing: Annotated[
        bool, Query(description="The last word may be unfinished; what is not found is not kept.")
    ] = False,
    limit: Limit = 10,
) -> Found:
    """Published articles, best first; one or two wrong letters in a word do no harm."""
    visibilities = PUBLIC if only_public else STAFF
    result = await search(work, Wanted(q, locale, visibilities, prefix=typing, limit=limit))
    if not result.matches and not typing:
        await note_miss(work, q, locale, "staff")
    return found_of(work, result, locale)


@suggestions.get("")
async def suggest_articles(ticket_id: UUID, work: TicketsRead, limit: Limit = 5) -> Found:
    """What may help to answer: articles about what the customer wrote last, else about what the ticket is about."""
    ticket = await find_ticket(work, ticket_id)
    spoken = messages_of(work, ticket_id).where(~Message.internal, Message.author.like("customer%"))
    last = await work.session.scalar(spoken.order_by(Message.id.desc()).limit(1))
    said = [last.text if last is not None else None, ticket.subject, ticket.description]
    for text in filter(None, said):
        for locale in await _locales(work):
            result = await search(work, Wanted(text, locale, STAFF, limit=limit, least=A_FEW))
            if result.matches:
                return found_of(work, result, locale)
    return Found(data=[], understood_as={})


@synonyms.get("")
async def read_synonyms(work: TicketsRead, response: Response) -> SynonymsOut:
    """Words that mean the same to those who search."""
    known = await work.session.get(Synonyms, work.account_id)
    set_etag(response, known.version if known else 0)
    return SynonymsOut(version=known.version if known else 0, groups=known.groups if known else [])


@synonyms.put("")
async def replace_synonyms(body: SynonymsIn, work: TicketsWrite, expected: IfMatch, response: Response) -> SynonymsOut:
    """All of them at once."""
    known = await work.session.get(Synonyms, work.account_id, with_for_update=True)
    check_match(expected, known.version if known else 0)
    if known is None:
        known = Synonyms(account_id=work.account_id, version=0)
        work.session.add(known)
    known.groups, known.updated_at = body.groups, work.now
    known.version += 1
    await work.session.flush()
    set_etag(response, known.version)
    return SynonymsOut(version=known.version, groups=known.groups)


def found_of(work: Work, result: Result, locale: str) -> Found:
    return Found(
        data=[hit_of(work, match, locale) for match in result.matches], understood_as=dict(result.understood_as)
    )


def hit_of(work: Work, match: Match, locale: str) -> Hit:
    is_public = match.visibility == "public"
    address = article_url(work.settings, work.account_id, locale, match.article_id, match.title)
    return Hit(
        article_id=match.article_id,
        locale=locale,
        title=match.title,
        summary=match.summary,
        excerpt=match.excerpt,
        visibility=match.visibility,
        category_id=match.category_id,
        covered=round(match.covered, 3),
        url=address if is_public else None,
    )


async def _locales(work: Work) -> Sequence[str]:
    """Those that articles are written in, English first: nobody says in which the ticket is."""
    mine = Translation.account_id == work.account_id
    written = list(await work.session.scalars(select(Translation.locale).where(mine).distinct()))
    first = best_of(written, "en")
    return sorted(written, key=lambda locale: (locale != first, locale))
