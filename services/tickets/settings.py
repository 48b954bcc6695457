"""Settings of the tickets service: those of services that reach out, for the feeds of calendars."""

from shared.http.egress import EgressSettings


class TicketsSettings(EgressSettings):
    """See `EgressSettings`."""
