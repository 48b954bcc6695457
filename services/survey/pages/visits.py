"""What a link opens, and for whom; or the friendly page that says why there is nothing to answer."""

from dataclasses import dataclass
from uuid import UUID

from fastapi import Request, Response

from services.survey.invitations.models import UNANSWERED, Invitation, InvitationState
from services.survey.invitations.tokens import LinkKind, Links
from services.survey.logos.service import address_of
from services.survey.pages.fields import Fields
from services.survey.pages.filling import CHOSEN_LANG, LANG, SUBMISSION, VERSION
from services.survey.pages.rendering import Sheet, message_page
from services.survey.pages.words import page_locale
from services.survey.surveys.published import PublishedSurvey, published_surveys
from shared.bus.events import Actor
from shared.contracts.base import ActorKind
from shared.http.dependencies import public_work, runtime_of
from shared.ids import new_id
from shared.service import Runtime

ANYBODY = Actor(ActorKind.HUMAN, "respondent")
# The open link to an attempt that was begun earlier: `?attempt=<submission>`.
ATTEMPT = "attempt"


@dataclass(frozen=True, slots=True)
class Visit:
    """A good link, and what it opens. `invitation` is None for an open link.

    `submission`: one for each filling-in of an open link, and of a survey that promises not to know whose answer it is;
    None for a personal link, which is one submission itself.
    """

    survey: PublishedSurvey
    sheet: Sheet
    invitation: Invitation | None
    submission: str | None

    @property
    def submission_id(self) -> str:
        if self.invitation is not None and self.submission is None:
            return f"invitation:{self.invitation.id}"
        return f"link:{self.submission}"

    @property
    def channel(self) -> str:
        return self.invitation.channel if self.invitation else "link"

    @property
    def actor(self) -> Actor:
        return Actor(ActorKind.HUMAN, str(self.invitation.customer_id)) if self.invitation else ANYBODY


async def visit_of(request: Request, entered: Fields) -> Visit | Response:
    runtime = runtime_of(request)
    link = Links(runtime.settings).read(request.path_params["token"])
    if link is None or link.kind not in (LinkKind.INVITATION, LinkKind.OPEN):
        return message_page("unknown", 404, page_locale(request, None))
    invitation = None
    if link.kind is LinkKind.INVITATION:
        async with public_work(request, link.account_id, ANYBODY) as work:
            invitation = await work.session.get(Invitation, link.target_id)
        if invitation is None:
            return message_page("unknown", 404, page_locale(request, None))
    survey_id = invitation.survey_id if invitation else link.target_id
    survey = await _shown_before(runtime, link.account_id, survey_id, entered)
    survey = survey or await published_surveys(runtime).find(link.account_id, survey_id)
    definition = survey.definition if survey else None
    chosen = [value for name in (CHOSEN_LANG, LANG) for value in entered.get(name, ())]
    invited = [invitation.locale] if invitation else []
    locale = page_locale(request, definition.locales if definition else None, *invited, chosen=chosen)
    sheet = sheet_of(runtime, survey, locale) if survey else None
    if invitation and invitation.state is InvitationState.ANSWERED:
        # Who sends twice has done nothing wrong; whoever comes back later learns that the link is used up.
        return message_page("used", 200 if request.method == "POST" else 410, locale, sheet=sheet)
    if invitation and (invitation.state not in UNANSWERED or invitation.expires_at <= runtime.clock.now()):
        return message_page("expired", 410, locale, sheet=sheet)
    if survey is None or sheet is None or not survey.takes_answers(runtime.clock.now()):
        return message_page("closed", 410, locale, sheet=sheet)
    needs_own = invitation is None or survey.definition.anonymous
    return Visit(survey, sheet, invitation, _submission(request, entered) if needs_own else None)


def sheet_of(runtime: Runtime, survey: PublishedSurvey, locale: str) -> Sheet:
    logo = address_of(runtime.settings, survey.account_id, survey.definition.theme)
    return Sheet(survey.definition, survey.business, locale, logo)


async def _shown_before(runtime: Runtime, account_id: UUID, survey_id: UUID, entered: Fields) -> PublishedSurvey | None:
    """The version that the form was made of, if there is such a one."""
    version = next(iter(entered.get(VERSION, ())), "")
    if not version.isascii() or not version.isdecimal() or len(version) > 9:
        return None
    return await published_surveys(runtime).find(account_id, survey_id, int(version))


def _submission(request: Request, entered: Fields) -> str:
    """As the form says, or the link to go on later; a form without one is a new one."""
    given = next(iter(entered.get(SUBMISSION, ())), "") or request.query_params.get(ATTEMPT, "")
    try:
        return str(UUID(given))
    except ValueError:
        return str(new_id())
