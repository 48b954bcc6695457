"""Answers that nobody can trace to a person, not even with the whole database before them (decision 68)."""

import hashlib
from datetime import datetime
from uuid import UUID, uuid4

from shared.clock import day_of


def masked(survey_id: UUID, submission_id: str) -> str:
    """Stands for a submission id: a retry is recognised by it, the id cannot be read from it.

    A page makes its ids at random, so none can be guessed either.
    """
    return hashlib.sha256(survey_id.bytes + submission_id.encode()).hexdigest()


def random_id() -> UUID:
    """Unlike Heed's other ids it does not tell when it was made."""
    return uuid4()


def coarse(moment: datetime) -> datetime:
    """Only the day of it, in UTC."""
    return day_of(moment)
