"""What the survey service's own events mean for the names of surveys."""

from sqlalchemy.dialects.postgresql import insert

from services.metrics.surveys.models import Survey
from shared.bus.events import Event
from shared.contracts.survey import SurveyPublished
from shared.work import Work


async def remember(work: Work, event: Event[SurveyPublished]) -> None:
    """Keep the newest version's name and kind; an older version that comes late changes nothing."""
    values = {"name": event.data.name, "kind": event.data.kind, "version": event.data.survey_version}
    statement = insert(Survey).values(account_id=work.account_id, survey_id=event.data.survey_id, **values)
    await work.session.execute(
        statement.on_conflict_do_update(
            index_elements=["account_id", "survey_id"], set_=values, where=Survey.version < event.data.survey_version
        )
    )
