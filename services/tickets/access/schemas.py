"""The policy as it comes in and goes out."""

from pydantic import Field

from services.tickets.access.models import OtherTeams
from shared.http.schemas import Model


class PolicyIn(Model):
    """What people may do with the tickets of teams that they are not in."""

    other_teams: OtherTeams = Field(
        description="open: everything that their role allows; read_only: look; hidden: nothing, they are not there for "
        "them. Owners, admins and API keys are not limited, and tickets without a team are everybody's."
    )


class PolicyOut(Model):
    """`version` 0: there is none yet; what is shown is what holds without one."""

    other_teams: OtherTeams
    version: int
