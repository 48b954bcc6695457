"""Rows that people edit: what is sent but no other than before is no change, and each change is a version."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

from shared.work import Work


class Edited(Protocol):
    version: int
    updated_at: datetime


def differing(row: object, sent: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the values that the row does not have already."""
    return {name: value for name, value in sent.items() if getattr(row, name) != value}


def change(work: Work, row: Edited, values: Mapping[str, Any]) -> None:
    """Set the values, which makes the row's next version."""
    for name, value in values.items():
        setattr(row, name, value)
    row.version += 1
    row.updated_at = work.now
