"""May this customer be asked, and if not, why not and when?"""

from collections import Counter
from datetime import datetime
from uuid import UUID

from services.survey.contacts import directory
from services.survey.eligibility import facts as gathering
from services.survey.eligibility.facts import Facts, Rules, rules_for
from services.survey.eligibility.gates import FOR_GOOD, GATES, first_closed, next_eligible_at
from services.survey.eligibility.quiet import earliest, zone_of
from services.survey.eligibility.schemas import EligibilityCount, EligibilityOut, GateOut
from services.survey.policies.schemas import Channel
from services.survey.surveys.models import Survey
from shared.http.errors import NotFound
from shared.work import Work


async def explain(work: Work, survey: Survey, customer_id: UUID, channel: Channel) -> EligibilityOut:
    """Every gate, not only the first that is closed. Raises `NotFound` for a customer who is not known here."""
    rules = await rules_for(work, survey, channel)
    contact = (await directory.by_id(work, {customer_id})).get(customer_id)
    known = await gathering.of_customers(work, rules, [contact.customer_id] if contact else [])
    facts = next(iter(known.values()), None)
    if facts is None:
        raise NotFound("There is no such customer here; create them with POST /v1/customers.")
    gates = [
        GateOut(
            gate=gate.name,
            passed=(until := gate.closed_until(rules, facts)) is None,
            detail=gate.reason(rules, facts),
            opens_at=None if until == FOR_GOOD else until,
            can_be_overridden=gate.protects_attention,
        )
        for gate in GATES
    ]
    eligible = all(gate.passed for gate in gates)
    return EligibilityOut(
        customer_id=facts.customer_id,
        channel=channel,
        eligible=eligible,
        would_leave_at=leaves_at(rules, facts, rules.now) if eligible else None,
        next_eligible_at=next_eligible_at(rules, facts),
        gates=gates,
    )


async def of_many(work: Work, survey: Survey, segment_id: UUID | None, channel: Channel) -> EligibilityCount:
    """Of a segment, or of everybody: the same few statements, however many they are."""
    rules = await rules_for(work, survey, channel)
    customers, closed = 0, Counter[str]()
    for facts, count in await gathering.of_many(work, rules, segment_id):
        customers += count
        if (gate := first_closed(rules, facts)) is not None:
            closed[gate.name] += count
    return EligibilityCount(
        segment_id=segment_id,
        channel=channel,
        customers=customers,
        eligible=customers - closed.total(),
        refused=dict(closed.most_common()),
    )


def leaves_at(rules: Rules, facts: Facts, moment: datetime) -> datetime:
    """The first moment from `moment` on that is not quiet for this customer."""
    zone = zone_of(facts.timezone, rules.timezone)
    return earliest(moment, rules.contact.quiet_hours, rules.channel, zone)
