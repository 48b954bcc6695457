"""Heavy work in a process of its own."""

import sys

import pytest

from shared import apart
from shared.apart import Failed, run_apart

WHAT = {
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
