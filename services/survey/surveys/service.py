"""The life of a survey: draft → published ⇄ paused → archived. What was published is kept as a version, unchanged."""

from typing import Any
from uuid import UUID

from sqlalchemy import Select, select

from services.survey.definition.document import Definition
from services.survey.definition.texts import best_locale
from services.survey.surveys.models import Survey, SurveyState, SurveyVersion
from services.survey.surveys.ready_made import ready_made, reworded
from services.survey.surveys.schemas import READY_MADE, NewSurvey, SurveyChange, SurveyKind
from services.survey.surveys.validating import require_fit
from services.survey.templates.catalogue import template
from shared.contracts.survey import SurveyPublished
from shared.http.errors import Conflict, NotFound, Unacceptable
from shared.ids import new_id
from shared.work import Work

_OF_THE_DEFINITION = frozenset({"definition", "texts", "locale"})


class SurveyNotFound(NotFound):
    """There is no such survey here."""

    code = "survey_not_found"


class SurveyArchived(Conflict):
    """The survey is archived, which is final. Duplicate it to go on with a copy."""

    code = "survey_archived"


class SurveyNotPublished(Conflict):
    """The survey is not published. Publish it first."""

    code = "survey_not_published"


async def create(work: Work, new: NewSurvey, *, built_in: str | None = None) -> Survey:
    """A draft with its own definition, that of a template, or the ready-made one of its kind."""
    definition = _wanted(new)
    survey = Survey(
        id=new_id(),
        account_id=work.account_id,
        name=new.name,
        kind=_kind(new, definition),
        state=SurveyState.DRAFT,
        version=1,
        published_version=None,
        touchpoint=new.touchpoint,
        journey_stage=new.journey_stage or (template(new.template).journey_stage if new.template else None),
        cooldown_days=new.cooldown_days,
        opens_at=new.opens_at,
        closes_at=new.closes_at,
        response_limit=new.response_limit,
        built_in=built_in,
        definition=_dumped(definition),
        created_at=work.now,
        updated_at=work.now,
    )
    _check_schedule(survey)
    work.session.add(survey)
    return survey


def listed(work: Work, *, kind: SurveyKind | None, state: SurveyState | None) -> Select[Any]:
    """Newest first, by creation."""
    statement = select(Survey).where(Survey.account_id == work.account_id)
    if kind is not None:
        statement = statement.where(Survey.kind == kind)
    if state is not None:
        statement = statement.where(Survey.state == state)
    return statement


async def read(work: Work, survey_id: UUID) -> Survey:
    """Raises `SurveyNotFound`."""
    return await _one(work, select(Survey).where(Survey.id == survey_id))


async def read_to_change(work: Work, survey_id: UUID) -> Survey:
    """Locks the row, so that two changes come one after the other. Raises `SurveyNotFound` or `SurveyArchived`."""
    survey = await _one(work, select(Survey).where(Survey.id == survey_id).with_for_update())
    if survey.state is SurveyState.ARCHIVED:
        raise SurveyArchived
    return survey


def change(work: Work, survey: Survey, wanted: SurveyChange) -> None:
    """Edit the working copy. Raises `Unacceptable` for a first language that it does not have, or a schedule that ends
    before it begins."""
    given = wanted.model_fields_set
    for field in given - _OF_THE_DEFINITION:
        setattr(survey, field, getattr(wanted, field))
    if given & _OF_THE_DEFINITION:
        survey.definition = _dumped(_changed(definition_of(survey), wanted))
    _check_schedule(survey)
    _touch(work, survey)


async def publish(work: Work, survey: Survey) -> None:
    """Open for answers. A new version is made only if the working copy differs from the last one.

    Raises `SurveyUnfit` for a new version that has errors; what was published before goes on as it is.
    """
    latest = await _latest_version(work, survey)
    if latest is None or _content(latest) != _content(survey):
        await require_fit(work, definition_of(survey))
        survey.published_version = (survey.published_version or 0) + 1
        work.session.add(
            SurveyVersion(
                account_id=work.account_id,
                survey_id=survey.id,
                version=survey.published_version,
                published_at=work.now,
                **_content(survey),
            )
        )
    elif survey.state is SurveyState.PUBLISHED:
        return
    survey.state = SurveyState.PUBLISHED
    _touch(work, survey)
    assert survey.published_version is not None
    payload = SurveyPublished(
        survey_id=survey.id, survey_version=survey.published_version, name=survey.name, kind=survey.kind
    )
    work.emit(payload, subject=survey.id, version=survey.version)


