"""Presence as it comes in and goes out."""

from datetime import datetime

from services.tickets.presence.models import Activity
from shared.http.schemas import Model


class PresenceIn(Model):
    activity: Activity = "viewing"


class PresenceOut(Model):
    """Somebody is there, until when unless they say so again."""

    actor: str
    name: str
    activity: Activity
    until: datetime


class PresentOut(Model):
    """Who is at the ticket, those who write first."""

    data: list[PresenceOut]
