"""`/solved/{token}`: where a customer says whether it is solved. No account, no script; the link is the credential.

Looking changes nothing, for mail scanners follow every link; only a form that is sent does.
"""

from typing import Final

from fastapi import Request, Response

from services.tickets.accounts.models import Account
from services.tickets.cases.repository import NoSuchTicket
from services.tickets.confirmations import service as confirmations
from services.tickets.confirmations.links import read_token
from services.tickets.confirmations.words import language_of, words_in
from services.tickets.help.rendering import page
from services.tickets.people import service as people
from shared.bus.events import Actor
from shared.contracts.base import ActorKind
from shared.http.dependencies import public_work, runtime_of
from shared.http.languages import accepted_languages
from shared.http.routing import APIRouter
from shared.work import Work

CUSTOMER: Final = Actor(ActorKind.HUMAN, people.CUSTOMER)
_LONGEST: Final = 5_000
_HEADERS: Final = {
    "Cache-Control": "no-store",
    # The address is a credential; no page that is gone to from here is to learn it.
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
}

router = APIRouter(tags=["loops"])


@router.get("/solved/{token}", include_in_schema=False)
async def ask_whether_solved(token: str, request: Request) -> Response:
    """The question, with what the mail's link meant as the first choice. Nothing is changed."""
    claim = read_token(runtime_of(request).settings, token)
    if claim is None:
        return unknown_link(request)
    try:
        async with public_work(request, claim.account_id, CUSTOMER) as work:
            ticket, standing = await confirmations.look(work, claim.target_id)
            state = "ask" if standing == "done" else "open"
            return await _shown(request, work, state, number=ticket.number)
    except NoSuchTicket:
        return unknown_link(request)


@router.post("/solved/{token}", include_in_schema=False)
async def take_whether_solved(token: str, request: Request) -> Response:
    """Yes or no, and what is missing. Anything else asks again."""
    claim = read_token(runtime_of(request).settings, token)
    if claim is None:
        return unknown_link(request)
    form = await request.form(max_fields=10, max_files=0)
    words = str(form.get("missing") or "").replace("\0", "").strip()[:_LONGEST]
    try:
        async with public_work(request, claim.account_id, CUSTOMER) as work:
            if form.get("solved") == "yes":
                standing = await confirmations.confirm(work, claim.target_id)
                state = "yes" if standing == "done" else "open"
            elif form.get("solved") == "no":
                await confirmations.refuse(work, claim.target_id, words or None)
                state = "no"
            else:
                state = "ask"
            ticket, _ = await confirmations.look(work, claim.target_id)
            return await _shown(request, work, state, number=ticket.number)
    except NoSuchTicket:
        return unknown_link(request)


async def _shown(request: Request, work: Work, state: str, *, number: int) -> Response:
    account = await work.session.get(Account, work.account_id)
    language = language_of(*accepted_languages(request), account.locale if account is not None else None)
    context = {
        "state": state,
        "number": number,
        "business": account.name if account is not None else None,
        "chosen": request.query_params.get("solved"),
        "t": words_in(language),
    }
    return private(page("confirmation.html", None, language, context))


def unknown_link(request: Request) -> Response:
    language = language_of(*accepted_languages(request))
    title, text = words_in(language)["unknown"]
    return private(page("message.html", None, language, {"title": title, "text": text}, status=404))


def private(response: Response) -> Response:
    response.headers.update(_HEADERS)
    return response
