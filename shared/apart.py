"""Heavy work in a process of its own: its memory goes when it ends, it is bounded, and no event loop waits for it."""

import asyncio
import os
import sys
from pathlib import Path
from typing import Final

_ROOT: Final = Path(__file__).parent.parent
# Little of the environment: a child that only calculates needs no secrets.
_PASSED_ON: Final = ("PATH", "LANG", "LC_ALL", "TMPDIR", "SYSTEMROOT")
_LIMITED: Final = """
import resource, runpy, os, sys
resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[1]),) * 2)
os.nice(5)
sys.argv[:] = [sys.argv[2]]
runpy.run_module(sys.argv[0], run_name="__main__")
"""


class Failed(Exception):
    """The child ended badly or took too long. Its text is not people's data: the last line names the problem's kind."""


async def run_apart(module: str, given: bytes, *, seconds: float, megabytes: int) -> bytes:
    """`python -m module` with `given` as its input; returns its output. Raises `Failed`.

    `megabytes` bounds the child's address space.
    """
    environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    # One core: the others are for those who wait for an answer.
    environment |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _LIMITED, str(megabytes * 1_048_576), module),
        cwd=_ROOT,
        env=environment,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(seconds):
            output, complaint = await child.communicate(given)
    except TimeoutError:
        raise Failed(f"{module} took longer than {seconds:.0f} seconds") from None
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    if child.returncode != 0:
        last = complaint.decode(errors="replace").strip().rpartition("\n")[2]
        raise Failed(f"{module} failed: {last.partition(':')[0][:100]}")
    return output
