"""`/v1/text-models`: an account's own models, learned from what its people corrected."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from services.survey.learning import service as models
from services.survey.learning.auth import ModelsRead, ModelsWrite
from services.survey.learning.models import Kind, TextModel
from services.survey.learning.schemas import NewTextModel, TextModelOut
from shared.db.pagination import Page, PageQuery, paginate
from shared.http.routing import APIRouter

router = APIRouter(prefix="/v1/text-models", tags=["text models"])


@router.post("", status_code=202)
async def train_text_model(body: NewTextModel, work: ModelsWrite) -> TextModelOut:
    """Make a new version from all corrections. Answers at once; look at the model for how it went."""
    return TextModelOut.model_validate(await models.request(work, body.kind, body.precision))


@router.get("")
async def list_text_models(
    work: ModelsRead,
    page: PageQuery,
    kind: Annotated[Kind | None, Query(description="Only models of this kind.")] = None,
) -> Page[TextModelOut]:
    """All versions with their figures, newest first."""
    keys = (TextModel.created_at.desc(), TextModel.id.desc())
    found: Page[TextModel] = await paginate(work.session, models.listed(work, kind), page, keys=keys)
    return found.map(TextModelOut.model_validate)


@router.get("/{model_id}")
async def get_text_model(model_id: UUID, work: ModelsRead) -> TextModelOut:
    """One version."""
    return TextModelOut.model_validate(await models.read(work, model_id))


@router.post("/{model_id}/activate")
async def activate_text_model(model_id: UUID, work: ModelsWrite) -> TextModelOut:
    """Read with this version from now on, the newest or an older one. Labels that are there already stay: see
    `POST /v1/relabelings`."""
    return TextModelOut.model_validate(await models.activate(work, model_id))


@router.post("/{model_id}/deactivate")
async def deactivate_text_model(model_id: UUID, work: ModelsWrite) -> TextModelOut:
    """Switch it off: the built-in reading alone, until a version is activated again."""
    return TextModelOut.model_validate(await models.deactivate(work, model_id))
