"""Bytes in a folder."""

import stat
from pathlib import Path

import pytest

from shared.files import FileMissing, FolderStore, NoPlaceForFiles, file_key, file_store
from shared.ids import new_id
from shared.settings import ServiceSettings


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "files")


class TestFolderStore:
    async def test_gives_back_what_was_put_until_it_is_deleted(self, store: FolderStore, tmp_path: Path) -> None:
        key = file_key(new_id(), new_id())
        await store.put(key, b"first")
        await store.put(key, b"second")
        assert await store.get(key) == b"second"
        assert stat.S_IMODE((tmp_path / "files" / key).stat().st_mode) == 0o600
        await store.delete(key)
        await store.delete(key)
        with pytest.raises(FileMissing):
            await store.get(key)

    @pytest.mark.parametrize("key", ["../secrets", "a/b", f"{new_id()}/../../{new_id()}", f"{new_id()}/{new_id()}\n"])
    async def test_no_key_leads_elsewhere(self, store: FolderStore, key: str) -> None:
        with pytest.raises(ValueError, match="not a key"):
            await store.put(key, b"")


def test_without_a_folder_there_is_no_place_for_files() -> None:
    with pytest.raises(NoPlaceForFiles, match="HEED_FILES_FOLDER"):
        file_store(ServiceSettings(files_folder=""))
