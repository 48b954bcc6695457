import pytest

from services.survey.adapters.registry import adapters
from tests.survey.sources.toy import Toy


@pytest.fixture(autouse=True)
def toy(monkeypatch: pytest.MonkeyPatch) -> Toy:
    """Known to the registry, for one test."""
    toy = Toy()
    monkeypatch.setitem(adapters(), toy.name, toy)
    return toy
