"""Each of Heed's own rules complains about what it forbids, and about nothing else."""

import ast
from pathlib import Path

import pytest

from tests.lint import RULES, Module, complaints, text_rules


def complain(name: str, source: str) -> list[str]:
    module = Module(name, ast.parse(source))
    return [text for rule in RULES for _, text in rule(module)]


class TestRules:
    @pytest.mark.parametrize(
        ("name", "source", "words"),
        [
            ("services/tickets/cases/service.py", "async def f(w):\n    await w.session.commit()", "only the edge"),
            ("services/tickets/cases/service.py", "from datetime import datetime\nx = datetime.now()", "clock"),
            ("shared/bus/relay.py", "import time\nx = time.time()", "clock"),
            ("services/tickets/cases/endpoints.py", "def f():\n    raise HTTPException(404)", "AppError"),
            ("services/tickets/cases/endpoints.py", "@router.get('')\ndef f(): ...", "no return annotation"),
            ("services/tickets/cases/endpoints.py", "@router.get('')\ndef f() -> dict[str, int]: ...", "untyped dict"),
            ("services/tickets/cases/service.py", "from services.survey.app import SERVICE", "events and HTTP"),
            ("services/tickets/cases/service.py", "from services import survey", "events and HTTP"),
            ("services/tickets/cases/service.py", "import leftpad", "not among the dependencies"),
            ("shared/work.py", "def f():\n" + "    pass\n" * 80, "81 lines"),
        ],
    )
    def test_what_is_forbidden_is_found(self, name: str, source: str, words: str) -> None:
        assert [text for text in complain(name, source) if words in text]

    @pytest.mark.parametrize(
        ("name", "source"),
        [
            ("shared/db/group_commit.py", "async def f(c):\n    await c.commit()"),
            ("shared/clock.py", "from datetime import UTC, datetime\nx = datetime.now(UTC)"),
            ("services/tickets/cases/endpoints.py", "@router.get('')\ndef f() -> TicketOut: ..."),
            ("services/tickets/cases/service.py", "from services.tickets.db import Base\nimport sqlalchemy"),
            ("services/runner.py", "from services.tickets.app import SERVICE"),
            ("shared/work.py", "def f():\n" + "    pass\n" * 79),
        ],
    )
    def test_what_is_allowed_passes(self, name: str, source: str) -> None:
        assert complain(name, source) == []


class TestTexts:
    def test_a_file_of_more_than_400_lines_is_found(self) -> None:
        assert [text for _, text in text_rules("shared/work.py", "x\n" * 401)] == [
            "401 lines, at most 400: split it by subject"
        ]
        assert list(text_rules("shared/work.py", "x\n" * 400)) == []

    def test_hosts_in_lock_files_and_places_of_one_machine_are_found(self) -> None:
        assert len(list(text_rules("requirements.lock", "six @ https://packages.example/six.whl"))) == 1
        assert list(text_rules("docs/x.md", "see https://packages.example/six")) == []
        assert len(list(text_rules("docs/x.md", "cd /" + "home/ana/heed"))) == 1
        assert list(text_rules("docs/x.md", "cd $HOME/root/x and services/home/x")) == []

    def test_a_package_without_its_init_file_is_found(self, tmp_path: Path) -> None:
        (tmp_path / "services" / "new").mkdir(parents=True)
        (tmp_path / "services" / "new" / "app.py").write_text("")
        assert "no __init__.py" in "".join(complaints(tmp_path, ["services/new/app.py"]))
