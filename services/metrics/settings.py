"""What the metrics service can be told: nothing beyond what every service needs."""

from shared.settings import ServiceSettings


class MetricsSettings(ServiceSettings):
    """See `ServiceSettings`."""
