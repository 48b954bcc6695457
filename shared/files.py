"""Where bytes lie that are too large for a row. A row says whose they are; here they have a name and nothing else."""

import asyncio
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Protocol
from uuid import UUID

import structlog

from shared.http.errors import Unavailable
from shared.object_store import Credentials, ObjectStore, Place, StoreDown
from shared.settings import ServiceSettings

_LOG = structlog.get_logger(__name__)
_KEY: Final = re.compile(r"[0-9a-f-]{36}/[0-9a-f-]{36}")


class FileMissing(Exception):
    """Nothing lies under this key, or no longer."""


class NoPlaceForFiles(Unavailable):
    """This installation keeps no files: whoever runs it has to set HEED_FILES_FOLDER to a folder that lasts, or
    HEED_FILES_URL to a store."""

    code = "no_place_for_files"


class FilesAway(Unavailable):
    """The place where files are kept cannot be reached at the moment. Try again."""

    code = "files_away"


class FileStore(Protocol):
    """Bytes by key (see `file_key`). What was put is there, whole, even if the machine fails in the next moment."""

    async def put(self, key: str, content: bytes) -> None: ...

    async def get(self, key: str) -> bytes:
        """Raises `FileMissing`."""
        ...

    async def delete(self, key: str) -> None:
        """Nothing happens if there is none."""
        ...


def file_key(account_id: UUID, file_id: UUID) -> str:
    return f"{account_id}/{file_id}"


def file_store(settings: ServiceSettings) -> FileStore:
    """Raises `NoPlaceForFiles` if there is neither a store nor a folder."""
    if settings.files_url:
        credentials = Credentials(settings.files_access_key, settings.files_secret_key.get_secret_value())
        return BucketStore(ObjectStore(Place.of(settings.files_url), credentials))
    if not settings.files_folder:
        raise NoPlaceForFiles
    return FolderStore(Path(settings.files_folder))


def checked(key: str) -> str:
    """Keys are made of ids, so none leads elsewhere; a mistake in a caller must not either."""
    if not _KEY.fullmatch(key):
        raise ValueError("not a key of a file")
    return key


class BucketStore:
    """A bucket of an S3-compatible store, which all replicas reach."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects

    async def put(self, key: str, content: bytes) -> None:
        with _away():
            await self._objects.put(checked(key), content)

    async def get(self, key: str) -> bytes:
        with _away():
            content = await self._objects.get(checked(key))
        if content is None:
            raise FileMissing(key)
        return content

    async def delete(self, key: str) -> None:
        with _away():
            await self._objects.delete(checked(key))


@contextmanager
def _away() -> Iterator[None]:
    try:
        yield
    except StoreDown as problem:
        _LOG.warning("files_away", problem=str(problem))
        raise FilesAway from None


class FolderStore:
    """A local folder, or one that all replicas have mounted. Files are readable by their owner only."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def put(self, key: str, content: bytes) -> None:
        await asyncio.to_thread(self._write, self._path(key), content)

    async def get(self, key: str) -> bytes:
        try:
            return await asyncio.to_thread(self._path(key).read_bytes)
        except FileNotFoundError:
            raise FileMissing(key) from None

    async def delete(self, key: str) -> None:
        await asyncio.to_thread(self._path(key).unlink, missing_ok=True)

    def _path(self, key: str) -> Path:
        return self._folder / checked(key)

    @staticmethod
    def _write(path: Path, content: bytes) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        partial = path.with_suffix(".part")
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
        # The name is durable once the folder is.
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
