"""What rules do. Each action leaves an event or a queued message; nothing is done to another service directly."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from jinja2 import TemplateError

from services.notifier.messages import service as messages
from services.notifier.messages.service import Wish
from services.notifier.rules.matching import Occurrence
from services.notifier.rules.models import RuleRun
from services.notifier.rules.schemas import Action, OpenTicket, PostToSlack, SendMessage, SendSurvey
from services.notifier.slack import service as slack
from services.notifier.slack.models import SlackChannel
from services.notifier.templates.rendering import render_line, render_slack
from shared.contracts.notifier import FeedbackFacts, SurveyRequested, TicketRequested
from shared.contracts.tickets import Priority
from shared.ids import new_id
from shared.work import Work

LONGEST_DESCRIPTION = 20_000
# Slack cuts off a little later.
LONGEST_POST = 3_500


@dataclass(frozen=True, slots=True)
class Done:
    detail: str
    state: str = "done"


def skipped(why: str) -> Done:
    return Done(why, "skipped")


async def perform(work: Work, run: RuleRun, position: int, action: Action, occurrence: Occurrence) -> Done:
    """Carry out one action of one run. Called once: the run's row, or the step's, guards it."""
    match action:
        case OpenTicket():
            return _open_ticket(work, run, action, occurrence.data)
        case PostToSlack():
            return await _post_to_slack(work, run, action, occurrence.data)
        case SendMessage():
            return await _send_message(work, run, position, action, occurrence.data)
        case SendSurvey():
            return _send_survey(work, run, action, occurrence.data)


def _open_ticket(work: Work, run: RuleRun, action: OpenTicket, data: Mapping[str, Any]) -> Done:
    request_id = new_id()
    rating = data.get("rating") or {}
    try:
        subject = render_line(action.subject, data)[:200]
    except TemplateError as problem:
        return skipped(f"the subject could not be written: {problem}")
    work.emit(
        TicketRequested(
            request_id=request_id,
            rule_id=run.rule_id,
            run_id=run.id,
            customer_id=run.addressee_id,
            feedback_id=id_in(data, "feedback_id"),
            rating_normalised=rating.get("normalised"),
            subject=subject or run.rule_name,
            description=str(data.get("text") or "")[:LONGEST_DESCRIPTION],
            priority=_as_said(data) if action.priority == "as_said" else action.priority,
            channel=str(data.get("channel") or "rule"),
            tags=tuple(action.tags),
            thread_id=id_in(data, "thread_id"),
            feedback=_feedback_in(data),
            team_id=action.team_id,
        ),
        subject=request_id,
    )
    return Done(f"ticket requested ({request_id})")


def _feedback_in(data: Mapping[str, Any]) -> FeedbackFacts | None:
    """Other events may name feedback, and say nothing of it."""
    if "feedback_id" not in data or "sentiment" not in data:
        return None
    rating: Mapping[str, Any] = data.get("rating") or {}
    return FeedbackFacts(
        kind=data["kind"],
        channel=data["channel"],
        source=data["source"],
        language=data.get("language"),
        touchpoint=data.get("touchpoint"),
        journey_stage=data.get("journey_stage"),
        location_ref=data.get("location_ref"),
        product_ref=data.get("product_ref"),
        rating=rating.get("normalised"),
        band=rating.get("band"),
        sentiment=(data["sentiment"] or {}).get("label"),
        urgency=(data.get("urgency") or {}).get("label"),
        topics=tuple(topic["key"] for topic in data.get("topics") or ()),
        dimensions=data.get("dimensions") or {},
    )


async def _post_to_slack(work: Work, run: RuleRun, action: PostToSlack, data: Mapping[str, Any]) -> Done:
    channel = await work.session.get(SlackChannel, action.channel_id)
    if channel is None or not channel.enabled:
        return skipped("the Slack channel is gone" if channel is None else "the Slack channel is switched off")
    try:
        text = render_slack(action.text, data)
    except TemplateError as problem:
        return skipped(f"the text could not be written: {problem}")
    if not text:
        return skipped("the text is empty")
    shown = text if len(text) <= LONGEST_POST else f"{text[: LONGEST_POST - 1]}…"
    post = await slack.post(work, channel, shown, customer_id=run.addressee_id)
    return Done(f"post queued ({post.id})")


def _as_said(data: Mapping[str, Any]) -> Priority:
    """The score outranks the words in how somebody feels, and not in how much it presses."""
    if (data.get("urgency") or {}).get("label") == "urgent":
        return "urgent"
    rating, sentiment = data.get("rating"), data.get("sentiment") or {}
    return "high" if (rating["band"] if rating else sentiment.get("label")) == "negative" else "normal"


async def _send_message(work: Work, run: RuleRun, position: int, action: SendMessage, data: Mapping[str, Any]) -> Done:
    thread_id = id_in(data, "thread_id")
    # Whoever wrote a mail can be answered there, whether or not they are a customer.
    if run.addressee_id is None and thread_id is None:
        return skipped("the event names no customer")
    wish = Wish(
        key=f"rule:{run.id}:{position}",
        template=action.template,
        customer_id=run.addressee_id,
        variables=data,
        ticket_id=id_in(data, "ticket_id"),
        thread_id=thread_id,
        rule_id=run.rule_id,
    )
    queued = await messages.put_in_queue(work, wish)
    return Done(f"message queued ({queued[0] if queued else None})")


def delay_of(action: Action, data: Mapping[str, Any], usual: int) -> int:
    """In seconds. Null is as the event says, or else as the installation is set to."""
    if action.delay_seconds is not None:
        return action.delay_seconds
    said = (data.get("satisfaction") or {}).get("delay_seconds")
    return usual if said is None else int(said)


def _send_survey(work: Work, run: RuleRun, action: SendSurvey, data: Mapping[str, Any]) -> Done:
    if run.addressee_id is None:
        return skipped("the event names no customer")
    wanted: Mapping[str, Any] = data.get("satisfaction") or {}
    if not wanted.get("ask", True):
        return skipped(f"they are not to be asked: {wanted['why_not']}")
    had_it = {"agent": data.get("assignee_id"), "team": data.get("team_id")} if wanted else {}
    request_id = new_id()
    work.emit(
        SurveyRequested(
            request_id=request_id,
            rule_id=run.rule_id,
            run_id=run.id,
            customer_id=run.addressee_id,
            ticket_id=id_in(data, "ticket_id"),
            kind=wanted.get("kind") or action.kind,
            touchpoint=action.touchpoint,
            survey_id=id_in(wanted, "survey_id"),
            dimensions={name: value for name, value in had_it.items() if value},
            feedback_id=id_in(data, "feedback_id"),
        ),
        subject=request_id,
    )
    return Done(f"survey requested ({request_id})")


def id_in(data: Mapping[str, Any], name: str) -> UUID | None:
    value = data.get(name)
    return UUID(value) if value else None
