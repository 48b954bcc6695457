"""`/v1/taxonomy`: the topics that texts are read for."""

from fastapi import Response

from services.survey.definition.texts import Key
from services.survey.feedback.auth import FeedbackRead
from services.survey.surveys.auth import SurveysWrite
from services.survey.taxonomy import service as taxonomies
from services.survey.taxonomy.document import TaxonomyDefinition
from services.survey.taxonomy.schemas import NewTopic, TaxonomyOut, TopicChange, TopicMerge, Trial, TrialOut
from services.survey.understanding.analysis import analyse
from shared.http.dependencies import IfMatch, set_etag
from shared.http.routing import APIRouter

router = APIRouter(prefix="/v1/taxonomy", tags=["taxonomy"])


@router.get("")
async def get_taxonomy(work: FeedbackRead, response: Response) -> TaxonomyOut:
    """The topics of both levels, with the words that lead to them."""
    return _tagged(response, await taxonomies.read(work))


@router.put("")
async def replace_taxonomy(
    body: TaxonomyDefinition, work: SurveysWrite, if_match: IfMatch, response: Response
) -> TaxonomyOut:
    """Holds for whatever is said from now on."""
    return _tagged(response, await taxonomies.replace(work, body, expected=if_match))


@router.post("/reset")
async def reset_taxonomy(work: SurveysWrite, if_match: IfMatch, response: Response) -> TaxonomyOut:
    """Back to the one that Heed comes with."""
    return _tagged(response, await taxonomies.reset(work, expected=if_match))


@router.post("/trial")
async def try_taxonomy(body: Trial, work: FeedbackRead) -> TrialOut:
    """What would be found in a text. Nothing is stored."""
    taxonomy = await taxonomies.current(work)
    return TrialOut.of(analyse(body.text, rating=None, language_hint=body.language, taxonomy=taxonomy))


@router.post("/topics", status_code=201)
async def add_topic(body: NewTopic, work: SurveysWrite, if_match: IfMatch, response: Response) -> TaxonomyOut:
    """Add a topic, or a part of one."""
    return _tagged(response, await taxonomies.add(work, body, expected=if_match))


@router.patch("/topics/{topic_key}")
async def change_topic(
    topic_key: Key, body: TopicChange, work: SurveysWrite, if_match: IfMatch, response: Response
) -> TaxonomyOut:
    """Rename a topic, move it, change its words, retire it or take it back."""
    return _tagged(response, await taxonomies.change(work, topic_key, body, expected=if_match))


@router.delete("/topics/{topic_key}")
async def retire_topic(topic_key: Key, work: SurveysWrite, if_match: IfMatch, response: Response) -> TaxonomyOut:
    """Look for it and its parts no more. What was found stays, and it can be taken back."""
    return _tagged(response, await taxonomies.retire(work, topic_key, expected=if_match))


@router.post("/topics/{topic_key}/merge")
async def merge_topic(
    topic_key: Key, body: TopicMerge, work: SurveysWrite, if_match: IfMatch, response: Response
) -> TaxonomyOut:
    """Give its words and its parts to another topic, and retire it."""
    return _tagged(response, await taxonomies.merge(work, topic_key, body.into, expected=if_match))


def _tagged(response: Response, taxonomy: TaxonomyOut) -> TaxonomyOut:
    set_etag(response, taxonomy.version)
    return taxonomy
