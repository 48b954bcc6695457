"""Messages that others had sent take attention too."""

from sqlalchemy.dialects.postgresql import insert

from services.survey.exposures.models import Exposure
from shared.bus.events import Event
from shared.contracts.notifier import MessageSent
from shared.work import Work

# The notifier's template for what a colleague or a rule writes on their own account.
_OF_OUR_OWN_ACCORD = "message"


async def count_message(work: Work, event: Event[MessageSent]) -> None:
    """Invitations and reminders were counted when they were made; answers to the customer do not count."""
    sent = event.data
    if sent.customer_id is None or sent.template != _OF_OUR_OWN_ACCORD or sent.ticket_id is not None:
        return
    statement = insert(Exposure).values(
        account_id=work.account_id,
        id=sent.message_id,
        customer_id=sent.customer_id,
        kind="message",
        channel=sent.channel,
        survey_id=None,
        at=sent.sent_at,
    )
    await work.session.execute(statement.on_conflict_do_nothing())
