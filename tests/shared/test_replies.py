"""How files stand below an answer."""

import pytest

from shared.contracts.tickets import AttachedFile
from shared.replies import size_of, with_files


class TestAnAnswer:
    def test_without_files_is_as_it_was(self) -> None:
        assert with_files("Hello", []) == "Hello"

    def test_names_each_file_and_where_it_is(self) -> None:
        files = [AttachedFile(name="a.pdf", size=1_234, url="https://x/1"), AttachedFile(name="b", size=9, url="u")]
        assert with_files("Hello", files) == "Hello\n\na.pdf (1.2 kB)\nhttps://x/1\n\nb (9 bytes)\nu"


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 bytes"), (999, "999 bytes"), (1_000, "1.0 kB"), (20_971_520, "21 MB")],
)
def test_sizes_are_rounded(size: int, text: str) -> None:
    assert size_of(size) == text
