"""`/v1/relabelings`: what was said before, read by the models and topics of today."""

from uuid import UUID

from services.survey.learning.auth import ModelsRead, ModelsWrite
from services.survey.relabelings import service as relabelings
from services.survey.relabelings.models import Relabeling
from services.survey.relabelings.schemas import NewRelabeling, RelabelingOut
from shared.db.pagination import Page, PageQuery, paginate
from shared.http.routing import APIRouter

router = APIRouter(prefix="/v1/relabelings", tags=["text models"])


@router.post("", status_code=202)
async def start_relabeling(body: NewRelabeling, work: ModelsWrite) -> RelabelingOut:
    """Read feedback again. Labels that people gave stay; whoever counts hears of those that changed."""
    return RelabelingOut.model_validate(await relabelings.start(work, body))


@router.get("")
async def list_relabelings(work: ModelsRead, page: PageQuery) -> Page[RelabelingOut]:
    """Newest first."""
    keys = (Relabeling.created_at.desc(), Relabeling.id.desc())
    found: Page[Relabeling] = await paginate(work.session, relabelings.listed(work), page, keys=keys)
    return found.map(RelabelingOut.model_validate)


@router.get("/{relabeling_id}")
async def get_relabeling(relabeling_id: UUID, work: ModelsRead) -> RelabelingOut:
    """How far it is."""
    return RelabelingOut.model_validate(await relabelings.read(work, relabeling_id))


@router.post("/{relabeling_id}/stop")
async def stop_relabeling(relabeling_id: UUID, work: ModelsWrite) -> RelabelingOut:
    """Stop it between two pieces. What was read again stays so."""
    return RelabelingOut.model_validate(await relabelings.stop(work, relabeling_id))
