"""Telling of invitations: everything the notifier needs to write the message, in the customer's language."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from services.survey.adapters.twilio import WhatsAppTemplate
from services.survey.definition.document import Definition
from services.survey.definition.facts import Facts
from services.survey.definition.piping import filled_before, known_before
from services.survey.definition.questions import CSI, Scored, bounds
from services.survey.definition.texts import Text, in_locale
from services.survey.eligibility.facts import WHATSAPP, Rules
from services.survey.experiments.schemas import Variant
from services.survey.invitations.models import Invitation, Made
from services.survey.invitations.tokens import Link, LinkKind, Links
from services.survey.sources.whatsapp import fitting
from services.survey.surveys.models import Survey, SurveyVersion
from services.survey.surveys.service import definition_of
from shared.contracts.survey import InvitationCreated, InvitationEnded, InvitationReminded
from shared.work import Work


@dataclass(frozen=True, slots=True)
class Announcer:
    """What the announcements of one survey have in common, read once for all of them."""

    work: Work
    version: SurveyVersion
    definition: Definition
    leading: Scored | None
    links: Links
    whatsapp_templates: Sequence[WhatsAppTemplate]
    # By locale and channel: the same for all who read it there.
    _known: dict[tuple[str, str], Facts] = field(default_factory=dict)
    _words: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)

    @classmethod
    async def of(cls, work: Work, rules: Rules, survey: Survey) -> "Announcer":
        version = await work.session.get_one(SurveyVersion, (survey.id, survey.published_version))
        definition = definition_of(version)
        return cls(work, version, definition, definition.score, Links(work.settings), rules.whatsapp_templates)

    def created(self, invitation: Invitation | Made, words: Variant | None) -> None:
        """`channel` says `link` for whatever its first readers do not know; `medium` says what it is."""
        payload = InvitationCreated(
            **self._about(invitation),
            subject=self._said(words.subject, invitation) if words and words.subject else None,
            text=self._said(words.text, invitation) if words and words.text else None,
            channel="email" if invitation.channel == "email" else "link",
            cause=invitation.cause,
        )
        self.work.emit(payload, subject=invitation.id)

    def reminded(self, invitation: Invitation, *, most: int) -> None:
        payload = InvitationReminded(
            **self._about(invitation),
            number=invitation.reminders,
            most=most,
            invited_at=invitation.sent_at or invitation.created_at,
        )
        self.work.emit(payload, subject=invitation.id, version=1 + invitation.reminders)

    def _about(self, invitation: Invitation | Made) -> dict[str, Any]:
        """What both say."""
        words = self._words.get((invitation.locale, invitation.channel)) or self._words_for(invitation)
        url = self.links.url(Link(LinkKind.INVITATION, invitation.account_id, invitation.id))
        return {
            **words,
            "invitation_id": invitation.id,
            "survey_id": invitation.survey_id,
            "customer_id": invitation.customer_id,
            "ticket_id": invitation.ticket_id,
            "medium": invitation.channel,
            "locale": invitation.locale,
            "url": url,
            "whatsapp_template": self._whatsapp_template(invitation),
            "scores": _one_click_scores(self.leading, url),
            "expires_at": invitation.expires_at,
            "wave": invitation.wave,
            "experiment_id": invitation.experiment_id,
            "variant": invitation.variant,
        }

    def _whatsapp_template(self, invitation: Invitation | Made) -> str | None:
        leading = self.leading
        if invitation.channel != WHATSAPP or leading is None or isinstance(leading, CSI):
            return None
        template = fitting(self.whatsapp_templates, bounds(leading), invitation.locale)
        return template.content_sid if template is not None else None

    def _words_for(self, invitation: Invitation | Made) -> dict[str, Any]:
        leading = self.leading
        question = leading or next(self.definition.questions)

        def say(text: Text | None) -> str:
            if not text:
                return ""
            return self._said(in_locale(text, invitation.locale, *self.definition.locales), invitation)

        words = {
            "survey_name": self.version.name,
            "kind": self.version.kind,
            "question": say(question.title),
            "low_label": say(leading.low_label) if leading else "",
            "high_label": say(leading.high_label) if leading else "",
        }
        self._words[invitation.locale, invitation.channel] = words
        return words

    def _said(self, text: str, invitation: Invitation | Made) -> str:
        key = locale, channel = invitation.locale, invitation.channel
        facts = self._known.get(key)
        if facts is None:
            today = self.work.now.date().isoformat()
            facts = self._known[key] = known_before(self.definition, locale=locale, channel=channel, today=today)
        return filled_before(text, facts, locale, *self.definition.locales)


def _one_click_scores(leading: Scored | None, url: str) -> list[dict[str, Any]]:
    """None for an index, which takes more than one click. Its key preselects the score on the page."""
    if leading is None or isinstance(leading, CSI):
        return []
    lowest, highest = bounds(leading)
    scores = range(lowest, highest + 1)
    # Not yet checked: the payload does that for all of them at once, in native code.
    return [{"score": score, "label": str(score), "url": f"{url}?{leading.key}={score}"} for score in scores]


# Above every version that a reminder can have.
_LAST_VERSION = 100


def ended(work: Work, invitation: Invitation, reason: str) -> None:
    """It is over without an answer; whatever waits to be sent about it is not sent."""
    payload = InvitationEnded(
        invitation_id=invitation.id,
        survey_id=invitation.survey_id,
        customer_id=invitation.customer_id,
        ticket_id=invitation.ticket_id,
        reason=reason,
        ended_at=work.now,
        wave=invitation.wave,
        variant=invitation.variant,
    )
    work.emit(payload, subject=invitation.id, version=_LAST_VERSION)
