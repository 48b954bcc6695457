"""`/help/{site}/...`: the public help pages. They need no JavaScript, set no cookies and ask for no account."""

import hashlib
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID

from fastapi import Request, Response
from starlette.responses import JSONResponse, RedirectResponse
from starlette.routing import Route

from services.tickets.articles import attachments, votes
from services.tickets.articles.addresses import account_in, article_in, article_url
from services.tickets.articles.finding import PUBLIC, found_of
from services.tickets.articles.languages import best_of
from services.tickets.articles.models import Translation
from services.tickets.articles.search import Wanted, note_miss, search
from services.tickets.articles.writing import as_html
from services.tickets.help.rendering import feed, page, sitemap
from services.tickets.help.site import NoSuchPage, Site, every_article, news, open_site, public_article, shelves
from services.tickets.help.words import FALLBACK, words_in
from shared.bus.events import Actor
from shared.contracts.base import ActorKind
from shared.http.dependencies import public_work
from shared.http.languages import accepted_languages
from shared.http.problems import translate
from shared.work import Work

READER: Final = Actor(ActorKind.HUMAN, "reader")
LONGEST_QUERY: Final = 300
LONGEST_COMMENT: Final = 1_000
MOST_SUGGESTED: Final = 5
_MOST_FOUND: Final = 20


async def choose_language(request: Request) -> Response:
    """The reader's, if there is something to read in it; else the account's own."""
    async with _entered(request) as work:
        site = await open_site(work)
    locale = best_of(site.locales, *accepted_languages(request)) or site.locales[0]
    return RedirectResponse(
        f"{urlsplit(site.url).path}/{locale}", 302, {"Vary": "Accept-Language", "Cache-Control": "no-cache"}
    )


async def show_home(request: Request) -> Response:
    """Everything that there is to read in this language."""
    async with _entered(request) as work:
        site, locale = await _site(work, request)
        found = await shelves(work, locale)
    context = {"shelves": found, "intro": site.looks.intro.get(locale), "query": ""}
    addresses = {one: f"{site.url}/{one}" for one in site.locales}
    return page("home.html", site, locale, context, canonical=addresses[locale], alternates=addresses)


async def show_results(request: Request) -> Response:
    """What was found; what was not is kept for those who write."""
    query = request.query_params.get("q", "")[:LONGEST_QUERY].replace("\0", "")
    async with _entered(request) as work:
        site, locale = await _site(work, request)
        result = await search(work, Wanted(query, locale, PUBLIC, limit=_MOST_FOUND))
        if not result.matches:
            await note_miss(work, query, locale, "page")
        hits = found_of(work, result, locale).data
    addresses = {one: f"{site.url}/{one}" for one in site.locales}
    return page("results.html", site, locale, {"hits": hits, "query": query}, alternates=addresses)


async def show_article(request: Request) -> Response:
    async with _entered(request) as work:
        return await _article(work, request, is_thanked=False)


async def take_vote(request: Request) -> Response:
    """Readers are told apart by their address and browser, of which a hash is kept: no cookie is set for it."""
    form = await request.form(max_fields=10, max_files=0)
    helpful, comment = form.get("helpful"), form.get("comment")
    async with _entered(request) as work:
        article, _ = await public_article(work, article_in(request.path_params["named"]))
        if helpful in ("yes", "no"):
            await work.session.refresh(article, with_for_update=True)
            said = str(comment).replace("\0", "").strip()[:LONGEST_COMMENT] if comment else None
            await votes.vote(work, article, _visitor(request), helpful=helpful == "yes", comment=said or None)
        return await _article(work, request, is_thanked=True)


async def give_file(request: Request) -> Response:
    async with _entered(request) as work:
        article, _ = await public_article(work, article_in(request.path_params["named"]))
        file_id = article_in(request.path_params["file"])
        return await attachments.content_of(work, article.id, file_id or UUID(int=0))


async def give_sitemap(request: Request) -> Response:
    """Every page of every language."""
    async with _entered(request) as work:
        site = await open_site(work)
        homes = {locale: f"{site.url}/{locale}" for locale in site.locales}
        entries: list[dict[str, Any]] = [{"url": url, "changed": None, "alternates": homes} for url in homes.values()]
        for article, translations in await every_article(work):
            addresses = _addresses(work, article.id, translations)
            changed = article.updated_at.date().isoformat()
            entries += [{"url": url, "changed": changed, "alternates": addresses} for url in addresses.values()]
    return sitemap(entries)


