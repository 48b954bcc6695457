"""The log of an embedded Heed keeps what is new and forgets what is old."""

from pathlib import Path

from shared.embedded.logfile import LogFile


class TestLogFile:
    def test_it_appends_to_what_was_there(self, tmp_path: Path) -> None:
        path = tmp_path / "heed.log"
        path.write_text("before\n")
        with LogFile(path) as log:
            log.write("after\n")
        assert path.read_text() == "before\nafter\n"

    def test_past_the_limit_one_older_file_is_kept(self, tmp_path: Path) -> None:
        path = tmp_path / "heed.log"
        with LogFile(path, limit_bytes=10) as log:
            for number in range(1, 6):
                log.write(f"line number {number}\n")
        assert path.read_text() == "line number 5\n"
        assert (tmp_path / "heed.log.1").read_text() == "line number 4\n"
        assert sorted(entry.name for entry in tmp_path.iterdir()) == ["heed.log", "heed.log.1"]
