"""Passwords: Argon2id, in threads of its own, and never more than a few at once."""

import asyncio
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from shared.http.errors import TooMany
from shared.service import Runtime

T = TypeVar("T")

# OWASP Password Storage Cheat Sheet: Argon2id with 19 MiB, two passes, one lane. The memory is needed for each
# password that is being checked, so few are checked at a time.
_MEMORY_KIB: Final = 19_456
_PASSES: Final = 2
_LANES: Final = 1
_AT_ONCE: Final = 2
_MOST_WAITING: Final = 32


class Passwords:
    """Raises `TooMany` rather than let a flood of sign-ins queue without end."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher(time_cost=_PASSES, memory_cost=_MEMORY_KIB, parallelism=_LANES)
        self._threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="passwords")
        self._waiting = 0
        # What an unknown user's password is checked against: the same work, and no password fits.
        self._nobody = self._hasher.hash(secrets.token_urlsafe(32))

    async def hash(self, password: str) -> str:
        return await self._run(self._hasher.hash, password)

    async def fits(self, password: str, password_hash: str | None) -> bool:
        """`None` stands for a user that does not exist; it takes as long and never fits."""
        fits = await self._run(self._verify, password_hash or self._nobody, password)
        return fits and password_hash is not None

    def is_outdated(self, password_hash: str) -> bool:
        """Whether it was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(password_hash)

    def _verify(self, password_hash: str, password: str) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _run(self, work: Callable[..., T], *arguments: str) -> T:
        if self._waiting >= _MOST_WAITING:
            raise TooMany("Too many passwords are being checked; try again shortly.", retry_after=2)
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)
        finally:
            self._waiting -= 1


def passwords_of(runtime: Runtime) -> Passwords:
    """The process's one checker of passwords."""
    passwords: Passwords | None = runtime.state.get("passwords")
    if passwords is None:
        passwords = runtime.state["passwords"] = Passwords()
    return passwords


def random_password() -> str:
    """For people to type once: 100 random bits in groups, without letters that look alike."""
    alphabet = "abcdefghijkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(alphabet) for _ in range(5)) for _ in range(4))
