"""Cut splits in the cache: chosen once, never those of other data."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from t5tune.data.readers.cuts import Cuts
from t5tune.data.readers.open_splits import Example, OpenSplit
from t5tune.data.store.cut_files import cuts_directory
from t5tune.data.store.store_manifest import stores_directory
from t5tune.data.store.stored_cuts import StoredCuts
from t5tune.data.store.stored_files import list_stored
from t5tune.errors import T5TuneError
from t5tune.recipe.places import TableFile
from t5tune.recipe.sections.data_section import DataSection

EXAMPLES = [Example(f"sourcé {i}\u2028", [f"target {i}", '"\\']) for i in range(60)]
SIZES = {"validation": {"from": "train", "size": 7}, "test": {"from": "train", "size": "5%"}}


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("T5TUNE_CACHE", "cache")
    Path("train.tsv").write_text("the identity of the examples", encoding="utf-8")


class Reader:
    """Training data that counts how often it is read."""

    def __init__(self) -> None:
        self.num = 0

    def find(self, train: dict[str, Any] | None = None, **changes: Any) -> Cuts:
        entry = {"file": "train.tsv"} if train is None else train
        data = DataSection.model_validate({"train": entry, **SIZES, **changes})
        opened = OpenSplit("data.train", TableFile("train.tsv"), "rows", 60, self.read)
        return StoredCuts(data, "en", "de").find(opened)

    def read(self) -> Iterator[Example]:
        self.num += 1
        yield from EXAMPLES


def test_a_second_time_nothing_is_read(capsys: pytest.CaptureFixture[str]) -> None:
    reader = Reader()
    first, said = reader.find(), capsys.readouterr().err
    assert reader.num == 1, "both splits in one reading"
    assert {split: len(part) for split, part in first.examples.items()} == {
        "validation": 7,
        "test": 3,
    }
    Path("train.tsv").rename("moved.tsv")
    assert reader.find({"file": "moved.tsv"}) == first
    assert reader.num == 1
    assert "7 of 60 examples of data.train are validation" in said
    assert capsys.readouterr().err == said


@pytest.mark.parametrize(
    "changes",
    [
        {"train": {"file": "train.tsv", "max_examples": 60}},
        {"train": {"file": "train.tsv", "source": "other"}},
        {"train": {"file": "train.tsv", "on_bad_row": "skip"}},
        {"target": "other"},
        {"test": {"from": "train", "size": 4}},
        {"test": {"from": "train", "size": "5%", "seed": 1}},
        {"test": None},
    ],
    ids=str,
)
def test_what_decides_the_cuts_is_in_the_key(changes: dict[str, Any]) -> None:
    reader = Reader()
    reader.find()
    reader.find(**changes)
    assert reader.num == 2


@pytest.mark.parametrize("streaming", [None, True])
def test_other_content_of_the_same_size_is_cut_again(streaming: bool | None) -> None:
    reader, train = Reader(), {"file": "train.tsv", "streaming": streaming}
    for content in ("a", "b"):
        Path("train.tsv").write_text(content, encoding="utf-8")
        os.utime("train.tsv", (ord(content), ord(content)))
        for _ in range(2):
            reader.find(train)
    assert reader.num == 2


@pytest.mark.parametrize(("revision", "num"), [(None, 2), ("main", 2), ("0123456789" * 4, 1)])
def test_data_of_the_hub_needs_its_commit(revision: str | None, num: int) -> None:
    reader = Reader()
    for _ in range(2):
        reader.find({"hub": "owner/name", "split": "train", "revision": revision})
    assert reader.num == num


@pytest.mark.parametrize("damage", ["changed", "cut", "empty", "missing"])
def test_a_damaged_file_is_made_again(damage: str) -> None:
    reader = Reader()
    found = reader.find()
    [path] = cuts_directory().iterdir()
    content = path.read_bytes()
    if damage == "changed":
        path.write_bytes(content.replace(b"target", b"Target"))
    elif damage == "missing":
        path.unlink()
    else:
        path.write_bytes(content[: 300 if damage == "cut" else 0])
    assert reader.find() == found
    assert reader.num == 2
    assert path.read_bytes() == content
    assert list(cuts_directory().iterdir()) == [path]


def test_a_cache_that_cannot_be_written_does_no_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("T5TUNE_CACHE", "train.tsv/cache")
    reader = Reader()
    assert reader.find() == reader.find()
    assert reader.num == 2


def test_cuts_of_a_file_that_changes_meanwhile_are_not_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read = Reader.read

    def writing(reader: Reader) -> Iterator[Example]:
        Path("train.tsv").write_text("other content", encoding="utf-8")
        return read(reader)

    monkeypatch.setattr(Reader, "read", writing)
    with pytest.raises(T5TuneError, match=r"train\.tsv changed while it was read"):
        Reader().find()
    assert not cuts_directory().exists()


def test_two_processes_may_choose_at_once() -> None:
    context = multiprocessing.get_context("fork")
    barrier = context.Barrier(2)

    def find() -> None:
        reader = Reader()
        barrier.wait()
        reader.find()

    both = [context.Process(target=find) for _ in range(2)]
    for process in both:
        process.start()
    for process in both:
        process.join()
    assert [process.exitcode for process in both] == [0, 0]
    reader = Reader()
    reader.find()
    assert reader.num == 0
    assert len(list(cuts_directory().iterdir())) == 1


def test_what_a_killed_run_leaves_is_listed() -> None:
    Reader().find()
    [path] = cuts_directory().iterdir()
    path.with_name(f"{path.name}.1.tmp").write_bytes(path.read_bytes()[:40])
    listed = {(one.kind, one.origin, one.num_examples) for one in list_stored()}
    assert listed == {("cuts", "train.tsv", 10), ("cuts", None, 0)}


@pytest.mark.parametrize("command", [["list"], ["prune", "--days", "0"]])
def test_the_cache_command_needs_neither_numpy_nor_torch(command: list[str]) -> None:
    """It helps on a machine whose packages are broken, for example because the disk is full."""
    Reader().find()
    (stores_directory() / "a-store").mkdir(parents=True)
    program = (
        "import sys\n"
        "for name in ('numpy', 'torch', 'transformers', 'datasets'):\n"
        "    sys.modules[name] = None\n"
        f"sys.argv = ['t5tune', 'cache', *{command!r}]\n"
        "from t5tune.cli.app import main\n"
        "main()\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1].startswith("2 ")
