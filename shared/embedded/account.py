"""Who the private PostgreSQL runs as: the current user, or for root an unprivileged account that already exists."""

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared.embedded.errors import AccountMissing

CANDIDATES = ("postgres", "nobody")


@dataclass(frozen=True, slots=True)
class Account:
    """`drops` is true when we are root and children must give up our rights before they run."""

    name: str
    uid: int
    gid: int
    drops: bool

    def popen_options(self) -> dict[str, Any]:
        """Keyword arguments for `subprocess`: identity without our other groups, and an environment without secrets."""
        environment = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "HOME": "/"}
        if not self.drops:
            return {"env": environment}
        return {"env": environment, "user": self.uid, "group": self.gid, "extra_groups": []}

    def can_enter(self, folder: Path) -> bool:
        """Asked of the system itself: mode bits alone do not know access lists or mounts."""
        if not self.drops:
            return True
        command = ["/bin/sh", "-c", 'cd -- "$1"', "sh", str(folder)]
        return subprocess.run(command, **self.popen_options(), stderr=subprocess.DEVNULL, cwd="/").returncode == 0

    def own(self, path: Path) -> None:
        if self.drops:
            os.chown(path, self.uid, self.gid)


def choose_account(data: Path) -> Account:
    """The account for the cluster in `data`: whoever owns it if it exists, so that `sudo` once does not lock it up."""
    if os.geteuid() != 0:
        return _account(pwd.getpwuid(os.geteuid()), drops=False)
    if data.exists() and (owner := data.stat().st_uid) != 0:
        return _named_uid(owner)
    configured = os.environ.get("HEED_POSTGRES_USER")
    names = (configured,) if configured else CANDIDATES
    for name in names:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid != 0:
            return _account(entry, drops=True)
    raise AccountMissing(" or ".join(names))


def _named_uid(uid: int) -> Account:
    try:
        return _account(pwd.getpwuid(uid), drops=True)
    except KeyError:
        # initdb and postgres look their own uid up in the password database and refuse to run without an entry.
        raise AccountMissing(f"uid {uid}") from None


def _account(entry: pwd.struct_passwd, *, drops: bool) -> Account:
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid, drops)