def pause(work: Work, survey: Survey) -> None:
    """Take no more answers until it is published again. Raises `SurveyNotPublished` for a draft."""
    if survey.state is SurveyState.DRAFT:
        raise SurveyNotPublished
    if survey.state is SurveyState.PUBLISHED:
        survey.state = SurveyState.PAUSED
        _touch(work, survey)


def archive(work: Work, survey: Survey) -> None:
    """The end: nothing changes any more, what was answered stays."""
    survey.state = SurveyState.ARCHIVED
    _touch(work, survey)


def change_content(work: Work, survey: Survey, version: SurveyVersion) -> None:
    """Make the working copy what was published as this version."""
    for field, value in _content(version).items():
        setattr(survey, field, value)
    _touch(work, survey)


def duplicate(work: Work, survey: Survey) -> Survey:
    """A draft of the same content, not of the same schedule."""
    copy = Survey(
        id=new_id(),
        account_id=work.account_id,
        state=SurveyState.DRAFT,
        version=1,
        published_version=None,
        cooldown_days=survey.cooldown_days,
        opens_at=None,
        closes_at=None,
        response_limit=survey.response_limit,
        built_in=None,
        created_at=work.now,
        updated_at=work.now,
        **_content(survey),
    )
    work.session.add(copy)
    return copy


def asks_nobody(state: SurveyState) -> str:
    """Why a survey that is not published asks nobody, and what to do."""
    if state is SurveyState.ARCHIVED:
        return "The survey is archived, which is final; duplicate it to go on with a copy."
    return f"The survey is {state}; publish it first."


def definition_of(survey: Survey | SurveyVersion) -> Definition:
    return Definition.model_validate(survey.definition)


def _wanted(new: NewSurvey) -> Definition:
    if new.definition is not None:
        return new.definition
    if new.template is not None:
        return reworded(template(new.template).definition(new.locales), new.texts)
    kind = next(kind for kind in READY_MADE if kind == new.kind)
    return _led_by(new.locale, reworded(ready_made(kind, new.direction), new.texts))


def _kind(new: NewSurvey, definition: Definition) -> str:
    """`custom` for a definition that scores nothing, or does not say."""
    if new.template is not None:
        return template(new.template).kind
    return new.kind or (definition.score.type if definition.score else "custom")


def _check_schedule(survey: Survey) -> None:
    if survey.opens_at and survey.closes_at and survey.opens_at >= survey.closes_at:
        detail = "The survey would close before it opens. Choose a later `closes_at`."
        raise Unacceptable.field("/closes_at", "before_opening", detail)


def _changed(definition: Definition, wanted: SurveyChange) -> Definition:
    given = wanted.model_fields_set
    if "definition" in given:
        definition = wanted.definition
    if "texts" in given:
        definition = reworded(definition, wanted.texts)
    return _led_by(wanted.locale, definition) if "locale" in given else definition


def _led_by(locale: str, definition: Definition) -> Definition:
    """With this language, or that of its region, before the others."""
    first = best_locale(dict.fromkeys(definition.locales), locale)
    if first.split("-")[0] != locale.split("-")[0]:
        detail = (
            f"The survey is not in `{locale}`; it is in {', '.join(definition.locales)}. Give `texts` in it as well."
        )
        raise Unacceptable.field("/locale", "unknown_locale", detail)
    return definition.model_copy(update={"locales": sorted(definition.locales, key=lambda each: each != first)})


async def _one(work: Work, statement: Select[Any]) -> Survey:
    survey: Survey | None = await work.session.scalar(statement.where(Survey.account_id == work.account_id))
    if survey is None:
        raise SurveyNotFound
    return survey


async def _latest_version(work: Work, survey: Survey) -> SurveyVersion | None:
    if survey.published_version is None:
        return None
    return await work.session.get(SurveyVersion, (survey.id, survey.published_version))


def _content(survey: Survey | SurveyVersion) -> dict[str, Any]:
    """What a version keeps."""
    fields = ("name", "kind", "touchpoint", "journey_stage", "definition")
    return {field: getattr(survey, field) for field in fields}


def _dumped(definition: Definition) -> dict[str, Any]:
    return definition.model_dump(mode="json")


def _touch(work: Work, survey: Survey) -> None:
    survey.version += 1
    survey.updated_at = work.now
