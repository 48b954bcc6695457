"""What the customers service can be told: nothing beyond what every service needs."""

from shared.settings import ServiceSettings


class CustomersSettings(ServiceSettings):
    """See `ServiceSettings`."""
