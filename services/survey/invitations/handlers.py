"""What other services want asked."""

import structlog
from sqlalchemy import func, select

from services.survey.contacts import directory
from services.survey.eligibility.refusals import Cause
from services.survey.invitations import service as invitations
from services.survey.invitations.service import Terms
from services.survey.settings import SurveySettings
from services.survey.surveys import service as surveys
from services.survey.surveys.models import Survey
from services.survey.surveys.schemas import NewSurvey, ReadyMadeKind, Wording
from services.survey.templates.catalogue import languages, texts
from shared.bus.events import Event
from shared.bus.subscriptions import NotYet
from shared.contracts.notifier import SurveyRequested
from shared.work import Work

log = structlog.get_logger(__name__)

AFTER_TICKET = {locale: Wording(question=texts(locale)["support.score"]) for locale in languages()}


async def ask_for_rule(work: Work, event: Event[SurveyRequested]) -> None:
    """Ask on the account's built-in survey of this kind, through the same gates as everybody."""
    request = event.data
    contact = (await directory.by_id(work, {request.customer_id})).get(request.customer_id)
    if contact is None:
        raise NotYet("the customer")
    survey = await _built_in(work, request)
    settings: SurveySettings = work.settings
    cause = Cause("rule", request.rule_id)
    terms = Terms("email", settings.survey_invitation_days, cause, ticket_id=request.ticket_id)
    (asked,) = await invitations.ask(work, survey, [contact.customer_id], terms)
    if asked.refusal is not None:
        log.info("not asked", request_id=str(request.request_id), gate=asked.refusal.gate)


async def _built_in(work: Work, request: SurveyRequested) -> Survey:
    """Made and published when first needed; from then on the account's own, to word or to pause."""
    name = f"after_ticket_{request.kind}" if request.ticket_id else f"by_rule_{request.kind}"
    # Two requests at once would make it twice, and the second would fail on the index.
    key = func.hashtextextended(f"survey.built_in {work.account_id} {name}", 0)
    await work.session.execute(select(func.pg_advisory_xact_lock(key)))
    statement = select(Survey).where(Survey.account_id == work.account_id, Survey.built_in == name)
    survey = await work.session.scalar(statement)
    if survey is None:
        survey = await surveys.create(work, _definition(request.kind, request), built_in=name)
        await surveys.publish(work, survey)
        await work.session.flush()
    return survey


def _definition(kind: ReadyMadeKind, request: SurveyRequested) -> NewSurvey:
    # Each ticket deserves its own question, so there is no cool-down between them.
    if request.ticket_id is None:
        return NewSurvey(name=f"Asked by a rule ({kind})", kind=kind, touchpoint=request.touchpoint)
    touchpoint = request.touchpoint or "support"
    texts = AFTER_TICKET if kind == "csat" else {}
    return NewSurvey(name="After a ticket", kind=kind, touchpoint=touchpoint, cooldown_days=0, texts=texts)
