"""The data home: one folder with everything that an embedded Heed remembers, and the lock that keeps it for one."""

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shared.embedded.account import Account
from shared.embedded.errors import AlreadyRunning, DataFolderNotWritable, FolderOutOfReach

FALLBACK = "/var/lib/heed"
POINTER = "postgres.folder"


class DataHome:
    """`folder` is made on first use. Secrets in it are readable by its owner only."""

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder).absolute()

    @property
    def log(self) -> Path:
        return self.folder / "log"

    def prepare(self) -> None:
        """Raises `DataFolderNotWritable`, with the system's own reason, before anything else is tried."""
        try:
            if not self.folder.exists():
                self.folder.mkdir(parents=True)
                # Closed to others; root's may be passed through, since PostgreSQL runs as another account below it.
                self.folder.chmod(0o711 if os.geteuid() == 0 else 0o700)
            self.log.mkdir(exist_ok=True)
            probe = self.folder / f".probe-{os.getpid()}"
            probe.touch()
            probe.unlink()
        except OSError as error:
            raise DataFolderNotWritable(self.folder, (error.strerror or str(error)).lower()) from error

    @contextmanager
    def locked(self, note: str = "") -> Iterator[None]:
        """Hold the home until the block ends; the system lets go of the lock however the process ends.

        `note` is shown to whoever comes second. Raises `AlreadyRunning`.
        """
        self.prepare()
        descriptor = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                who = os.read(descriptor, 500).decode(errors="replace").strip()
                raise AlreadyRunning(self.folder, f" ({who})" if who else "") from None
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"process {os.getpid()}{', ' if note else ''}{note}\n".encode(), 0)
            yield
        finally:
            os.close(descriptor)

    @property
    def room(self) -> Path:
        """The folder of the PostgreSQL cluster; `choose_room` decides it once."""
        pointer = self.folder / POINTER
        return Path(pointer.read_text().strip()) if pointer.exists() else self.folder / "postgres"

    def choose_room(self, account: Account) -> Path:
        """Make the cluster's folder, in the home whenever PostgreSQL's account can get there.

        When root keeps Heed in a closed folder such as its own home, opening that folder is not ours to do: the
        cluster then lives below `HEED_POSTGRES_HOME` (default /var/lib/heed), and the home remembers where.
        """
        room = self.room
        if room.parent == self.folder and not account.can_enter(self.folder):
            if room.exists():
                raise FolderOutOfReach(room, account.name)
            room = Path(os.environ.get("HEED_POSTGRES_HOME", FALLBACK)) / secrets.token_hex(6)
            (self.folder / POINTER).write_text(f"{room}\n")
        try:
            for folder in (*reversed(room.parents), room):
                if not folder.exists():
                    folder.mkdir(mode=0o700)
                    folder.chmod(0o711 if account.drops else 0o700)
        except OSError as error:
            raise DataFolderNotWritable(room, (error.strerror or str(error)).lower()) from error
        if not account.can_enter(room):
            raise FolderOutOfReach(room, account.name)
        return room

    def write_private(self, name: str, text: str) -> Path:
        """Write a file that only its owner may read; the old content or the new is there, never a half."""
        return write_private(self.folder / name, text)


def write_private(path: Path, text: str) -> Path:
    unfinished = path.with_name(f".{path.name}.new")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    unfinished.rename(path)
    return path
