"""Snoozing as it comes in."""

from pydantic import Field

from services.tickets.cases.schemas import Reason
from shared.http.schemas import Model, Moment


class Snooze(Model):
    """Until `until` or until the customer writes, whichever comes first; without `until` only the latter wakes it."""

    until: Moment | None = Field(None, description="In the future, at most a year from now.")
    reason: Reason | None = None
