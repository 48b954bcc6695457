"""`/v1/survey-templates`. `POST /v1/surveys` with `template` makes a survey of one."""

from typing import Annotated

from fastapi import Query

from services.survey.definition.questions import bounds
from services.survey.definition.texts import Locale, in_locale
from services.survey.surveys.auth import SurveysRead
from services.survey.surveys.schemas import SurveyKind
from services.survey.templates.catalogue import Template, languages, template, templates
from services.survey.templates.schemas import TemplateDetail, TemplateOut
from shared.db.pagination import Page
from shared.http.routing import APIRouter

router = APIRouter(prefix="/v1/survey-templates", tags=["surveys"])

InLocale = Annotated[Locale, Query(description="The language of the template's name.")]


@router.get("")
async def list_survey_templates(
    work: SurveysRead,
    locale: InLocale = "en",
    kind: Annotated[SurveyKind | None, Query(description="Only this kind.")] = None,
    journey_stage: Annotated[str | None, Query(max_length=64, description="Only for this stage.")] = None,
) -> Page[TemplateOut]:
    """All templates: metrics first, then the stages of a journey in their order."""
    found = [
        TemplateOut.model_validate(_fields(each, locale))
        for each in templates().values()
        if kind in (None, each.kind) and journey_stage in (None, each.journey_stage)
    ]
    return Page(data=found, next_cursor=None)


@router.get("/{key}")
async def get_survey_template(
    key: str,
    work: SurveysRead,
    locale: InLocale = "en",
    locales: Annotated[list[Locale] | None, Query(description="Only these languages, the first before all.")] = None,
) -> TemplateDetail:
    """One template with all it asks, in the languages wanted."""
    found = template(key)
    return TemplateDetail.model_validate(_fields(found, locale) | {"definition": found.definition(locales or ())})


def _fields(each: Template, locale: str) -> dict[str, object]:
    definition = each.definition()
    return {
        "key": each.key,
        "name": in_locale(each.name, locale, "en"),
        "kind": each.kind,
        "journey_stage": each.journey_stage,
        "scale": bounds(definition.score) if definition.score else None,
        "questions": sum(1 for _ in definition.questions),
        "locales": languages(),
    }
