"""Preferences in answers."""

from uuid import UUID

from shared.contracts.consent import ConsentChannel, ConsentReason
from shared.http.schemas import Model


class PreferenceOut(Model):
    """`reason`: they said so (`granted`, `withdrawn`), or nothing (`default`: may be done, `no_consent`: may not)."""

    purpose: str
    channel: ConsentChannel
    allowed: bool
    reason: ConsentReason


class PreferencesOut(Model):
    customer_id: UUID
    url: str
    preferences: list[PreferenceOut]
