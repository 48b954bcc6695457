"""Answers by text message or WhatsApp: who was asked there may send the score back, with or without a word to it, or
tap the button that stands for it.

It goes the way of every answer, so that it counts in the survey and spends the invitation. What is no score for sure
stays a message, for a person to read; the link in the invitation goes on working.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import select

from services.survey.contacts import directory
from services.survey.definition.questions import CSI, LongText, ShortText, bounds
from services.survey.hearing.canonical import FeedbackItem
from services.survey.invitations.models import Invitation, InvitationState
from services.survey.invitations.scores_in_text import comment_in, score_in
from services.survey.responses import continuing
from services.survey.responses.schemas import CustomerNamed, NewAnswer, NewResponse
from services.survey.responses.submissions import Sender, submission_of
from services.survey.surveys import published
from services.survey.surveys.published import PublishedSurvey
from shared.bus.events import Actor
from shared.contracts.base import ActorKind
from shared.http.errors import AppError
from shared.work import Work

CHANNELS: Final = frozenset({"sms", "whatsapp"})
_RESPONDENT: Final = Actor(ActorKind.HUMAN, "respondent")


class _Place(NamedTuple):
    """Where somebody was asked, and answers."""

    channel: str
    phone: str

    @classmethod
    def of(cls, item: FeedbackItem) -> "_Place":
        return cls(item.channel, str(item.author.phone))


async def take_answers(work: Work, items: Sequence[FeedbackItem]) -> list[FeedbackItem]:
    """Hand in what answers an open question. Answers with the items that have become responses: they are no messages
    any more. What says more than the survey can take is handed in and stays a message too."""
    texted = [item for item in items if _may_be_an_answer(item)]
    if not texted:
        return []
    asked = await _asked(work, {_Place.of(item) for item in texted})
    taken: list[FeedbackItem] = []
    for item in sorted(texted, key=lambda item: item.occurred_at):
        invitation = asked.get(_Place.of(item))
        if invitation is None or not _was_sent_before(invitation, item):
            continue
        survey = await published.read(work, invitation.survey_id)
        if survey is None or survey.definition.anonymous or not survey.takes_answers(work.now):
            continue
        whole = await _hand_in(work, survey, invitation, item)
        if whole is None:
            continue
        del asked[_Place.of(item)]
        if whole:
            taken.append(item)
    return taken


def _may_be_an_answer(item: FeedbackItem) -> bool:
    is_text = item.channel in CHANNELS and item.kind == "message" and item.op == "create"
    return is_text and bool(item.text and item.author.phone) and not item.media


def _was_sent_before(invitation: Invitation, item: FeedbackItem) -> bool:
    return invitation.sent_at is not None and invitation.sent_at <= item.occurred_at


async def _asked(work: Work, places: set[_Place]) -> dict[_Place, Invitation]:
    """The newest open invitation that went there."""
    contacts = await directory.by_identifier(work, "phone", {place.phone for place in places})
    if not contacts:
        return {}
    statement = (
        select(Invitation)
        .where(Invitation.account_id == work.account_id, Invitation.channel.in_({place.channel for place in places}))
        .where(Invitation.customer_id.in_({contact.customer_id for contact in contacts.values()}))
        .where(Invitation.state == InvitationState.OPEN, Invitation.expires_at > work.now)
        .order_by(Invitation.sent_at)
    )
    newest = {(each.channel, each.customer_id): each for each in await work.session.scalars(statement)}
    found: dict[_Place, Invitation] = {}
    for place in places:
        contact = contacts.get(place.phone)
        invitation = newest.get((place.channel, contact.customer_id)) if contact is not None else None
        if invitation is not None:
            found[place] = invitation
    return found


async def _hand_in(work: Work, survey: PublishedSurvey, invitation: Invitation, item: FeedbackItem) -> bool | None:
    """Whether the response holds all that was said; None if it was no answer."""
    question = survey.score
    if question is None or isinstance(question, CSI):
        return None
    score = _score_of(item, *bounds(question))
    if score is None:
        return None
    comment = comment_in(str(item.text)) if item.tapped is None else None
    score_alone: dict[str, Any] = {question.key: score}
    place = next((key for key, each in survey.questions.items() if isinstance(each, LongText | ShortText)), None)
    ways: list[tuple[Mapping[str, Any], bool, bool]] = []
    if comment is not None and place is not None:
        ways.append((score_alone | {place: comment}, True, True))
    # If the survey wants to know more, the rest can follow by the link.
    ways += [(score_alone, True, comment is None), (score_alone, False, comment is None)]
    for answers, completed, is_all in ways:
        if await _is_taken(work, survey, invitation, item, answers, completed=completed):
            return is_all
    return None


def _score_of(item: FeedbackItem, lowest: int, highest: int) -> int | None:
    """What a button stands for, before the words on it."""
    for said in (item.tapped, item.text):
        if said is not None and (score := score_in(said, lowest, highest)) is not None:
            return score
    return None


async def _is_taken(
    work: Work,
    survey: PublishedSurvey,
    invitation: Invitation,
    item: FeedbackItem,
    answers: Mapping[str, Any],
    *,
    completed: bool,
) -> bool:
    response = NewResponse(
        survey_id=survey.survey_id,
        # As the page behind the invitation's link calls it.
        submission_id=f"invitation:{invitation.id}",
        answers=[NewAnswer(question=key, value=value) for key, value in answers.items()],
        customer=CustomerNamed(id=invitation.customer_id),
        completed=completed,
        channel=invitation.channel,
        dimensions=invitation.dimensions,
        language=invitation.locale,
        occurred_at=item.occurred_at,
    )
    sender = Sender(work.account_id, str(_RESPONDENT), work.now, work.traceparent)
    try:
        submission = submission_of(
            sender, survey, response, invitation_id=invitation.id, ticket_id=invitation.ticket_id
        )
        async with work.session.begin_nested():
            outcome = await continuing.hand_in(work, submission)
    except AppError:
        return False
    return outcome.kind in {"stored", "continued"}
