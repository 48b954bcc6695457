"""`/p/{token}`: the page where a reader of our messages says what they want to get, and RFC 8058's one click.

Looking changes nothing, for mail scanners follow every link (RFC 8058, section 1); only a POST does.
"""

from email import message_from_bytes
from email.policy import HTTP
from typing import Final
from urllib.parse import parse_qsl
from uuid import UUID

from fastapi import Request
from fastapi.responses import HTMLResponse, PlainTextResponse, Response

from services.notifier.messages.auth import MessagesRead
from services.notifier.preferences import service as preferences
from services.notifier.preferences.links import LinkKind, preferences_url, read_token
from services.notifier.preferences.page import not_found_page, preferences_page
from services.notifier.preferences.schemas import PreferenceOut, PreferencesOut
from services.notifier.preferences.service import Choice, Preferences
from shared.auth.links import Claim
from shared.bus.events import Actor
from shared.contracts.base import ActorKind
from shared.contracts.consent import ANALYTICS, ANY, SERVICE
from shared.http.dependencies import public_work, runtime_of
from shared.http.errors import NotFound
from shared.http.languages import accepted_languages
from shared.http.routing import APIRouter

MOST_FIELDS: Final = 200
ONE_CLICK: Final = ("List-Unsubscribe", "One-Click")

router = APIRouter(tags=["preferences"])


@router.get("/p/{token}", include_in_schema=False)
async def show_preferences(token: str, request: Request) -> HTMLResponse:
    """The page. Nothing is changed."""
    claim = read_token(runtime_of(request).settings, token)
    if claim is None:
        return not_found_page(accepted_languages(request))
    async with public_work(request, claim.account_id, _reader(claim)) as work:
        found = await preferences.find(work, claim)
        return _page(request, found, is_saved=False)


@router.post("/p/{token}", include_in_schema=False)
async def change_preferences(token: str, request: Request) -> Response:
    """One click of a mail program, or the page's form."""
    claim = read_token(runtime_of(request).settings, token)
    if claim is None:
        return not_found_page(accepted_languages(request))
    form = _form(request.headers.get("content-type", ""), await request.body())
    async with public_work(request, claim.account_id, _reader(claim)) as work:
        found = await preferences.find(work, claim)
        if found is None:
            return _page(request, found, is_saved=False)
        if ONE_CLICK in form:
            # There is no page to see: the mail program only wants to know that it worked.
            choices = [found.about] if found.about else _all_but_service(found)
            await preferences.change(work, found, [(choice, False) for choice in choices], method="one_click")
            return PlainTextResponse("Unsubscribed.")
        await preferences.change(work, found, _wanted(found, form), method="page")
        return _page(request, await preferences.find(work, claim), is_saved=True)


@router.get("/v1/customers/{customer_id}/preferences")
async def read_preferences(customer_id: UUID, work: MessagesRead) -> PreferencesOut:
    """What the customer wants to get, and the address of the page where they say so, for mails and pages of your own.

    What you hear from them in other ways goes to `POST /v1/customers/{customer_id}/consents`, with its proof.
    """
    found = await preferences.of_customer(work, customer_id)
    if found is None:
        raise NotFound("There is no such customer.")
    decisions = [(choice, found.decision(choice)) for choice in found.choices()]
    return PreferencesOut(
        customer_id=customer_id,
        url=preferences_url(work.settings, LinkKind.CUSTOMER, work.account_id, customer_id),
        preferences=[
            PreferenceOut(purpose=c.purpose, channel=c.channel, allowed=decision.allowed, reason=decision.reason)
            for c, decision in decisions
        ],
    )


def _wanted(found: Preferences, form: list[tuple[str, str]]) -> list[tuple[Choice, bool]]:
    if ("go", "stop") in form:
        return [(choice, False) for choice in _all_but_service(found)]
    shown = {value for name, value in form if name == "shown"}
    checked = {value for name, value in form if name == "want"}
    wanted = [(choice, choice.key in checked) for choice in found.choices() if choice.key in shown]
    # Whoever saves the page has said something about what they changed, and nothing about the rest.
    return [(choice, granted) for choice, granted in wanted if found.decision(choice).allowed != granted]


def _all_but_service(found: Preferences) -> list[Choice]:
    """Whoever writes to a business wants an answer, so that stays; and so do numbers that nobody is written to for."""
    purposes = dict.fromkeys(choice.purpose for choice in found.choices())
    return [Choice(purpose, ANY) for purpose in purposes if purpose not in (SERVICE, ANALYTICS)]


def _form(content_type: str, body: bytes) -> list[tuple[str, str]]:
    """The fields of a form in either encoding, for RFC 8058 (section 3.1) leaves it to the mail program. Anything else
    is an empty form."""
    if content_type.lower().startswith("multipart/form-data"):
        parsed = message_from_bytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body, policy=HTTP)
        parts = parsed.iter_parts() if parsed.is_multipart() else ()
        texts = [part for part in parts if part.get_content_type() == "text/plain"]
        return [(str(t.get_param("name", header="content-disposition")), t.get_content().strip()) for t in texts]
    try:
        return parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        return []


def _reader(claim: Claim) -> Actor:
    return Actor(ActorKind.HUMAN, str(claim.target_id))


def _page(request: Request, found: Preferences | None, *, is_saved: bool) -> HTMLResponse:
    accepted = accepted_languages(request)
    return not_found_page(accepted) if found is None else preferences_page(found, accepted=accepted, is_saved=is_saved)
