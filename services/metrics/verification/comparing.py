"""What is kept added up, against what it is added up from."""

from typing import NamedTuple

from services.metrics.rollups import counting
from services.metrics.tickets import verifying
from shared.work import Work


class Differences(NamedTuple):
    """How many `cells` of the rollups say something else than the facts, and `tickets` something else than their
    steps. Anything but 0 is a defect."""

    cells: int
    tickets: int

    @property
    def any(self) -> bool:
        return self.cells + self.tickets > 0


async def differences(work: Work) -> Differences:
    return Differences(await counting.differences(work), len(await verifying.differing(work)))
