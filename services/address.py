"""Where Heed listens. Taken before anything heavy is imported, so that a refusal comes at once."""

import os
import socket
from dataclasses import dataclass

from shared.embedded.errors import CannotStart, PortTaken

BACKLOG = 2048


@dataclass(frozen=True, slots=True)
class Address:
    host: str
    port: int

    @property
    def url(self) -> str:
        """For people on this machine."""
        host = "localhost" if self.host in ("127.0.0.1", "0.0.0.0", "::", "::1") else self.host
        return f"http://{host}:{self.port}"

    def listen(self) -> socket.socket:
        """Bound and listening. Raises `PortTaken`."""
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        listening = socket.socket(family)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((self.host, self.port))
            # Bound alone is not enough: of two programs that bind the same port only one may listen.
            listening.listen(BACKLOG)
        except OSError as problem:
            listening.close()
            raise PortTaken(self.host, self.port, (problem.strerror or str(problem)).lower()) from problem
        return listening


def address_from_environment(default_host: str) -> Address:
    """`HEED_HOST` and `HEED_PORT`; raises `CannotStart` for what is no port."""
    port = os.environ.get("HEED_PORT") or "8000"
    if not port.isdecimal() or not 0 < int(port) < 65536:
        raise CannotStart(f"HEED_PORT is {port!r}; it must be a number from 1 to 65535")
    return Address(os.environ.get("HEED_HOST") or default_host, int(port))
