"""`/v1/assistant/external-model`: a language model of somebody else's, off unless an account wants it."""

from fastapi import Response

from services.tickets.phrasing.auth import WordingRead, WordingWrite
from services.tickets.phrasing.models import ExternalModel
from shared.external_models import service as external
from shared.external_models.schemas import ExternalModelIn, ExternalModelOut
from shared.http.dependencies import IfMatch, RuntimeDep, set_etag
from shared.http.egress import guarded_client
from shared.http.routing import APIRouter

router = APIRouter(prefix="/v1/assistant/external-model", tags=["conversations"])


@router.get("")
async def get_wording_model(work: WordingRead, response: Response) -> ExternalModelOut:
    """How it is set, and what was used of it this month."""
    model = await external.read(work, ExternalModel)
    set_etag(response, model.version)
    return external.shown(work, model)


@router.put("")
async def set_wording_model(
    body: ExternalModelIn, work: WordingWrite, runtime: RuntimeDep, if_match: IfMatch, response: Response
) -> ExternalModelOut:
    """What customers ask is sent there from now on, with the passages that may answer, and with card, account and
    telephone numbers and mail addresses masked. Read docs/guides/assistant.md on costs and data protection first."""
    model = await external.configure(work, ExternalModel, body, guarded_client(runtime), expected=if_match)
    set_etag(response, model.version)
    return external.shown(work, model)


@router.delete("", status_code=204)
async def remove_wording_model(work: WordingWrite) -> None:
    """With its key. The assistant answers in the words of the articles again."""
    await external.remove(work, ExternalModel)
