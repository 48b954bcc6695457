"""Purchases: CDNOW's, read from a folder that is not part of Heed (`HEED_TEST_DATA`), and simulated ones."""

import os
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np

from shared.contracts.activities import ActivityRecorded
from shared.ids import new_id
from tests.metrics.activities.builders import activity

CDNOW = Path(os.environ.get("HEED_TEST_DATA", "")) / "cdnow" / "CDNOW_sample.txt"


def cdnow(until: date) -> list[ActivityRecorded]:
    """2,357 customers who first bought in early 1997 (Fader and Hardie), until the day, included."""
    told, customers = [], dict[str, UUID]()
    for line in CDNOW.read_text().splitlines():
        _, customer, day, _, dollars = line.split()
        at = datetime.strptime(day, "%Y%m%d").replace(tzinfo=UTC)
        if at.date() <= until:
            customer_id = customers.setdefault(customer, new_id())
            told.append(activity(customer_id, at, amount=dollars, currency="USD"))
    return told


def lives(customers: int, weeks: float, seed: int) -> Iterator[tuple[float, list[float]]]:
    """When each came, and after how many weeks they bought again, as the model has it: r 1, alpha 8, a 1.2, b 3."""
    chance = np.random.default_rng(seed)
    for _ in range(customers):
        rate, leaving = chance.gamma(1, 1 / 8), chance.beta(1.2, 3)
        came = chance.uniform(0, weeks / 2)
        bought, at = [], 0.0
        while True:
            at += chance.exponential(1 / rate)
            if came + at > weeks:
                break
            bought.append(at)
            if chance.uniform() < leaving:
                break
        yield came, bought


def simulated(now: datetime, customers: int, **changes: Any) -> list[ActivityRecorded]:
    """Of the year until now; what they pay is as the model has it: p 6, q 4, v 60."""
    told, chance = [], np.random.default_rng(2)
    for came, bought in lives(customers, 52, seed=1):
        customer_id, rate = new_id(), chance.gamma(4, 1 / 60)
        for week in (0.0, *bought):
            at = now - timedelta(weeks=52 - came - week)
            told.append(activity(customer_id, at, amount=f"{chance.gamma(6, 1 / rate):.2f}", **changes))
    return told
