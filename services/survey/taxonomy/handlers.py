"""The topics that an account begins with are news to the others, too."""

from services.survey.taxonomy import service as taxonomies
from shared.bus.events import Event
from shared.contracts.gateway import AccountCreated
from shared.work import Work


async def announce_first(work: Work, event: Event[AccountCreated]) -> None:
    await taxonomies.announce(work)
