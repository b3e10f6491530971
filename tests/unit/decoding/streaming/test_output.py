"""An output file that two processes want."""

from __future__ import annotations

from pathlib import Path

import pytest

from t5tune.decoding.streaming import output
from t5tune.decoding.streaming.output import OutputFile, Progress
from t5tune.errors import T5TuneError


def test_only_one_process_writes(tmp_path: Path) -> None:
    first = OutputFile(tmp_path / "out.txt", {"the model": "a"})
    with pytest.raises(T5TuneError, match="being written by another process"):
        OutputFile(tmp_path / "out.txt", {"the model": "a"})
    first.write("eins\n", Progress(1, 1))
    first.finish()
    assert (tmp_path / "out.txt").read_text() == "eins\n"


def test_a_file_that_is_finished_before_it_is_locked_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "out.txt"
    first = OutputFile(path, {"the model": "a"})
    first.write("eins\n", Progress(1, 1))
    lock = output.lock_descriptor

    def finish_and_lock(number: int, *, blocking: bool) -> bool:
        if not path.exists():
            first.finish()  # after the second has opened the partial file
        return lock(number, blocking=blocking)

    monkeypatch.setattr(output, "lock_descriptor", finish_and_lock)
    second = OutputFile(path, {"the model": "b"})
    assert path.read_text() == "eins\n"
    second.write("zwei\n", Progress(1, 1))
    assert path.read_text() == "eins\n"
    second.finish()
    assert path.read_text() == "zwei\n"
    assert [one.name for one in tmp_path.iterdir()] == ["out.txt"]
