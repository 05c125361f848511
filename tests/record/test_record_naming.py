from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from s2s_live.errors import RecordingError
from s2s_live.record.naming import claim, dated_stem


def test_names_are_dated():
    assert dated_stem(datetime(2026, 11, 20, 23, 55, 1)) == "s2s-live 2026-11-20 23.55.01"


def test_a_taken_name_gets_a_counter_and_nothing_is_overwritten(tmp_path):
    (tmp_path / "take.mp4").write_bytes(b"precious")
    paths = [claim(tmp_path, "take", ".mp4") for _ in range(2)]
    assert [path.name for path in paths] == ["take (2).mp4", "take (3).mp4"]
    assert (tmp_path / "take.mp4").read_bytes() == b"precious"


def test_a_folder_can_be_claimed_too(tmp_path):
    assert claim(tmp_path, "take", "").is_dir()
    assert claim(tmp_path, "take", "").name == "take (2)"


def test_a_missing_folder_is_made(tmp_path):
    assert claim(tmp_path / "a" / "b", "take", ".mp4").exists()


@pytest.mark.parametrize("below", ["file", "file/deeper"])
def test_a_file_in_the_way_is_named(tmp_path, below):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(RecordingError) as caught:
        claim(tmp_path / below, "take", ".mp4")
    assert caught.value.hint == "Choose another folder."
    assert str(tmp_path / below) in caught.value.message


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="no /proc here")
def test_a_folder_that_cannot_be_written_is_named():
    with pytest.raises(RecordingError, match="/proc/recordings"):
        claim(Path("/proc/recordings"), "take", ".mp4")
