"""The survey service under test, and a published survey to answer."""

import pytest

from services.survey.app import SERVICE
from shared.testing.harness import Harness
from tests.conftest import HarnessFactory


@pytest.fixture
async def survey(harness: HarnessFactory) -> Harness:
    """An invitation does not wait for a customer who is not there."""
    return await harness(SERVICE, survey_contact_wait_seconds=0)
