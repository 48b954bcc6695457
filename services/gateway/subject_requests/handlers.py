"""What the services' answers, and time, mean for requests."""

from uuid import UUID

from services.gateway.subject_requests import service as requests
from shared.bus.events import Event
from shared.bus.subscriptions import Timer
from shared.contracts.customers import CustomersPartDone
from shared.contracts.subjects import MetricsPartDone, NotifierPartDone, SurveyPartDone, TicketsPartDone
from shared.work import Work


async def customers_done(work: Work, event: Event[CustomersPartDone]) -> None:
    """It also says who the person is."""
    await requests.hear(work, "customers", event.data.part, located=event.data)


async def survey_done(work: Work, event: Event[SurveyPartDone]) -> None:
    await requests.hear(work, "survey", event.data.part)


async def tickets_done(work: Work, event: Event[TicketsPartDone]) -> None:
    await requests.hear(work, "tickets", event.data.part)


async def metrics_done(work: Work, event: Event[MetricsPartDone]) -> None:
    await requests.hear(work, "metrics", event.data.part)


async def notifier_done(work: Work, event: Event[NotifierPartDone]) -> None:
    await requests.hear(work, "notifier", event.data.part)


async def nudge(work: Work, timer: Timer) -> None:
    await requests.nudge(work, UUID(timer.key))


async def sweep(work: Work, timer: Timer) -> None:
    await requests.sweep(work, UUID(timer.key))


async def warn(work: Work, timer: Timer) -> None:
    await requests.warn(work, UUID(timer.key))
