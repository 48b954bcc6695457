"""Asking customers: who may be asked now, and the link each of them gets."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select, text, update

from services.survey.contacts import directory
from services.survey.contacts.models import Contact
from services.survey.eligibility import facts as gathering
from services.survey.eligibility import refusals
from services.survey.eligibility.facts import Facts, Rules, rules_for
from services.survey.eligibility.gates import first_closed
from services.survey.eligibility.refusals import Cause, Refused, refused_by
from services.survey.eligibility.service import leaves_at
from services.survey.encoding import to_json
from services.survey.experiments.arms import Arms, arms_for
from services.survey.exposures import service as exposures
from services.survey.invitations import following
from services.survey.invitations.announcing import Announcer, ended
from services.survey.invitations.models import UNANSWERED, Invitation, InvitationState, Made
from services.survey.invitations.schemas import CustomerLookup, NewInvitations
from services.survey.policies.schemas import Channel
from services.survey.settings import SurveySettings
from services.survey.surveys.models import Survey, SurveyState
from services.survey.surveys.service import asks_nobody
from shared.contracts.base import ActorKind
from shared.contracts.survey import GatesOverridden
from shared.http.errors import Conflict, Forbidden, NotFound
from shared.ids import new_id
from shared.work import Work

_INSERT = text("""
    insert into survey.invitations
    select * from json_populate_recordset(null::survey.invitations, cast(:rows as json))
