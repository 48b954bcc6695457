"""Fitting happens in a process of its own: the services never load scikit-learn."""

import subprocess
import sys

import pytest

from services.survey.learning.lessons import Learned, Lesson
from services.survey.learning.linear import unpacked
from services.survey.learning.training import _MODULE
from shared.apart import run_apart
from tests.survey.learning.lessons import rows


@pytest.mark.timeout(300)
async def test_a_lesson_goes_out_and_a_model_comes_back() -> None:
    lesson = Lesson(rows=rows(6), labels=["negative", "neutral", "positive"], link="softmax")
    answer = await run_apart(_MODULE, lesson.model_dump_json().encode(), seconds=240, megabytes=3_072)
    learned = Learned.model_validate_json(answer)
    assert len(learned.held_out) == len(lesson.rows)
    assert unpacked(learned.bytes).shares("the gribble went zonk again", {})["negative"] > 0.5


def test_the_service_does_without_numpy() -> None:
    code = (
        "import sys, services.survey.app; sys.exit(any(name in sys.modules for name in ('numpy', 'sklearn', 'scipy')))"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
