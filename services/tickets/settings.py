"""What the tickets service can be told: nothing beyond what every service needs."""

from shared.settings import ServiceSettings


class TicketsSettings(ServiceSettings):
    """See `ServiceSettings`."""
