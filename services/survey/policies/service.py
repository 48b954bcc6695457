"""Reading and replacing policies."""

from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert

from services.survey import references
from services.survey.policies.models import StoredContactPolicy, StoredSurveyPolicy
from services.survey.policies.schemas import ContactPolicy, SurveyPolicy
from shared.contracts.survey import AskingChanged
from shared.http.dependencies import check_match
from shared.http.errors import Unacceptable
from shared.http.schemas import Model
from shared.work import Work

P = TypeVar("P", bound=Model)
NEVER_STORED = 0


async def contact_policy(work: Work) -> tuple[ContactPolicy, int]:
    """With its version; `NEVER_STORED` for the defaults."""
    return _read(ContactPolicy, await work.session.get(StoredContactPolicy, work.account_id))


async def survey_policy(work: Work, survey_id: UUID) -> tuple[SurveyPolicy, int]:
    """With its version; `NEVER_STORED` for the defaults."""
    return _read(SurveyPolicy, await work.session.get(StoredSurveyPolicy, survey_id))


async def replace_contact_policy(work: Work, wanted: ContactPolicy, *, expected: int | None) -> int:
    """Returns the new version."""
    stored = await work.session.get(StoredContactPolicy, work.account_id, with_for_update=True)
    before, version = _read(ContactPolicy, stored)
    check_match(expected, version)
    # One that was accepted before may have gone since; it excepts nobody, and its entry may stay.
    accepted = {exception.segment_id for exception in before.exceptions}
    segments = {f"/exceptions/{n}/segment_id": one.segment_id for n, one in enumerate(wanted.exceptions)}
    added = {pointer: one for pointer, one in segments.items() if one not in accepted}
    await references.require_segments(work, added)
    statement = insert(StoredContactPolicy).values(
        account_id=work.account_id, version=version + 1, document=wanted.model_dump(mode="json"), updated_at=work.now
    )
    await _store(work, statement, "account_id")
    _tell(work, "contact_policy", None, before, wanted, subject=work.account_id, version=version + 1)
    return version + 1


async def replace_survey_policy(work: Work, survey_id: UUID, wanted: SurveyPolicy, *, expected: int | None) -> int:
    """Returns the new version."""
    stored = await work.session.get(StoredSurveyPolicy, survey_id, with_for_update=True)
    before, version = _read(SurveyPolicy, stored)
    check_match(expected, version)
    others = {f"/after_others/{n}/survey_id": other.survey_id for n, other in enumerate(wanted.after_others)}
    await references.require_surveys(work, others)
    for pointer, other in others.items():
        if other == survey_id:
            raise Unacceptable.field(pointer, "itself", "This is the survey itself; its own clock is `cooldown_days`.")
    statement = insert(StoredSurveyPolicy).values(
        account_id=work.account_id,
        survey_id=survey_id,
        version=version + 1,
        document=wanted.model_dump(mode="json"),
        updated_at=work.now,
    )
    await _store(work, statement, "survey_id")
    _tell(work, "survey_policy", survey_id, before, wanted, subject=survey_id, version=version + 1)
    return version + 1


def _read(model: type[P], stored: Any) -> tuple[P, int]:
    if stored is None:
        return model(), NEVER_STORED
    return model.model_validate(stored.document), stored.version


async def _store(work: Work, statement: Any, key: str) -> None:
    given = {name: statement.excluded[name] for name in ("version", "document", "updated_at")}
    await work.session.execute(statement.on_conflict_do_update(index_elements=[key], set_=given))


def _tell(
    work: Work, what: str, survey_id: UUID | None, before: Model, after: Model, *, subject: UUID, version: int
) -> None:
    changed = tuple(name for name in type(after).model_fields if getattr(before, name) != getattr(after, name))
    event = AskingChanged(
        what=what, change="updated" if version > 1 else "created", survey_id=survey_id, changed=changed
    )
    work.emit(event, subject=subject, version=version)