async def give_feed(request: Request) -> Response:
    """What is new in this language, for feed readers."""
    async with _entered(request) as work:
        site, locale = await _site(work, request)
        return feed(site, locale, await news(work, locale), work.now)


async def suggest(request: Request) -> Response:
    """Articles for somebody who is typing, such as in a contact form: `?q=` and `?locale=`. Any page may ask."""
    query = request.query_params
    async with _entered(request) as work:
        site = await open_site(work)
        locale = best_of(site.locales, query.get("locale"), *accepted_languages(request)) or site.locales[0]
        said = query.get("q", "")[:LONGEST_QUERY].replace("\0", "")
        result = await search(work, Wanted(said, locale, PUBLIC, prefix=True, limit=MOST_SUGGESTED))
        found = found_of(work, result, locale)
    headers = {"Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin"}
    return JSONResponse(found.model_dump(mode="json"), headers=headers)


def _friendly(shown: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    """Whatever fails, a reader gets a page, not a problem document."""

    async def endpoint(request: Request) -> Response:
        try:
            return await shown(request)
        except Exception as problem:
            failure = translate(problem)
            locale = request.path_params.get("locale") or next(iter(accepted_languages(request)), FALLBACK)
            title, text = words_in(locale)["missing" if failure.status == 404 else "unavailable"]
            return page("message.html", None, locale, {"title": title, "text": text}, status=failure.status)

    return endpoint


ROUTES = (
    Route("/help/{site}", _friendly(choose_language), methods=["GET"]),
    Route("/help/{site}/sitemap.xml", _friendly(give_sitemap), methods=["GET"]),
    Route("/help/{site}/suggestions", suggest, methods=["GET"]),
    Route("/help/{site}/{locale}", _friendly(show_home), methods=["GET"]),
    Route("/help/{site}/{locale}/feed.atom", _friendly(give_feed), methods=["GET"]),
    Route("/help/{site}/{locale}/search", _friendly(show_results), methods=["GET"]),
    Route("/help/{site}/{locale}/articles/{named}", _friendly(show_article), methods=["GET"]),
    Route("/help/{site}/{locale}/articles/{named}/vote", _friendly(take_vote), methods=["POST"]),
    Route("/help/{site}/{locale}/articles/{named}/files/{file}", _friendly(give_file), methods=["GET"]),
)


def _entered(request: Request) -> AbstractAsyncContextManager[Work]:
    """Raises `NoSuchPage` for what cannot be a site."""
    account_id = account_in(request.path_params["site"])
    if account_id is None:
        raise NoSuchPage
    return public_work(request, account_id, READER)


async def _site(work: Work, request: Request) -> tuple[Site, str]:
    """Raises `NoSuchPage` for a language that there is nothing to read in."""
    site, locale = await open_site(work), request.path_params["locale"]
    if locale not in site.locales:
        raise NoSuchPage
    return site, locale


async def _article(work: Work, request: Request, *, is_thanked: bool) -> Response:
    site, locale = await _site(work, request)
    article, translations = await public_article(work, article_in(request.path_params["named"]))
    if locale not in translations:
        raise NoSuchPage
    translation, addresses = translations[locale], _addresses(work, article.id, translations)
    files = list(await work.session.scalars(attachments.attached_to(work, article.id)))
    context = {
        "title": translation.title,
        "summary": translation.summary,
        "html": as_html(translation.body),
        "files": files,
        "here": addresses[locale],
        "changed": translation.updated_at.date().isoformat(),
        "is_thanked": is_thanked,
        "query": "",
    }
    return page("article.html", site, locale, context, canonical=addresses[locale], alternates=addresses)


def _addresses(work: Work, article_id: UUID, translations: Any) -> dict[str, str]:
    def address(locale: str, translation: Translation) -> str:
        return article_url(work.settings, work.account_id, locale, article_id, translation.title)

    return {locale: address(locale, translation) for locale, translation in sorted(translations.items())}


def _visitor(request: Request) -> str:
    place = request.client.host if request.client else ""
    agent = request.headers.get("user-agent", "")
    return hashlib.sha256(f"{place}\n{agent}".encode()).hexdigest()
