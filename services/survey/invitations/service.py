"""Asking customers: who may be asked now, and the link each of them gets."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import distinct_on, insert

from services.survey.contacts import directory
from services.survey.contacts.models import Contact
from services.survey.definition.questions import CSI, Scored, bounds
from services.survey.definition.texts import in_locale
from services.survey.invitations.models import Invitation, InvitationState
from services.survey.invitations.schemas import Channel, CustomerLookup, Gate, NewInvitations
from services.survey.invitations.tokens import Link, LinkKind, Links
from services.survey.settings import SurveySettings
from services.survey.surveys.models import Survey, SurveyState, SurveyVersion
from services.survey.surveys.service import definition_of
from shared.contracts.survey import InvitationCreated, ScoreLink
from shared.ids import new_id
from shared.work import Work

_LOOK_AGAIN_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Refusal:
    gate: Gate
    detail: str
    next_eligible_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """One customer of a call: the invitation, or why there is none."""

    customer_id: UUID | None
    invitation: Invitation | None
    refusal: Refusal | None


@dataclass(frozen=True, slots=True)
class Terms:
    """How customers are asked: by which channel, until when, and about which ticket."""

    channel: Channel
    days: int
    ticket_id: UUID | None = None


async def invite(work: Work, survey: Survey, wanted: NewInvitations) -> list[Asked]:
    """One result for each wanted customer, in order."""
    settings: SurveySettings = work.settings
    contacts = await _known(work, wanted.customers, patience=settings.survey_contact_wait_seconds)
    terms = Terms(wanted.channel, wanted.expires_in_days or settings.survey_invitation_days)
    return await ask(work, survey, contacts, terms)


async def ask(work: Work, survey: Survey, contacts: Sequence[Contact | None], terms: Terms) -> list[Asked]:
    """All gates for all customers, then the invitations of those who passed, in a handful of statements."""
    refusals = await _refusals(work, survey, contacts, terms)
    chosen = [contact for contact, refusal in zip(contacts, refusals, strict=True) if contact and not refusal]
    made = await _create(work, survey, chosen, terms) if chosen else {}
    if made:
        await _announce(work, survey, list(made.values()))
    results = []
    for contact, refusal in zip(contacts, refusals, strict=True):
        invitation = made.get(contact.customer_id) if contact and not refusal else None
        if invitation is None and refusal is None:
            refusal = Refusal("open_invitation", "This customer was invited at this very moment.")
        results.append(Asked(contact.customer_id if contact else None, invitation, refusal))
    return results


async def _known(work: Work, lookups: Sequence[CustomerLookup], *, patience: float) -> list[Contact | None]:
    """A customer who was created a moment ago is still on the way here, so look again for up to `patience` seconds."""
    while True:
        found = await _look_up(work, lookups)
        if patience <= 0 or None not in found:
            return found
        patience -= _LOOK_AGAIN_SECONDS
        await asyncio.sleep(_LOOK_AGAIN_SECONDS)


async def _look_up(work: Work, lookups: Sequence[CustomerLookup]) -> list[Contact | None]:
    known: dict[tuple[str, object], Contact] = {}
    ids = {lookup.id for lookup in lookups if lookup.id}
    known |= {("id", key): contact for key, contact in (await directory.by_id(work, ids)).items()}
    for name in directory.IDENTIFIERS:
        values = {value for lookup in lookups if (value := getattr(lookup, name))}
        found = await directory.by_identifier(work, name, values)
        known |= {(name, key): contact for key, contact in found.items()}
    return [known.get(next(iter(lookup.wanted.items()))) for lookup in lookups]


async def _refusals(
    work: Work, survey: Survey, contacts: Sequence[Contact | None], terms: Terms
) -> list[Refusal | None]:
    if survey.state is not SurveyState.PUBLISHED:
        refusal = Refusal("not_published", f"The survey is {survey.state}; publish it first.")
        return [refusal] * len(contacts)
    settings: SurveySettings = work.settings
    last_asked = await _last_asked(work, survey, {c.customer_id for c in contacts if c}, terms.ticket_id)
    days = settings.survey_cooldown_days if survey.cooldown_days is None else survey.cooldown_days
    refusals: list[Refusal | None] = []
    seen: set[UUID] = set()
    for contact in contacts:
        refusals.append(_refusal(work.now, contact, seen, last_asked, timedelta(days=days), terms.channel))
        if contact is not None:
            seen.add(contact.customer_id)
    return refusals


def _refusal(
    now: datetime,
    contact: Contact | None,
    seen: Collection[UUID],
    last_asked: Mapping[UUID, Invitation],
    cooldown: timedelta,
    channel: Channel,
) -> Refusal | None:
    """The first gate that is closed, in this order."""
    if contact is None:
        return Refusal("unknown_customer", "There is no such customer here; create them with POST /v1/customers.")
    if contact.customer_id in seen:
        return Refusal("asked_twice", "This customer is in the same call more than once.")
    if channel == "email" and contact.email is None:
        return Refusal("no_address", "This customer has no e-mail address; add one, or use channel `link`.")
    last = last_asked.get(contact.customer_id)
    if last is None:
        return None
    if last.state is InvitationState.OPEN and last.expires_at > now:
        text = "This customer has an invitation to this survey that is still open."
        return Refusal("open_invitation", text, last.expires_at)
    eligible_at = last.created_at + cooldown
    if eligible_at > now:
        return Refusal("cool_down", f"This customer was asked less than {cooldown.days} days ago.", eligible_at)
    return None


async def _last_asked(
    work: Work, survey: Survey, customer_ids: Collection[UUID], ticket_id: UUID | None
) -> Mapping[UUID, Invitation]:
    """The last invitation of each to this survey. About a ticket: to this survey about this ticket."""
    if not customer_ids:
        return {}
    statement = (
        select(Invitation)
        .ext(distinct_on(Invitation.customer_id))
        .where(
            Invitation.account_id == work.account_id,
            Invitation.survey_id == survey.id,
            Invitation.customer_id.in_(customer_ids),
            Invitation.ticket_id.is_not_distinct_from(ticket_id),
        )
        .order_by(Invitation.customer_id, Invitation.created_at.desc())
    )
    return {invitation.customer_id: invitation for invitation in await work.session.scalars(statement)}


async def _create(work: Work, survey: Survey, contacts: Sequence[Contact], terms: Terms) -> dict[UUID, Invitation]:
    """By customer. One that somebody else made at this very moment is left to them."""
    customer_ids = [contact.customer_id for contact in contacts]
    mine = (Invitation.account_id == work.account_id) & (Invitation.survey_id == survey.id)
    await work.session.execute(
        update(Invitation)
        .where(
            mine, Invitation.customer_id.in_(customer_ids), Invitation.ticket_id.is_not_distinct_from(terms.ticket_id)
        )
        .where(Invitation.state == InvitationState.OPEN, Invitation.expires_at <= work.now)
        .values(state=InvitationState.EXPIRED)
    )
    rows = [
        {
            "id": new_id(),
            "account_id": work.account_id,
            "survey_id": survey.id,
            "customer_id": contact.customer_id,
            "ticket_id": terms.ticket_id,
            "channel": terms.channel,
            "locale": contact.locale or survey.locale,
            "state": InvitationState.OPEN,
            "created_at": work.now,
            "expires_at": work.now + timedelta(days=terms.days),
        }
        for contact in contacts
    ]
    statement = insert(Invitation).on_conflict_do_nothing().returning(Invitation)
    return {made.customer_id: made for made in await work.session.scalars(statement, rows)}


async def _announce(work: Work, survey: Survey, made: Sequence[Invitation]) -> None:
    """Everything the notifier needs to write the message, in the customer's language."""
    version = await work.session.get_one(SurveyVersion, (survey.id, survey.published_version))
    definition = definition_of(version)
    leading = definition.score
    question = leading or next(definition.questions)
    links = Links(work.settings)
    for invitation in made:
        locales = (invitation.locale, *definition.locales)
        url = links.url(Link(LinkKind.INVITATION, work.account_id, invitation.id))
        payload = InvitationCreated(
            invitation_id=invitation.id,
            survey_id=survey.id,
            survey_name=version.name,
            kind=version.kind,
            customer_id=invitation.customer_id,
            ticket_id=invitation.ticket_id,
            channel="email" if invitation.channel == "email" else "link",
            locale=invitation.locale,
            question=in_locale(question.title, *locales),
            low_label=in_locale(leading.low_label, *locales) if leading and leading.low_label else "",
            high_label=in_locale(leading.high_label, *locales) if leading and leading.high_label else "",
            url=url,
            scores=_one_click_scores(leading, url),
            expires_at=invitation.expires_at,
        )
        work.emit(payload, subject=invitation.id)


def _one_click_scores(leading: Scored | None, url: str) -> tuple[ScoreLink, ...]:
    """None for an index, which takes more than one click."""
    if leading is None or isinstance(leading, CSI):
        return ()
    lowest, highest = bounds(leading)
    scores = range(lowest, highest + 1)
    return tuple(ScoreLink(score=score, label=str(score), url=f"{url}?score={score}") for score in scores)
