"""Who may come in by a publishable key: pages of the key's own origins, to talk to the assistant, nothing else."""

from typing import Final

from services.tickets.visitors.models import VisitorKey
from shared.bus.events import Actor
from shared.contracts.base import ActorKind
from shared.visitors.door import Door

VISITOR: Final = Actor(ActorKind.HUMAN, "visitor")
DOOR: Final = Door(VisitorKey, VISITOR, "visitor")
