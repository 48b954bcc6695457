"""Heavy work in a process of its own: its memory goes when it ends, it is bounded, and no event loop waits for it."""

import asyncio
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Final

from shared.process import settle

# Of a question or an answer to a helper: so many bytes say how long it is.
_LENGTH: Final = 8
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
    """The child ended badly or took too long. Its text is not people's data: the last line names the problem's kind.

    `kind` is that name, of the child's own module without that; empty if the child named none.
    """

    def __init__(self, text: str, kind: str = "") -> None:
        super().__init__(text)
        self.kind = kind


async def run_apart(module: str, given: bytes, *, seconds: float, megabytes: int) -> bytes:
    """`python -m module` with `given` as its input; returns its output. Raises `Failed`.

    `megabytes` bounds the child's address space.
    """
    return await _ended(await _start(module, megabytes), module, given, seconds)


async def convert_apart(module: str, source: BinaryIO, target: BinaryIO, *, seconds: float, megabytes: int) -> None:
    """`python -m module` with one file as its input and another as its output. Raises `Failed`."""
    source.seek(0)
    # The child has the file, and nothing of what is still in memory here.
    source.flush()
    await _ended(await _start(module, megabytes, source.fileno(), target.fileno()), module, None, seconds)
    target.seek(0)


class Helper:
    """`python -m module` as a process that answers one question after the other with `answer_all`.

    It starts with the first question, and ends with this process, however that ends: then its input ends. `megabytes`
    bounds its address space.
    """

    def __init__(self, module: str, *, megabytes: int) -> None:
        self._module, self._megabytes = module, megabytes
        self._child: asyncio.subprocess.Process | None = None
        self._turn = asyncio.Lock()

    async def ask(self, given: bytes, *, seconds: float) -> bytes:
        """Raises `Failed`; the next question is put to a new process then."""
        async with self._turn:
            if self._child is None:
                self._child = await _start(self._module, self._megabytes)
            try:
                async with asyncio.timeout(seconds):
                    return await _exchange(self._child, given)
            except TimeoutError:
                await self._end()
                raise Failed(f"{self._module} took longer than {seconds:.0f} seconds") from None
            except (OSError, asyncio.IncompleteReadError):
                complaint = await _complaint_of(self._child)
                await self._end()
                raise Failed(f"{self._module} failed: {complaint}", complaint) from None
            except BaseException:
                # Nobody waits for its answer any more, and the next one would get it.
                await self._end()
                raise

    async def close(self) -> None:
        async with self._turn:
            await self._end()

    async def _end(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            await _killed(child)


def answer_all(answer: Callable[[bytes], bytes]) -> None:
    """The other side of `Helper`, in the module it names: until its input ends."""
    given, told, settled = sys.stdin.buffer, sys.stdout.buffer, False
    while length := given.read(_LENGTH):
        content = answer(given.read(int.from_bytes(length)))
        told.write(len(content).to_bytes(_LENGTH) + content)
        told.flush()
        if not settled:
            # What was loaded for the first answer stays.
            settle()
            settled = True


async def _start(
    module: str, megabytes: int, given: int = asyncio.subprocess.PIPE, told: int = asyncio.subprocess.PIPE
) -> asyncio.subprocess.Process:
    environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    # One core: the others are for those who wait for an answer.
    environment |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _LIMITED, str(megabytes * 1_048_576), module),
        cwd=_ROOT,
        env=environment,
        stdin=given,
        stdout=told,
        stderr=asyncio.subprocess.PIPE,
    )


async def _ended(child: asyncio.subprocess.Process, module: str, given: bytes | None, seconds: float) -> bytes:
    """What it wrote, if that goes through a pipe."""
    try:
        async with asyncio.timeout(seconds):
            output, complaint = await child.communicate(given)
    except TimeoutError:
        raise Failed(f"{module} took longer than {seconds:.0f} seconds") from None
    finally:
        await _killed(child)
    if child.returncode != 0:
        kind = _kind_of(complaint)
        raise Failed(f"{module} failed: {kind}", kind)
    return output


async def _exchange(child: asyncio.subprocess.Process, given: bytes) -> bytes:
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdin.write(len(given).to_bytes(_LENGTH) + given)
    await child.stdin.drain()
    length = int.from_bytes(await child.stdout.readexactly(_LENGTH))
    return await child.stdout.readexactly(length)


async def _complaint_of(child: asyncio.subprocess.Process) -> str:
    assert child.stderr is not None
    return _kind_of(await child.stderr.read())


async def _killed(child: asyncio.subprocess.Process) -> None:
    if child.returncode is None:
        child.kill()
        await child.wait()


def _kind_of(complaint: bytes) -> str:
    last = complaint.decode(errors="replace").strip().rpartition("\n")[2]
    return last.partition(":")[0][:100]
