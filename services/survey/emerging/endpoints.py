"""`/v1/emerging-topics`: what people talk about and the list of topics does not have."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from services.survey.emerging import service as emerging
from services.survey.emerging.models import EmergingLook, EmergingTopic, TopicState
from services.survey.emerging.schemas import Adoption, EmergingTopicOut, LookOut
from services.survey.learning.auth import ModelsRead, ModelsWrite
from shared.db.pagination import Page, PageQuery, paginate
from shared.http.errors import NotFound
from shared.http.routing import APIRouter

router = APIRouter(prefix="/v1/emerging-topics", tags=["text models"])


@router.get("")
async def list_emerging_topics(
    work: ModelsRead,
    page: PageQuery,
    state: Annotated[TopicState, Query(description="Only these.")] = TopicState.OPEN,
) -> Page[EmergingTopicOut]:
    """The largest first."""
    keys = (EmergingTopic.size.desc(), EmergingTopic.id.desc())
    found: Page[EmergingTopic] = await paginate(work.session, emerging.listed(work, state), page, keys=keys)
    return found.map(_shown)


@router.get("/look")
async def get_look(work: ModelsRead) -> LookOut:
    """How the last look for them went."""
    known = await work.session.get(EmergingLook, work.account_id)
    if known is None:
        raise NotFound("Nobody has looked for emerging topics yet.")
    return LookOut.model_validate(known)


@router.post("/look", status_code=202)
async def start_look(work: ModelsWrite) -> LookOut:
    """Look now. Otherwise it happens once a day, when something new has no topic."""
    return LookOut.model_validate(await emerging.look(work))


@router.get("/{topic_id}")
async def get_emerging_topic(topic_id: UUID, work: ModelsRead) -> EmergingTopicOut:
    """One of them."""
    return _shown(await emerging.read(work, topic_id))


@router.post("/{topic_id}/dismiss")
async def dismiss_emerging_topic(topic_id: UUID, work: ModelsWrite) -> EmergingTopicOut:
    """Not worth a topic: it does not come back under another id."""
    return _shown(await emerging.dismiss(work, topic_id))


@router.post("/{topic_id}/adopt")
async def adopt_emerging_topic(topic_id: UUID, body: Adoption, work: ModelsWrite) -> EmergingTopicOut:
    """Make it a topic of the list. `POST /v1/relabelings` finds it in what was said before."""
    return _shown(await emerging.adopt(work, topic_id, body))


def _shown(topic: EmergingTopic) -> EmergingTopicOut:
    fields = {name: getattr(topic, name, None) for name in EmergingTopicOut.model_fields}
    examples = topic.members[: emerging.EXAMPLES]
    return EmergingTopicOut.model_validate(fields | {"name": " · ".join(topic.phrases), "examples": examples})
