"""The tickets service alone, on a real database."""

from pathlib import Path
from typing import Any

import pytest

from services.tickets.app import SERVICE
from shared.testing.harness import Harness


@pytest.fixture
async def tickets(harness: Any, tmp_path: Path) -> Harness:
    made: Harness = await harness(SERVICE, files_folder=str(tmp_path / "files"))
    return made
