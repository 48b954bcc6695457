"""`/mailbox`: what customers would have received, for those who try Heed out.

It shows every account's mail to whoever can open the page, so it exists only while mail is kept here: in development
without a mail server, or where an operator switched it on.
"""

from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment as Templates
from jinja2 import FileSystemLoader, select_autoescape
from sqlalchemy import select
from sqlalchemy.orm import defer

from services.notifier.mailbox.models import MailboxMail
from shared.http.dependencies import runtime_of
from shared.http.errors import Forbidden, NotFound
from shared.http.routing import APIRouter
from shared.service import Runtime
from shared.settings import Environment, ServiceSettings

SHOWN = 100
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; base-uri 'none'; form-action 'none'"
# The mail itself: no script, no form, nothing fetched but pictures; its links open a page of their own.
_MAIL_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src https: data:; form-action 'none'; "
    "frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox"
)
_PAGES = Templates(
    loader=FileSystemLoader(Path(__file__).parent / "pages"), autoescape=select_autoescape(), auto_reload=False
)

router = APIRouter(prefix="/mailbox", tags=["mailbox"], include_in_schema=False)


class NoMailbox(NotFound):
    """There is no built-in mailbox here: mail goes out through a mail server."""


class OtherHost(Forbidden):
    """The mailbox is shown at localhost and at the host of HEED_PUBLIC_URL only. Open it there."""

    code = "other_host"


@router.get("")
async def list_mail(request: Request) -> HTMLResponse:
    """The newest mails; the page looks again by itself."""
    runtime = _mailbox_of(request)
    newest = select(MailboxMail).options(defer(MailboxMail.content)).order_by(MailboxMail.id.desc()).limit(SHOWN)
    async with runtime.database.transaction(None) as session:
        mails = list(await session.scalars(newest))
    return _page("list.html", mails=mails, now=runtime.clock.now())


@router.get("/{mail_id}")
async def show_mail(mail_id: UUID, request: Request) -> HTMLResponse:
    """One mail: its envelope, its HTML in a frame of its own, its plain text."""
    mail = await _find(request, mail_id)
    content = _parsed(mail)
    text = content.get_body(("plain",))
    headers = [(name, value) for name, value in content.items() if name not in ("MIME-Version", "Content-Type")]
    html = content.get_body(("html",)) is not None
    return _page("mail.html", mail=mail, html=html, text=text.get_content() if text else "", headers=headers)


@router.get("/{mail_id}/html")
async def show_html(mail_id: UUID, request: Request) -> HTMLResponse:
    """The HTML part alone, as a mail program would show it."""
    html = _parsed(await _find(request, mail_id)).get_body(("html",))
    body = html.get_content() if html else ""
    body = body.replace("<head>", '<head><base target="_blank">', 1)
    return HTMLResponse(body, headers={"Content-Security-Policy": _MAIL_POLICY, "X-Frame-Options": "SAMEORIGIN"})


async def _find(request: Request, mail_id: UUID) -> MailboxMail:
    runtime = _mailbox_of(request)
    async with runtime.database.transaction(None) as session:
        found = await session.get(MailboxMail, mail_id)
    if found is None:
        raise NotFound("This mail is not, or no longer, in the mailbox.")
    return found


def _mailbox_of(request: Request) -> Runtime:
    runtime = runtime_of(request)
    if not runtime.settings.uses_mailbox:
        raise NoMailbox
    _refuse_other_hosts(request, runtime.settings)
    return runtime


def _refuse_other_hosts(request: Request, settings: ServiceSettings) -> None:
    """DNS rebinding: a page whose own name has come to mean this machine could read the mail as its own."""
    if settings.environment is not Environment.DEVELOPMENT:
        return  # There the edge decides which names it answers to.
    try:
        host = urlsplit(f"//{request.headers.get('host', '')}").hostname
    except ValueError:
        host = None
    if host not in _LOOPBACK | {urlsplit(settings.public_url).hostname}:
        raise OtherHost


def _parsed(mail: MailboxMail) -> EmailMessage:
    return message_from_bytes(mail.content, policy=default)


def _page(name: str, **values: object) -> HTMLResponse:
    html = _PAGES.get_template(name).render(**values)
    return HTMLResponse(html, headers={"Content-Security-Policy": _PAGE_POLICY, "Cache-Control": "no-store"})
