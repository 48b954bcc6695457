"""Bodies of `/v1/survey-templates`."""

from services.survey.definition.document import Definition
from services.survey.surveys.schemas import SurveyKind
from shared.http.schemas import Model


class TemplateOut(Model):
    """`journey_stage`: when it is asked; null for one that is only a metric. `scale`: of its leading score."""

    key: str
    name: str
    kind: SurveyKind
    journey_stage: str | None
    scale: tuple[int, int] | None
    questions: int
    locales: list[str]


class TemplateDetail(TemplateOut):
    definition: Definition
