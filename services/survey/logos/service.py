"""Logos: taken from staff, shown to everybody, kept while a survey or one of its versions names them."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import Select, select

from services.survey.definition.document import Definition, Theme
from services.survey.definition.faults.fault import Fault, error
from services.survey.invitations.tokens import Link, LinkKind, Links
from services.survey.logos.models import Logo
from services.survey.surveys.models import Survey, SurveyVersion
from shared.bus.subscriptions import Timer
from shared.files import FileMissing, file_key, file_store
from shared.http.errors import NotFound, TooLarge, Unacceptable
from shared.ids import new_id
from shared.settings import ServiceSettings
from shared.sniffing import media_type_of
from shared.work import Work

LARGEST: Final = 200_000
# What every browser shows. No SVG: it is a document, which can run and fetch.
ACCEPTED: Final = ("image/png", "image/jpeg", "image/webp", "image/gif")
UNUSED: Final = "logos.unused"
# Time enough to put a new one into a survey; afterwards it is looked at from time to time.
UNUSED_AFTER: Final = timedelta(days=2)
LOOKED_AT_EVERY: Final = timedelta(days=30)


class LogoNotFound(NotFound):
    """There is no such logo here."""

    code = "logo_not_found"


async def take(work: Work, content: bytes) -> Logo:
    """Store an image. Raises `Unacceptable` or `TooLarge`."""
    if len(content) > LARGEST:
        raise TooLarge(f"A logo may have {LARGEST // 1_000} kB. Make it smaller: it is shown 48 pixels high.")
    media_type = media_type_of(content, "", {"image"})
    if media_type not in ACCEPTED:
        raise Unacceptable.field("/", "wrong_kind_of_file", "Send a PNG, JPEG, WebP or GIF image, as the body.")
    logo = Logo(id=new_id(), account_id=work.account_id, media_type=media_type, size=len(content), created_at=work.now)
    work.session.add(logo)
    await work.schedule(UNUSED, key=str(logo.id), due_at=work.now + UNUSED_AFTER)
    # The bytes first: a row never names an image that is not there.
    await file_store(work.settings).put(file_key(work.account_id, logo.id), content)
    return logo


def listed(work: Work) -> Select[Any]:
    return select(Logo).where(Logo.account_id == work.account_id)


async def content_of(work: Work, logo_id: UUID) -> tuple[str, bytes]:
    """Media type and bytes. Raises `LogoNotFound`."""
    logo = await work.session.scalar(listed(work).where(Logo.id == logo_id))
    if logo is None:
        raise LogoNotFound
    try:
        return logo.media_type, await file_store(work.settings).get(file_key(work.account_id, logo.id))
    except FileMissing:
        raise LogoNotFound from None


def url_of(settings: ServiceSettings, account_id: UUID, logo_id: UUID) -> str:
    return Links(settings).url(Link(LinkKind.LOGO, account_id, logo_id))


def address_of(settings: ServiceSettings, account_id: UUID, theme: Theme) -> str | None:
    """The logo's path, for pages of the same origin; None for a theme without one."""
    logo_id = _id_in(theme)
    return None if logo_id is None else urlsplit(url_of(settings, account_id, logo_id)).path


async def faults(work: Work, definition: Definition) -> Sequence[Fault]:
    """A logo that is not there. One that is there stays until the end of this transaction."""
    theme = definition.theme
    if theme.logo_file_id is None:
        return ()
    wanted = _id_in(theme)
    # Against `forget_unused`, which would not see a version that is only being published.
    found = wanted and await work.session.scalar(listed(work).where(Logo.id == wanted).with_for_update(read=True))
    if found:
        return ()
    detail = "There is no such logo here. Upload it with `POST /v1/surveys/logos`, and give the id that is answered."
    return (error("/theme/logo_file_id", "unknown_logo", detail),)


async def forget_unused(work: Work, timer: Timer) -> None:
    """What no survey names, in its working copy or in any version, is deleted."""
    logo_id = UUID(timer.key)
    logo = await work.session.scalar(listed(work).where(Logo.id == logo_id).with_for_update())
    if logo is not None and await _is_named(work, logo_id):
        await work.schedule(UNUSED, key=timer.key, due_at=work.now + LOOKED_AT_EVERY)
        return
    if logo is not None:
        await work.session.delete(logo)
    await file_store(work.settings).delete(file_key(work.account_id, logo_id))


async def _is_named(work: Work, logo_id: UUID) -> bool:
    for owner in (Survey, SurveyVersion):
        named = owner.definition["theme"]["logo_file_id"].astext == str(logo_id)
        statement = select(1).select_from(owner).where(owner.account_id == work.account_id, named).limit(1)
        if await work.session.scalar(statement) is not None:
            return True
    return False


def _id_in(theme: Theme) -> UUID | None:
    """None for what is no id, or is spelt in another way than ours: `_is_named` compares letters."""
    try:
        logo_id = UUID(theme.logo_file_id or "")
    except ValueError:
        return None
    return logo_id if str(logo_id) == theme.logo_file_id else None
