"""What counts as a change of a row."""

from types import SimpleNamespace
from typing import Any
from uuid import UUID

from shared.editing import differing


def test_only_other_values_are_a_change() -> None:
    row: Any = SimpleNamespace(name="Ana", tags=["a"], team_id=None)
    assert differing(row, {"name": "Ana", "tags": ["a"], "team_id": None}) == {}
    assert differing(row, {"name": "Bo", "tags": ["a"], "team_id": UUID(int=1)}) == {
        "name": "Bo",
        "team_id": UUID(int=1),
    }
