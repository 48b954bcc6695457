"""`/v1/surveys/logos`: images for hosted pages; and `/s/logos/{token}`, where respondents' browsers find them."""

from fastapi import Request, Response
from starlette.routing import Route

from services.survey.invitations.tokens import LinkKind, Links
from services.survey.logos import service as logos
from services.survey.logos.models import Logo
from services.survey.logos.schemas import LogoOut
from services.survey.surveys.auth import SurveysRead, SurveysWrite
from shared.bus.events import Actor
from shared.contracts.base import ActorKind
from shared.db.pagination import Page, PageQuery, paginate
from shared.http.dependencies import public_work, runtime_of
from shared.http.routing import APIRouter
from shared.work import Work

router = APIRouter(prefix="/v1/surveys/logos", tags=["surveys"])

_ANYBODY = Actor(ActorKind.HUMAN, "respondent")
_BYTES = {"requestBody": {"required": True, "content": {"application/octet-stream": {"schema": {"type": "string"}}}}}


@router.post("", status_code=201, openapi_extra=_BYTES)
async def upload_logo(request: Request, work: SurveysWrite) -> LogoOut:
    """Hand in a PNG, JPEG, WebP or GIF of at most 200 kB, as the body. One that no survey names goes after two days."""
    return _out(work, await logos.take(work, await request.body()))


@router.get("")
async def list_logos(work: SurveysRead, page: PageQuery) -> Page[LogoOut]:
    """All logos, newest first."""
    keys = (Logo.created_at.desc(), Logo.id.desc())
    found: Page[Logo] = await paginate(work.session, logos.listed(work), page, keys=keys)
    return found.map(lambda logo: _out(work, logo))


async def show_logo(request: Request) -> Response:
    """Logos and nothing else: the token says so, and so does the table that is looked into."""
    link = Links(runtime_of(request).settings).read(request.path_params["token"])
    if link is None or link.kind is not LinkKind.LOGO:
        raise logos.LogoNotFound
    async with public_work(request, link.account_id, _ANYBODY) as work:
        media_type, content = await logos.content_of(work, link.target_id)
    # Another image has another address.
    return Response(content, headers={"Cache-Control": "public, max-age=31536000, immutable"}, media_type=media_type)


ROUTES = (Route("/s/logos/{token}", show_logo, methods=["GET"]),)


def _out(work: Work, logo: Logo) -> LogoOut:
    return LogoOut(
        id=logo.id,
        media_type=logo.media_type,
        size=logo.size,
        url=logos.url_of(work.settings, logo.account_id, logo.id),
        created_at=logo.created_at,
    )
