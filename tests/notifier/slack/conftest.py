"""A notifier that may reach this machine, and a Slack on it."""

from tests.notifier.webhooks.conftest import notifier, receiver

__all__ = ["notifier", "receiver"]
