"""What of an answer is kept back from somebody who may not read single answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from services.metrics.privacy.withholding import Reason
from services.metrics.scores.counted import Place

# What can tell single answers; how many there are does not.
_TELLING: Final[Mapping[str, Any]] = {
    "value": None,
    "money": None,
    "interval": None,
    "scale": None,
    "bands": None,
    "distribution": [],
    "durations": None,
}


@dataclass(frozen=True, slots=True)
class Veil:
    """`whole`: why nothing of the answer is shown; `places`: why these points of its series are not."""

    whole: Reason | None = None
    places: Mapping[Place, Reason] = field(default_factory=dict)

    def over(self, fields: Mapping[str, Any], place: Place | None) -> dict[str, Any]:
        """The fields of `Score` that may be shown; `place` is None for the whole window."""
        reason = self.whole or (None if place is None else self.places.get(place))
        return {**fields, **({} if reason is None else _TELLING), "withheld": reason}
