"""Settings of the survey service."""

from pydantic import Field

from shared.http.egress import EgressSettings


class SurveySettings(EgressSettings):
    survey_invitation_days: int = Field(30, ge=1, le=365, description="Days an invitation stays open by default.")
    survey_cooldown_days: int = Field(
        7, ge=0, le=365, description="Days before the same customer may be asked the same survey again, by default."
    )
    survey_contact_wait_seconds: float = Field(
        2.0, ge=0, le=10, description="How long a call waits for customers and segments made a moment ago."
    )
    survey_intake_waiting: int = Field(
        256,
        ge=1,
        description="Responses, and deliveries of sources, that may wait for their commit in one process; more are "
        "refused with 429.",
    )
    survey_import_portion: int = Field(
        1_000, ge=1, le=5_000, description="Lines of a file that an import stores in one transaction."
    )


def patience(settings: SurveySettings) -> float:
    """Seconds to wait for what another service has only just told of."""
    return settings.survey_contact_wait_seconds
