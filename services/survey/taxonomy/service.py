"""The topics that an account looks for."""

from services.survey.understanding.topics import Taxonomy, default_taxonomy
from shared.work import Work


async def current(work: Work) -> Taxonomy:
    """As it stands now, ready to read texts with."""
    return default_taxonomy()
