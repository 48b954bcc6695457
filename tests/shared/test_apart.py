"""Heavy work in a process of its own."""

import asyncio
import sys
from pathlib import Path

import pytest

from shared import apart
from shared.apart import Failed, Helper, convert_apart, run_apart

_ANSWER = f"""
import sys, time; sys.path.append({str(Path(__file__).parent.parent.parent)!r})
from shared.apart import answer_all
def answer(given):
    if given == b"wait":
        time.sleep(60)
    return given * 3 if given != b"bad" else 1 / 0
answer_all(answer)
"""
WHAT = {
    "helper": _ANSWER,
    "echo": "import sys; sys.stdout.write(sys.stdin.read().upper())",
    "secrets": "import os; print('HEED_SECRET' in os.environ)",
    "hungry": "bytearray(500 * 1024 * 1024)",
    "slow": "import time; time.sleep(60)",
    "talkative": "raise ValueError('Ana wrote: I am angry')",
}


@pytest.fixture(autouse=True)
def modules(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, code in WHAT.items():
        (tmp_path / f"{name}.py").write_text(code)  # type: ignore[operator]
    monkeypatch.setattr(apart, "_ROOT", tmp_path)
    monkeypatch.setenv("HEED_SECRET", "x" * 40)


async def test_it_answers_and_knows_no_secrets() -> None:
    assert await run_apart("echo", b"hello", seconds=20, megabytes=512) == b"HELLO"
    assert (await run_apart("secrets", b"", seconds=20, megabytes=512)).strip() == b"False"


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS does not enforce the limit")
async def test_its_memory_is_bounded() -> None:
    with pytest.raises(Failed, match="MemoryError"):
        await run_apart("hungry", b"", seconds=20, megabytes=300)


async def test_its_time_is_bounded() -> None:
    with pytest.raises(Failed, match="longer than"):
        await run_apart("slow", b"", seconds=0.5, megabytes=512)


async def test_its_complaint_quotes_nobody() -> None:
    with pytest.raises(Failed) as caught:
        await run_apart("talkative", b"", seconds=20, megabytes=512)
    assert str(caught.value) == "talkative failed: ValueError"


async def test_a_file_becomes_another(tmp_path: Path) -> None:
    with (tmp_path / "given").open("wb+") as source, (tmp_path / "told").open("wb+") as target:
        source.write(b"hello")
        await convert_apart("echo", source, target, seconds=20, megabytes=512)
        assert target.read() == b"HELLO"


class TestHelpers:
    async def test_answer_one_after_the_other(self) -> None:
        helper = Helper("helper", megabytes=512)
        asked = [b"a", b"b" * 300_000, b""]
        assert await asyncio.gather(*(helper.ask(given, seconds=20) for given in asked)) == [each * 3 for each in asked]
        await helper.close()

    async def test_that_fail_are_followed_by_others(self) -> None:
        helper = Helper("helper", megabytes=512)
        with pytest.raises(Failed, match="ZeroDivisionError"):
            await helper.ask(b"bad", seconds=20)
        with pytest.raises(Failed, match="longer than"):
            await helper.ask(b"wait", seconds=0.5)
        assert await helper.ask(b"good", seconds=20) == b"good" * 3
        await helper.close()

    async def test_never_give_an_answer_to_somebody_else(self) -> None:
        helper = Helper("helper", megabytes=512)
        await helper.ask(b"first", seconds=20)
        given_up = asyncio.create_task(helper.ask(b"given up", seconds=20))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        given_up.cancel()
        assert await helper.ask(b"mine", seconds=20) == b"mine" * 3
        await helper.close()
