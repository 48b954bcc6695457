"""`/v1/text-models/external`: a language model of somebody else's, off unless an account wants it."""

from fastapi import Response

from services.survey.external_models.models import ExternalModel
from services.survey.external_models.schemas import LabellingModelOut
from services.survey.external_models.service import shown
from services.survey.learning.auth import ModelsRead, ModelsWrite
from shared.external_models import service as external
from shared.external_models.schemas import ExternalModelIn
from shared.http.dependencies import IfMatch, RuntimeDep, set_etag
from shared.http.egress import guarded_client
from shared.http.routing import APIRouter

router = APIRouter(prefix="/v1/text-models/external", tags=["text models"])


@router.get("")
async def get_external_model(work: ModelsRead, response: Response) -> LabellingModelOut:
    """How it is set, and what was used of it this month."""
    model = await external.read(work, ExternalModel)
    set_etag(response, model.version)
    return await shown(work, model)


@router.put("")
async def set_external_model(
    body: ExternalModelIn, work: ModelsWrite, runtime: RuntimeDep, if_match: IfMatch, response: Response
) -> LabellingModelOut:
    """Texts that are heard from now on are sent there as well, with card, account and telephone numbers and mail
    addresses masked. Read docs/guides/learning.md on costs and data protection first."""
    model = await external.configure(work, ExternalModel, body, guarded_client(runtime), expected=if_match)
    set_etag(response, model.version)
    return await shown(work, model)


@router.delete("", status_code=204)
async def remove_external_model(work: ModelsWrite) -> None:
    """With its key. Labels that it made stay; `POST /v1/relabelings` reads them anew."""
    await external.remove(work, ExternalModel)
