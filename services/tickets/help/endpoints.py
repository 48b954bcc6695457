"""`/v1/help-centre`: how the hosted help pages look, and whether there are any."""

from typing import Any

from fastapi import Response

from services.tickets.articles.addresses import site_url
from services.tickets.auth import TicketsRead, TicketsWrite
from services.tickets.help.models import HelpCentre
from services.tickets.help.schemas import HelpCentreIn, HelpCentreOut
from shared.colours import CARD, DARK_CARD, READABLE, contrast, darkened, lightened
from shared.http.dependencies import IfMatch, check_match, set_etag
from shared.http.errors import Unacceptable
from shared.http.routing import APIRouter
from shared.work import Work

router = APIRouter(prefix="/v1/help-centre", tags=["articles"])


@router.get("")
async def read_help_centre(work: TicketsRead, response: Response) -> HelpCentreOut:
    """Its address and its looks. It is open as long as nobody closes it, and shows what is public."""
    return _answer(work, await work.session.get(HelpCentre, work.account_id), response)


@router.put("")
async def replace_help_centre(
    body: HelpCentreIn, work: TicketsWrite, expected: IfMatch, response: Response
) -> HelpCentreOut:
    """All of it at once. A colour that nobody could read is refused, with one that would do."""
    _check(body.accent, CARD, darkened(body.accent, CARD), "/accent")
    if body.accent_dark is not None:
        _check(body.accent_dark, DARK_CARD, lightened(body.accent_dark, DARK_CARD), "/accent_dark")
    centre = await work.session.get(HelpCentre, work.account_id, with_for_update=True)
    check_match(expected, centre.version if centre else 0)
    if centre is None:
        centre = HelpCentre(account_id=work.account_id, version=0)
        work.session.add(centre)
    for name, value in body.model_dump().items():
        setattr(centre, name, value)
    centre.version += 1
    centre.updated_at = work.now
    await work.session.flush()
    return _answer(work, centre, response)


def _answer(work: Work, centre: HelpCentre | None, response: Response) -> HelpCentreOut:
    looks: Any = centre or HelpCentreIn()
    url, version = site_url(work.settings, work.account_id), centre.version if centre else 0
    set_etag(response, version)
    own = {name: getattr(looks, name) for name in HelpCentreIn.model_fields}
    return HelpCentreOut(version=version, url=url, sitemap=f"{url}/sitemap.xml", **own)


def _check(colour: str, background: str, better: str, pointer: str) -> None:
    has = contrast(colour, background)
    if has < READABLE:
        detail = (
            f"{colour} on {background} has a contrast of {has:.1f} : 1, and {READABLE} : 1 is needed to read it "
            f"(WCAG 2.2, 1.4.3). {better} would do."
        )
        raise Unacceptable.field(pointer, "contrast", detail)
