"""Test places that cannot be written: one sentence names them, and results are not lost."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from t5tune.run.manifest import find_damage
from tests.conftest import REPOSITORY, RunCommand, write_tiny_recipe
from tests.integration.test_damage import finished, run

__all__ = ["finished", "run"]  # fixtures

RUN = Path("runs/tiny")
STORED = RUN / "eval" / "test"


@pytest.fixture
def read_only(run: Path) -> Iterator[Path]:
    """Return the run on a read-only volume, because permissions do not stop the superuser."""
    mount = ["mount", "--bind", str(run), str(run)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("a volume can be mounted by the superuser only")
    try:
        remount = ["mount", "-o", "remount,bind,ro", str(run)]
        subprocess.run(remount, check=True, capture_output=True)
        yield run
    finally:
        subprocess.run(["umount", "-l", str(run)], check=True)


def test_a_run_that_cannot_be_written(read_only: Path, t5tune: RunCommand) -> None:
    before = (STORED / "report.json").read_bytes()
    expected = t5tune("eval", "--output-dir", "elsewhere")
    assert expected.code == 0, expected.err
    result = t5tune("eval")
    assert result.code == 1
    assert result.out == expected.out
    assert (
        f"error: {STORED}/alignments.json could not be written: Read-only file system. The report "
        f"is printed but not stored.\ntry: t5tune eval {RUN} --output-dir DIR   #"
        in result.err
        or f"error: {STORED}/hypotheses.txt could not be written: Read-only file system."
        in result.err
    )
    as_json = t5tune("eval", "--json", "--metric", "wer", "--engine", "ctranslate2")
    assert json.loads(as_json.out)["engine"] == "ctranslate2-int8"
    result = t5tune("export", "--quantization", "float32")
    assert result.code == 1
    assert result.err.count("error: ") == 1
    assert (
        f"error: {RUN}/ctranslate2-float32 could not be written: Read-only file system.\n"
        f"try: t5tune export {RUN} --quantization float32 --output-dir DIR" in result.err
    )
    assert t5tune("export", "--quantization", "float32", "--output-dir", "mine").code == 0
    for command in (("translate", "one two"), ("verify",)):
        assert t5tune(*command).code == 0
    result = t5tune("train", RUN)
    assert result.code == 1
    assert f"error: {RUN} cannot be written: Read-only file system." in result.err
    result = t5tune("translate", "--output", RUN / "out.txt", "one two")
    assert result.code == 1
    assert f"error: {RUN}/out.txt cannot be written: Read-only file system." in result.err
    result = t5tune("compare", RUN, RUN, "--output-dir", RUN / "compared")
    assert result.code == 1
    assert "BLEU" in result.out
    assert "could not be written: Read-only file system." in result.err
    assert (STORED / "report.json").read_bytes() == before


def test_a_disk_that_is_full_when_a_report_is_written(
    small_disk: Path, run: Path, t5tune: RunCommand
) -> None:
    shutil.copytree(run, small_disk / "tiny")
    stored = small_disk / "tiny" / "eval" / "test"
    before = {path: path.read_bytes() for path in stored.iterdir()}
    (small_disk / "filler").write_bytes(bytes(60_000))
    while True:
        try:
            with (small_disk / "filler").open("ab") as filler:
                filler.write(bytes(4096))
        except OSError:
            break
    result = t5tune("eval", small_disk / "tiny", "--no-cache")
    assert result.code == 1
    assert "BLEU" in result.out
    assert result.err.count("error: ") == 1
    assert "could not be written: No space left on device. The report is printed" in result.err
    assert before == {path: path.read_bytes() for path in stored.iterdir()}
    result = t5tune("export", small_disk / "tiny", "--quantization", "float32")
    assert result.code == 1
    assert "ctranslate2-float32 could not be written: No space left on device.\n" in result.err
    assert not list((small_disk / "tiny").glob("*.tmp"))
    (small_disk / "filler").unlink()
    assert t5tune("eval", small_disk / "tiny").code == 0


def test_a_save_needs_no_room_for_temporary_files(
    tiny_recipe: Path, small_disk: Path, t5tune: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tiny_recipe.parent)
    (small_disk / "filler").write_bytes(bytes(2**20 - 8192))
    monkeypatch.setattr(tempfile, "tempdir", str(small_disk))
    result = t5tune("train", "tiny.yaml")
    assert result.code == 0, result.err
    assert find_damage(RUN / "checkpoints" / "checkpoint-8") is None
    assert sorted(path.name for path in (RUN / "checkpoints").iterdir()) == [
        "checkpoint-4",
        "checkpoint-8",
    ]


def test_blank_validation_sources_are_refused_before_training(
    tiny_recipe: Path, t5tune: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tiny_recipe.parent)
    Path("validation.tsv").write_text("en\tde\n" + " \teins\n" * 5)
    result = t5tune("train", "tiny.yaml")
    assert result.code == 1
    assert "error: data.validation: every source in validation.tsv is blank" in result.err
    assert list((RUN / "checkpoints").glob("*")) == []


def t5tune_process(
    *arguments: str, stdout: int | None = subprocess.PIPE, shell_end: str = "", **settings: object
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "t5tune", *arguments]
    if shell_end:
        command = ["bash", "-c", f'exec "$@" {shell_end}', "bash", *command]
    return subprocess.run(  # type: ignore[call-overload, no-any-return]
        command, stdout=stdout, stderr=subprocess.PIPE, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)}, **settings,
    )  # fmt: skip


PRINTING = (
    ("recipes", "list"),
    ("recipes", "show", "phrasebook-en-de"),
    ("validate", "tiny.yaml"),
    ("score", "test.tsv", "--reference", "test.tsv"),
    ("--version",),
    ("translate", "--model", "runs/tiny", "one"),
)


@pytest.mark.parametrize("command", PRINTING, ids=" ".join)
def test_standard_output_that_accepts_nothing(command: tuple[str, ...], run: Path) -> None:
    for end, reason in ((">&-", "Bad file descriptor"), ("> /dev/full", "No space left on device")):
        done = t5tune_process(*command, shell_end=end)
        assert done.returncode == 1, (end, done.stderr)
        assert f"error: standard output could not be written: {reason}.\ntry: " in done.stderr
        assert "Traceback" not in done.stderr
        assert "Exception ignored" not in done.stderr
    reading, writing = os.pipe()
    os.close(reading)  # as `| head -1` does after its line
    done = t5tune_process(*command, stdout=writing)
    os.close(writing)
    assert done.returncode == 141
    assert "error" not in done.stderr
    assert "Exception" not in done.stderr


def test_training_continues_if_nobody_reads_its_messages(
    tmp_path: Path, t5tune: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_tiny_recipe(tmp_path)
    for end in ("2>&-", "2> /dev/full", "2> >(exec true)"):
        done = t5tune_process("validate", "tiny.yaml", shell_end=end, cwd=tmp_path)
        assert done.returncode == 0, end
        assert "a valid recipe" in done.stdout
    done = t5tune_process("train", "tiny.yaml", shell_end=">&- 2>&- <&-", cwd=tmp_path)
    assert done.returncode == 1, "the report could not be printed"
    assert (tmp_path / STORED / "report.html").is_file()
    assert (tmp_path / RUN / "ctranslate2-int8").is_dir()
    # No file got the descriptor of a closed stream, and with it the output.
    assert find_damage(tmp_path / RUN / "model") is None
    monkeypatch.chdir(tmp_path)
    assert "this run is finished" in t5tune("train", "tiny.yaml").err
