"""What hearing needs to know of a source."""

from typing import Protocol
from uuid import UUID


class Sender(Protocol):
    """A source, or what stands for one. `adapter` is what the others hear as the feedback's `source`."""

    @property
    def id(self) -> UUID: ...
    @property
    def adapter(self) -> str: ...
