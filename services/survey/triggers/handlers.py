"""Occasions: what happens that a trigger may wait for."""

from collections.abc import Sequence

from services.survey.triggers import service as triggers
from services.survey.triggers.matching import matches
from services.survey.triggers.schemas import OnActivity, OnAnswer, OnSegment
from shared.bus.events import Event
from shared.contracts.activities import ActivityDeleted, ActivityRecorded
from shared.contracts.base import Payload
from shared.contracts.customers import SegmentMembershipChanged
from shared.contracts.feedback import FeedbackReceived
from shared.work import Work


async def on_activities(work: Work, events: Sequence[Event[Payload]]) -> None:
    """Many come in bulk; most accounts have a trigger or two, or none."""
    waiting = await triggers.waiting_for(work, "activity")
    for event in events if waiting else ():
        activity = event.data
        assert isinstance(activity, ActivityRecorded)
        for stored, trigger in waiting:
            assert isinstance(trigger.on, OnActivity)
            if matches(trigger.on, activity, work.now):
                await triggers.await_turn(
                    work, stored, activity.customer_id, activity.activity_id, activity.occurred_at
                )


async def on_activity_deleted(work: Work, event: Event[ActivityDeleted]) -> None:
    await triggers.forget_occasion(work, "activity", event.data.activity_id)


async def on_answers(work: Work, events: Sequence[Event[Payload]]) -> None:
    """Only of people we know, and only complete ones."""
    waiting = await triggers.waiting_for(work, "answer")
    for event in events if waiting else ():
        said = event.data
        assert isinstance(said, FeedbackReceived)
        if said.customer_id is None or not said.completed or said.screened_out:
            continue
        for stored, trigger in waiting:
            assert isinstance(trigger.on, OnAnswer)
            score = said.rating.normalised if said.rating else None
            in_range = trigger.on.lowest <= score <= trigger.on.highest if score is not None else _any(trigger.on)
            if said.survey_id == trigger.on.survey_id and in_range:
                await triggers.await_turn(work, stored, said.customer_id, said.feedback_id, said.occurred_at)


async def on_segments(work: Work, events: Sequence[Event[Payload]]) -> None:
    """Entering again later is another occasion."""
    waiting = await triggers.waiting_for(work, "segment")
    for event in events if waiting else ():
        change = event.data
        assert isinstance(change, SegmentMembershipChanged)
        for stored, trigger in waiting:
            assert isinstance(trigger.on, OnSegment)
            if trigger.on.segment_id == change.segment_id:
                for customer_id in change.entered:
                    await triggers.await_turn(work, stored, customer_id, customer_id, event.time)


def _any(on: OnAnswer) -> bool:
    """A survey without a score is answered all the same."""
    return (on.lowest, on.highest) == (0, 100)
