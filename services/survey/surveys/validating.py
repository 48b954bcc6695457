"""`validate`: everything that is wrong with a definition, in one list, whether its form or its sense."""

from collections.abc import Sequence
from typing import Any, Literal

from pydantic import ValidationError

from services.survey.definition.document import Definition
from services.survey.definition.faults.fault import Fault
from services.survey.definition.faults.finding import faults_in
from services.survey.logos import service as logos
from shared.http.errors import FieldProblem, Unacceptable
from shared.http.problems import from_validation
from shared.http.schemas import Model
from shared.work import Work


class SurveyUnfit(Unacceptable):
    """The survey cannot be published as it is; `errors` say why. `validate` tells warnings too."""

    code = "survey_unfit"


class ToValidate(Model):
    """A definition as for `POST /v1/surveys`, finished or not."""

    definition: dict[str, Any]


class FaultOut(Model):
    """`pointer`: JSON Pointer into the definition. An `error` keeps a survey from being published."""

    severity: Literal["error", "warning"]
    pointer: str
    code: str
    detail: str


class ValidationOut(Model):
    """`publishable`: there is no error among the `faults`."""

    publishable: bool
    faults: list[FaultOut]


async def validate(work: Work, definition: dict[str, Any]) -> ValidationOut:
    """What has not the form of a definition has no sense to look into: its form is told first."""
    try:
        found = await _faults(work, Definition.model_validate(definition))
    except ValidationError as problem:
        unreadable = from_validation(problem.errors(include_url=False), skip=0, document=definition)
        found = [Fault("error", each.pointer, each.code, each.detail) for each in unreadable.errors]
    return ValidationOut(publishable=not _errors(found), faults=[FaultOut.model_validate(fault) for fault in found])


async def require_fit(work: Work, definition: Definition) -> None:
    """Raises `SurveyUnfit` with every error at once."""
    errors = _errors(await _faults(work, definition))
    if errors:
        told = tuple(FieldProblem(f"/definition{each.pointer}", each.code, each.detail) for each in errors)
        first = " ".join(each.detail for each in errors[:3])
        raise SurveyUnfit(f"The survey cannot be published: {first}", errors=told)


async def _faults(work: Work, definition: Definition) -> list[Fault]:
    """What can be seen in the document itself, and what it names that is not there."""
    return [*await logos.faults(work, definition), *faults_in(definition, work.now.date())]


def _errors(found: Sequence[Fault]) -> list[Fault]:
    return [fault for fault in found if fault.severity == "error"]
