"""Requests that a shop hands on: its platform asked it on behalf of a customer."""

from services.gateway.subject_requests import service as requests
from services.gateway.subject_requests.schemas import NewSubjectRequest
from shared.bus.events import Event
from shared.contracts.hearing import PrivacyMatched
from shared.work import Work


async def open_all(work: Work, event: Event[PrivacyMatched]) -> None:
    """One for each person. What is being done for one of them already is not done twice."""
    for customer_id in event.data.customer_ids:
        try:
            await requests.open_request(work, NewSubjectRequest(kind=event.data.request, customer_id=customer_id))
        except requests.AlreadyRequested:
            continue
