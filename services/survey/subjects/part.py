"""What survey holds of a person, and what becomes of it."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select, text

from services.survey.attachments import service as attachments
from services.survey.contacts.models import Contact
from services.survey.db import Base
from services.survey.emerging import service as emerging
from services.survey.files import service as files
from services.survey.hearing.models import DIGEST
from services.survey.learning import service as learning
from shared.contracts.feedback import FeedbackErased
from shared.contracts.subjects import ErasureMode, RecordCount, SurveyPartDone
from shared.contracts.survey import ResponseWithdrawn
from shared.subjects.exports import exports_in
from shared.subjects.holdings import IDS, OWNED, Holding
from shared.subjects.parts import Subjects
from shared.work import Work

EXPORTS = exports_in(Base.metadata)

_THEIRS = f"account_id = :account_id and (customer_id = {IDS} or origin_customer_id = {IDS})"
_INVITATIONS = f"(select id from survey.invitations where {_THEIRS})"
_RESPONSES = (
    f"(row.id in (select response_id from survey.feedback where {_THEIRS}) or row.invitation_id in {_INVITATIONS} "
    "or row.customer ->> 'id' = any(cast(cast(:ids as uuid[]) as text[])))"
)
_CHATS = f"(select thread_id from survey.feedback where {_THEIRS})"
_MINE = f"row.account_id = :account_id and {_RESPONSES}"
_OF_RESPONSES = f"row.response_id in (select row.id from survey.responses as row where {_MINE})"
_OF_FEEDBACK = f"row.feedback_id in (select id from survey.feedback where {_THEIRS})"
# A client may have made the submission's id of anything.
_HASHED = "submission_id = encode(sha256(convert_to(row.submission_id, 'UTF8')), 'hex')"
# What sources told of them. An order, say, is nobody's here: it names its customer as its sender knows them.
HEARD = f"""(
    row.feedback_id in (select id from survey.feedback where {_THEIRS})
    or exists (
        select from survey.contacts known where known.account_id = :account_id and known.customer_id = {IDS} and (
            row.content #>> '{{author,external_id}}' = known.external_id
            or row.content #>> '{{author,email}}' = known.email or row.content #>> '{{author,phone}}' = known.phone
        )
    )
)"""
# What was sent is kept to be read again, and may be about several people: it goes as a whole.
SENT = f"""(
    row.id in (select row.delivery_id from survey.heard_items as row where row.account_id = :account_id and {HEARD})
    or exists (
        select from survey.contacts known where known.account_id = :account_id and known.customer_id = {IDS} and (
            position(convert_to(known.email, 'UTF8') in row.body) > 0
            or position(convert_to(known.phone, 'UTF8') in row.body) > 0
        )
    )
)"""
_OF_FEEDBACK = f"row.feedback_id in (select id from survey.feedback where {_THEIRS})"
# Lines of files that are imported, in which something stands that they are recognised by, as it stands there.
_SAYS = (
    "exists (select from survey.contacts known, jsonb_array_elements_text({cells}) cell "
    f"where known.account_id = :account_id and known.customer_id = {IDS} "
    "and lower(btrim(cell)) in (lower(known.email), lower(known.phone), lower(known.external_id)))"
)
_LINES = f"exists (select from jsonb_array_elements(row.lines) line where {_SAYS.format(cells='line -> 1')})"
# Numbers are what counts; words, choices and files may tell who it was.
_NUMBERS = """coalesce((
    select jsonb_agg(answer) from jsonb_array_elements(row.answers) as answer
    where jsonb_typeof(answer -> 'value') = 'number'
), '[]')"""

HOLDINGS = (
    Holding("texts sent to a language model", "survey.external_readings", _OF_FEEDBACK, pseudonym="text_hash = null"),
    Holding("corrected labels", "survey.corrections", _OF_FEEDBACK, pseudonym="text_hash = null"),
    Holding("files", "survey.files", _OF_RESPONSES, erasable=False, names=None),
    Holding("answers before a change", "survey.response_versions", _OF_RESPONSES, names=None),
    Holding(
        "responses",
        "survey.responses",
        _RESPONSES,
        pseudonym=(
            f"customer = null, invitation_id = null, ticket_id = null, answers = {_NUMBERS}, {_HASHED}, "
            "dimensions = '{}', hidden = '{}', variables = '{}', source = '{}'"
        ),
        hidden=("counted",),
    ),
    Holding(
        "attempts",
        "survey.attempts",
        f"({OWNED} or row.invitation_id in {_INVITATIONS})",
        pseudonym=(
            f"customer_id = null, origin_customer_id = null, invitation_id = null, dimensions = '{{}}', {_HASHED}"
        ),
    ),
    Holding(
        "answers to reviews",
        "survey.replies",
        f"row.feedback_id in (select id from survey.feedback where {_THEIRS})",
        names=None,
    ),
    Holding("mails", "survey.mails", _OF_FEEDBACK, names=None),
    Holding(
        "rejected lines of files", "survey.feedback_import_rejections", _SAYS.format(cells="row.cells"), names=None
    ),
    # The line stays, without its cells: it is counted, and rejected when its turn comes.
    Holding(
        "files to import",
        "survey.feedback_import_portions",
        _LINES,
        emptied=f"""lines = (
            select jsonb_agg(
                case when {_SAYS.format(cells="line -> 1")} then jsonb_build_array(line -> 0, '[]'::jsonb)
                else line end order by place
            ) from jsonb_array_elements(row.lines) with ordinality as held (line, place)
        )""",
        exported=False,
        names=None,
    ),
    Holding("attachments", "survey.attachments", _OF_FEEDBACK, erasable=False),
    Holding("tickets of conversations", "survey.mail_tickets", f"row.customer_id = {IDS}", names=None),
    Holding(
        "deliveries",
        "survey.deliveries",
        SENT,
        emptied="body = '', headers = '[]', query = '[]', problem = null, state = 'erased'",
        left="row.state <> 'erased'",
        exported=False,
        names=None,
    ),
    Holding("chat messages", "survey.chat_messages", f"row.chat_id in {_CHATS}", names=None),
    Holding("chats", "survey.chats", f"row.id in {_CHATS}", names=None),
    Holding(
        "heard items",
        "survey.heard_items",
        HEARD,
        emptied=f"content = null, feedback_id = null, delivery_id = null, external_id = {DIGEST}",
        left="row.content is not null",
        names=None,
    ),
    Holding(
        "feedback",
        "survey.feedback",
        pseudonym=(
            "customer_id = null, origin_customer_id = null, ticket_id = null, thread_id = null, dimensions = '{}', "
            "title = null, text = null, author_name = null, url = null, order_ref = null, external_id = null, "
            "external_version = null, "
            "sentiment_evidence = '[]', urgency_evidence = '[]', "
            "topics = coalesce((select jsonb_agg(jsonb_set(topic, '{evidence}', '[]')) "
            "from jsonb_array_elements(row.topics) as topic), '[]')"
        ),
    ),
    Holding(
        "invitations",
        "survey.invitations",
        pseudonym=(
            "customer_id = :nobody, origin_customer_id = null, ticket_id = null, "
            "state = case when row.state in ('waiting', 'open') then 'revoked' else row.state end"
        ),
    ),
    Holding(
        "contacts",
        "survey.contacts",
        f"row.customer_id = {IDS}",
        emptied=(
            "external_id = null, email = null, phone = null, name = null, locale = null, timezone = null, "
            "preferred_channel = null, attributes = '{}', is_deleted = true"
        ),
        left="not row.is_deleted",
        names="customer_id",
    ),
    Holding("consents", "survey.consents", f"row.customer_id = {IDS}", names=None),
    Holding("segments", "survey.segment_members", f"row.customer_id = {IDS}", names=None),
    Holding("exposures", "survey.exposures", pseudonym="customer_id = :nobody, origin_customer_id = null"),
    # A pseudonym stays in its arm: experiments count people.
    Holding("arms of experiments", "survey.assignments", pseudonym="customer_id = :nobody, origin_customer_id = null"),
    Holding("recurring surveys", "survey.recurring_customers"),
    Holding("runs", "survey.invitation_run_customers", f"row.customer_id = {IDS}", names=None),
    Holding(
        "refusals",
        "survey.refusals",
        pseudonym="customer_id = :nobody, origin_customer_id = null, ticket_id = null, invitation_id = null",
    ),
)


async def tell_of_erasure(work: Work, ids: Collection[UUID], mode: ErasureMode) -> list[RecordCount]:
    """Uploaded and attached files go. Whoever counts or keeps what was said hears that it is gone; what only loses its
    person is not gone."""
    said = await _rows(work, ids, f"id from survey.feedback where {_THEIRS}")
    await learning.unlearn(work, [feedback_id for (feedback_id,) in said])
    if said:
        # Its phrases may have been theirs.
        await emerging.look(work)
    columns = "row.id, survey_id, survey_version, submission_id"
    responses = await _rows(work, ids, f"{columns} from survey.responses as row where {_MINE}")
    count = 0
    for _, survey_id, _, submission_id in responses:
        count += await files.delete_of(work, survey_id, submission_id)
    count += await attachments.delete_of(work, [feedback_id for (feedback_id,) in said])
    if mode == "delete":
        await _tell_of_deletion(work, ids, responses)
    return [RecordCount(kind="files", treatment="deleted", count=count)] if count else []


async def _tell_of_deletion(work: Work, ids: Collection[UUID], responses: Sequence[Any]) -> None:
    why: dict[str, Any] = {"reason": "subject_request"}
    said = await _rows(work, ids, f"id, response_id, survey_id from survey.feedback where {_THEIRS}")
    for feedback_id, response_id, survey_id in said:
        erased = FeedbackErased(
            feedback_id=feedback_id,
            response_id=response_id,
            survey_id=survey_id,
            customer_id=None,
            erased_at=work.now,
            **why,
        )
        work.emit(erased, subject=feedback_id)
    for response_id, survey_id, version, _ in responses:
        gone = ResponseWithdrawn(
            response_id=response_id, survey_id=survey_id, survey_version=version, withdrawn_at=work.now, **why
        )
        work.emit(gone, subject=response_id)


async def _rows(work: Work, ids: Collection[UUID], what: str) -> Sequence[Any]:
    values = {"account_id": work.account_id, "ids": list(ids)}
    return (await work.session.execute(text(f"select {what}"), values)).all()


async def version_of(work: Work, customer_id: UUID) -> int | None:
    """That of the local copy."""
    mine = (Contact.account_id == work.account_id, Contact.customer_id == customer_id)
    return await work.session.scalar(select(Contact.version).where(*mine))


SUBJECTS = Subjects(
    service="survey",
    table=EXPORTS,
    holdings=HOLDINGS,
    done=lambda part: SurveyPartDone(part=part),
    first=tell_of_erasure,
    version=version_of,
)
