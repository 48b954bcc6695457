"""The open link as a QR code, for a receipt, a table or a poster (ISO/IEC 18004)."""

from io import BytesIO
from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

import segno
from fastapi import Query, Response
from pydantic import StringConstraints

from services.survey.invitations.tokens import Link, LinkKind, Links
from services.survey.surveys import service as surveys
from services.survey.surveys.auth import SurveysRead
from shared.http.routing import APIRouter
from shared.work import Work

router = APIRouter(prefix="/v1/surveys/{survey_id}", tags=["invitations"])
Pair = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}:[^\x00-\x1f]{1,200}$")]
Fields = Annotated[
    list[Pair],
    Query(max_length=10, description="What the link carries, as `key:value`: a hidden field such as `store:12`."),
]
Scale = Annotated[int, Query(ge=1, le=40, description="Pixels of one module.")]


@router.get("/qr.svg", response_class=Response, responses={200: {"content": {"image/svg+xml": {}}}})
async def get_qr_svg(survey_id: UUID, work: SurveysRead, field: Fields = [], scale: Scale = 8) -> Response:  # noqa: B006
    """The open link as a QR code for print, of any size."""
    return await _drawn(work, survey_id, field, "svg", scale)


@router.get("/qr.png", response_class=Response, responses={200: {"content": {"image/png": {}}}})
async def get_qr_png(survey_id: UUID, work: SurveysRead, field: Fields = [], scale: Scale = 8) -> Response:  # noqa: B006
    """The open link as a QR code for screens."""
    return await _drawn(work, survey_id, field, "png", scale)


async def _drawn(work: Work, survey_id: UUID, fields: list[str], kind: str, scale: int) -> Response:
    survey = await surveys.read(work, survey_id)
    code = segno.make(open_link(work, survey.id, fields), error="m", micro=False)
    drawn = BytesIO()
    # Four modules of quiet zone, as the standard asks for.
    code.save(drawn, kind=kind, scale=scale, border=4)
    media_type = {"svg": "image/svg+xml", "png": "image/png"}[kind]
    return Response(drawn.getvalue(), media_type=media_type)


def open_link(work: Work, survey_id: UUID, fields: list[str]) -> str:
    """`fields` as `key:value`."""
    url = Links(work.settings).url(Link(LinkKind.OPEN, work.account_id, survey_id))
    pairs = [(key, value) for key, _, value in (field.partition(":") for field in fields)]
    return f"{url}?{urlencode(pairs)}" if pairs else url