""")
_UNKNOWN = Refused("unknown_customer", "There is no such customer here; create them with POST /v1/customers.")
_HELD_OUT = Refused("held_out", "An experiment does not ask this customer, to see what asking itself does.")
_TWICE = Refused("asked_twice", "This customer is in the same call more than once.")


class InvitationOver(Conflict):
    """The invitation is over: it was answered, ran out, or was revoked before."""

    code = "invitation_over"


@dataclass(frozen=True, slots=True)
class Asked:
    """One customer of a call: the invitation, or why there is none."""

    customer_id: UUID | None
    invitation: Made | None
    refusal: Refused | None


@dataclass(frozen=True, slots=True)
class Terms:
    """How customers are asked: by which channel, until when, about which ticket, and what wants it. `dimensions` are
    what the answers are to be told apart by.

    `override_reason`: why somebody has them asked although gates that protect attention are closed. `wave`: the round
    of a recurring survey.
    """

    channel: Channel
    days: int
    cause: Cause
    ticket_id: UUID | None = None
    override_reason: str | None = None
    wave: int | None = None
    dimensions: Mapping[str, str] = field(default_factory=dict)


async def invite(work: Work, survey: Survey, wanted: NewInvitations) -> list[Asked]:
    """One result for each wanted customer, in order. Raises `Forbidden` for an override by anything but a person."""
    settings: SurveySettings = work.settings
    if wanted.override is not None and work.actor.kind is not ActorKind.HUMAN:
        raise Forbidden("Only a person who is signed in may override gates, and has to say why.")
    contacts = await known(work, wanted.customers)
    terms = Terms(
        wanted.channel,
        wanted.expires_in_days or settings.survey_invitation_days,
        Cause("call"),
        override_reason=wanted.override.reason if wanted.override else None,
    )
    return await ask(work, survey, [contact.customer_id if contact else None for contact in contacts], terms)


async def ask(work: Work, survey: Survey, customer_ids: Sequence[UUID | None], terms: Terms) -> list[Asked]:
    """All gates for all customers, then the invitations of those who passed, in a handful of statements."""
    wanted = {customer_id for customer_id in customer_ids if customer_id is not None}
    await gathering.lock(work, wanted)
    rules = await rules_for(work, survey, terms.channel, terms.ticket_id)
    people = await gathering.of_customers(work, rules, wanted)
    refused = _refused(rules, people, customer_ids, overriding=terms.override_reason is not None)
    decided = list(zip(customer_ids, refused, strict=True))
    chosen = [people[one] for one, why in decided if one is not None and why is None]
    arms = await arms_for(work, survey, [facts.customer_id for facts in chosen])
    decided = [(one, why or (_HELD_OUT if arms.holds_out(one) else None)) for one, why in decided]
    chosen = [facts for facts in chosen if not arms.holds_out(facts.customer_id)]
    made = await _create(work, rules, chosen, terms, arms) if chosen else {}
    if terms.override_reason is not None and chosen:
        _tell_overridden(work, rules, chosen, terms.override_reason)
    # Nothing can be written down about somebody who is not known.
    recorded = [(one, why) for one, why in decided if one is not None and one in people and why is not None]
    await refusals.record(work, rules, terms.cause, recorded)
    return [Asked(one, made[one] if one is not None and why is None else None, why) for one, why in decided]


async def known(work: Work, lookups: Sequence[CustomerLookup]) -> list[Contact | None]:
    """In the order of the lookups."""
    known: dict[tuple[str, object], Contact] = {}
    ids = {lookup.id for lookup in lookups if lookup.id}
    known |= {("id", key): contact for key, contact in (await directory.by_id(work, ids)).items()}
    for name in directory.IDENTIFIERS:
        values = {value for lookup in lookups if (value := getattr(lookup, name))}
        found = await directory.by_identifier(work, name, values)
        known |= {(name, key): contact for key, contact in found.items()}
    return [known.get(next(iter(lookup.wanted.items()))) for lookup in lookups]


def _refused(
    rules: Rules, known: dict[UUID, Facts], customer_ids: Iterable[UUID | None], *, overriding: bool
) -> list[Refused | None]:
    """In the order of the customers; None for those who may be asked."""
    refused: list[Refused | None] = []
    seen: set[UUID] = set()
    for customer_id in customer_ids:
        facts = known.get(customer_id) if customer_id is not None else None
        if facts is None:
            # A survey that asks nobody says so first: that is what the caller has to put right.
            unpublished = asks_nobody(rules.survey.state)
            is_open = rules.survey.state is SurveyState.PUBLISHED
            refused.append(_UNKNOWN if is_open else Refused("not_published", unpublished))
            continue
        gate = first_closed(rules, facts, overriding=overriding)
        if gate is not None:
            refused.append(refused_by(gate, rules, facts))
        else:
            refused.append(_TWICE if facts.customer_id in seen else None)
        seen.add(facts.customer_id)
    return refused


async def _create(work: Work, rules: Rules, chosen: Sequence[Facts], terms: Terms, arms: Arms) -> dict[UUID, Made]:
    """By customer. Each takes attention from the moment it is made, so that nothing else is sent meanwhile."""
    await _end_run_out(work, rules, [facts.customer_id for facts in chosen])
    expires_at = work.now + timedelta(days=terms.days)
    due_at = following.next_due(rules, work.now, expires_at, reminders=0)
    made: list[Made] = []
    for facts in chosen:
        sends_at = leaves_at(rules, facts, work.now)
        waits = sends_at > work.now
        made.append(
            Made(
                id=new_id(),
                account_id=work.account_id,
                survey_id=arms.survey_of(facts.customer_id).id,
                customer_id=facts.customer_id,
                ticket_id=terms.ticket_id,
                channel=terms.channel,
                locale=facts.locale or rules.survey.locale,
                state=InvitationState.WAITING if waits else InvitationState.OPEN,
                created_at=work.now,
                expires_at=expires_at,
                cause=terms.cause.name,
                cause_id=terms.cause.id,
                wave=terms.wave,
                experiment_id=arms.experiment_id,
                variant=arms.variant_of(facts.customer_id),
                dimensions=dict(terms.dimensions)
                | arms.dimensions_of(facts.customer_id)
                | ({"wave": str(terms.wave)} if terms.wave is not None else {}),
                sent_at=None if waits else work.now,
                due_at=sends_at if waits else due_at,
            )
        )
    await work.session.execute(_INSERT, {"rows": to_json(made).decode()})
    await exposures.take(work, made, "invitation")
    announcers = {survey.id: await Announcer.of(work, rules, survey) for survey in arms.surveys}
    for invitation in made:
        if invitation.state is InvitationState.OPEN:
            announcers[invitation.survey_id].created(invitation, arms.words_of(invitation.customer_id))
    await following.watch(work, made)
    return {invitation.customer_id: invitation for invitation in made}


async def _end_run_out(work: Work, rules: Rules, customer_ids: Sequence[UUID]) -> None:
    """Those that ran out and whose turn to be ended has not come yet; they would stand in the way."""
    statement = (
        update(Invitation)
        .where(
            Invitation.account_id == work.account_id,
            Invitation.survey_id.in_(rules.surveys),
            Invitation.customer_id.in_(customer_ids),
            Invitation.ticket_id.is_not_distinct_from(rules.ticket_id),
            Invitation.state.in_(UNANSWERED),
            Invitation.expires_at <= work.now,
        )
        .values(state=InvitationState.EXPIRED)
        .returning(Invitation)
    )
    for invitation in await work.session.scalars(statement):
        ended(work, invitation, "expired")


def _tell_overridden(work: Work, rules: Rules, chosen: Sequence[Facts], reason: str) -> None:
    closed = [gate.name for facts in chosen if (gate := first_closed(rules, facts)) is not None]
    if closed:
        payload = GatesOverridden(
            survey_id=rules.survey.id, reason=reason, customers=len(closed), overridden=dict(Counter(closed))
        )
        work.emit(payload, subject=rules.survey.id, version=rules.survey.version)


def listed(work: Work, survey_id: UUID, *, customer_id: UUID | None, state: InvitationState | None) -> Select[Any]:
    statement = select(Invitation).where(Invitation.account_id == work.account_id, Invitation.survey_id == survey_id)
    if customer_id is not None:
        statement = statement.where(Invitation.customer_id == customer_id)
    if state is not None:
        statement = statement.where(Invitation.state == state)
    return statement


async def revoke(work: Work, survey_id: UUID, invitation_id: UUID) -> Invitation:
    """Its link is dead from now on, and nothing more is sent about it. Raises `NotFound` or `InvitationOver`."""
    mine = select(Invitation).where(
        Invitation.account_id == work.account_id, Invitation.survey_id == survey_id, Invitation.id == invitation_id
    )
    invitation: Invitation | None = await work.session.scalar(mine.with_for_update())
    if invitation is None:
        raise NotFound("There is no such invitation to this survey.")
    if invitation.state is InvitationState.REVOKED:
        return invitation
    if invitation.state not in UNANSWERED:
        raise InvitationOver
    invitation.state = InvitationState.REVOKED
    ended(work, invitation, "revoked")
    return invitation
