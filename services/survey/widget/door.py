"""Who may come in by a publishable key: pages of the key's own origins, to hand in answers and for nothing else."""

from typing import Final

from services.survey.responses.schemas import CustomerNamed
from services.survey.widget.models import WidgetKey
from shared.bus.events import Actor
from shared.contracts.base import ActorKind
from shared.settings import ServiceSettings
from shared.visitors.door import Door, Guest, bad_identity, identity_in

VISITOR: Final = Actor(ActorKind.HUMAN, "respondent")
DOOR: Final = Door(WidgetKey, VISITOR, "widget")


def identified(settings: ServiceSettings, guest: Guest, token: str | None) -> CustomerNamed | None:
    """The visitor, as the owner's own server signed who it is. Raises `Unacceptable` for a token that is not good;
    without one it is nobody."""
    claims = identity_in(settings, guest, token)
    if claims is None:
        return None
    named = {name: claims[name] for name in ("email", "phone", "name") if claims.get(name)}
    try:
        return CustomerNamed(external_id=claims["sub"], **named)
    except ValueError:
        raise bad_identity() from None
