"""What other services want asked."""

from uuid import UUID

import structlog
from sqlalchemy import func, select

from services.survey.contacts import directory
from services.survey.eligibility.facts import WHATSAPP
from services.survey.eligibility.refusals import Cause
from services.survey.feedback.models import Feedback
from services.survey.invitations import service as invitations
from services.survey.invitations.models import Invitation, InvitationState
from services.survey.invitations.service import Asked, Terms
from services.survey.policies import service as policies
from services.survey.policies.schemas import Channel, Reminders, SurveyPolicy
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

ONE_REMINDER = SurveyPolicy(reminders=Reminders(most=1, days=3))
AFTER_TICKET = {locale: Wording(question=texts(locale)["support.score"]) for locale in languages()}


async def ask_for_rule(work: Work, event: Event[SurveyRequested]) -> None:
    """Ask on the survey that was chosen, or the account's built-in one of this kind, through the same gates as
    everybody; about one ticket only once, however often it is resolved."""
    request = event.data
    contact = (await directory.by_id(work, {request.customer_id})).get(request.customer_id)
    if contact is None:
        raise NotYet("the customer")
    if request.ticket_id is not None and await _was_asked(work, request.ticket_id, contact.customer_id):
        log.info("not asked", request_id=str(request.request_id), gate="asked_before")
        return
    survey = await _survey_for(work, request)
    if survey is None:
        log.info("not asked", request_id=str(request.request_id), gate="no_such_survey")
        return
    channel = await _channel_for(work, request)
    asked = await _ask(work, survey, request, contact.customer_id, channel)
    if asked.refusal is not None and asked.refusal.gate == "no_template":
        # Nothing but the way is wrong, and there is another one.
        asked = await _ask(work, survey, request, contact.customer_id, "email")
    if asked.refusal is not None:
        log.info("not asked", request_id=str(request.request_id), gate=asked.refusal.gate)


async def _channel_for(work: Work, request: SurveyRequested) -> Channel:
    """Whoever wrote by WhatsApp is asked there about their ticket; else by mail."""
    if request.ticket_id is None or request.feedback_id is None:
        return "email"
    mine = (Feedback.account_id == work.account_id) & (Feedback.id == request.feedback_id)
    wrote_by = await work.session.scalar(select(Feedback.channel).where(mine))
    return WHATSAPP if wrote_by == WHATSAPP else "email"


async def _ask(work: Work, survey: Survey, request: SurveyRequested, customer_id: UUID, channel: Channel) -> Asked:
    settings: SurveySettings = work.settings
    terms = Terms(
        channel,
        settings.survey_invitation_days,
        Cause("rule", request.rule_id),
        ticket_id=request.ticket_id,
        dimensions=request.dimensions,
    )
    (asked,) = await invitations.ask(work, survey, [customer_id], terms)
    return asked


async def _was_asked(work: Work, ticket_id: UUID, customer_id: UUID) -> bool:
    """What was made and never left does not count."""
    key = func.hashtextextended(f"survey.after_ticket {work.account_id} {ticket_id}", 0)
    await work.session.execute(select(func.pg_advisory_xact_lock(key)))
    mine = (Invitation.account_id == work.account_id) & (Invitation.customer_id == customer_id)
    counts = Invitation.sent_at.is_not(None) | (Invitation.state == InvitationState.WAITING)
    asked = select(Invitation.id).where(mine, Invitation.ticket_id == ticket_id, counts).limit(1)
    return await work.session.scalar(asked) is not None


async def _survey_for(work: Work, request: SurveyRequested) -> Survey | None:
    if request.survey_id is None:
        return await _built_in(work, request)
    mine = (Survey.account_id == work.account_id) & (Survey.id == request.survey_id)
    survey: Survey | None = await work.session.scalar(select(Survey).where(mine))
    return survey


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
        if request.ticket_id is not None:
            await policies.replace_survey_policy(work, survey.id, ONE_REMINDER, expected=None)
    return survey


def _definition(kind: ReadyMadeKind, request: SurveyRequested) -> NewSurvey:
    # Each ticket deserves its own question, so there is no cool-down between them.
    if request.ticket_id is None:
        return NewSurvey(name=f"Asked by a rule ({kind})", kind=kind, touchpoint=request.touchpoint)
    touchpoint = request.touchpoint or "support"
    texts = AFTER_TICKET if kind == "csat" else {}
    return NewSurvey(name="After a ticket", kind=kind, touchpoint=touchpoint, cooldown_days=0, texts=texts)
