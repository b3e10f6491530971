"""Tokens of the training data: computed for one run, found by the next ones."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from t5tune.data.pairs import Pairs
from t5tune.data.readers.open_splits import OpenSplit
from t5tune.data.store.store_manifest import stores_directory
from t5tune.data.training_text import TrainingText
from t5tune.files.json_values import read_log
from tests.conftest import RunCommand
from tests.integration.test_data_flows_once import count_calls

SHORT = ("export=none", "training.max_steps=2", "training.eval_steps=2")
QUICK = (*SHORT, "model.from_scratch.tokenizer.type=bytes")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("T5TUNE_CACHE", str(tmp_path / "cache"))


def losses(run: str) -> list[float]:
    return [line["loss"] for line in read_log(Path(run) / "log.jsonl") if "loss" in line]


def read_splits(calls: list[tuple[object, ...]]) -> list[str]:
    return [split.where for (split, *_) in calls if isinstance(split, OpenSplit)]


def test_another_run_on_the_same_data_reads_no_training_text(
    t5tune: RunCommand, tiny_recipe: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = t5tune("train", tiny_recipe, "--output-dir", "a", *QUICK)
    assert first.code == 0
    # Under another name, the same texts are the same data.
    recipe = tiny_recipe.read_text(encoding="utf-8")
    Path("train.tsv").rename("other.tsv")
    tiny_recipe.write_text(recipe.replace("train.tsv", "other.tsv"), encoding="utf-8")
    read = count_calls(monkeypatch, "chunks", owner=OpenSplit)
    second = t5tune("train", tiny_recipe, "--output-dir", "b", *QUICK)
    assert second.code == 0
    assert read_splits(read) == ["data.validation", "data.test"]
    assert losses("b") == losses("a")
    overlaps = [
        {
            file.name: file.read_text().partition(', "place": ')[0]  # of the closest pair
            for file in Path(f"{run}/cache/overlaps").iterdir()
        }
        for run in "ab"
    ]
    assert len(overlaps[0]) == 2  # validation and test
    assert " (from 0) is train.tsv, line " in first.err
    assert " (from 0) is other.tsv, line " in second.err
    assert overlaps[0] == overlaps[1]
    counts = [line for line in first.err.split("\n") if "training examples" in line]
    assert counts[0] in second.err


def test_a_resumed_run_reads_no_training_text(
    t5tune: RunCommand, tiny_recipe: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert t5tune("train", tiny_recipe, "export=none").code == 0
    shutil.rmtree("runs/tiny/model")
    shutil.rmtree("runs/tiny/eval")
    read = count_calls(monkeypatch, "chunks", owner=OpenSplit)
    resumed = t5tune("train", tiny_recipe, "export=none")
    assert "resuming from runs/tiny/checkpoints/checkpoint-8" in resumed.err
    assert resumed.code == 0
    assert read_splits(read) == ["data.validation", "data.test"]


def test_other_texts_are_other_data(t5tune: RunCommand, tiny_recipe: Path) -> None:
    assert t5tune("train", tiny_recipe, "--output-dir", "a", *QUICK).code == 0
    text = Path("train.tsv").read_text(encoding="utf-8")
    changed = text.replace("\none", "\nfive", 1)
    assert changed != text
    Path("train.tsv").write_text(changed, encoding="utf-8")
    assert t5tune("train", tiny_recipe, "--output-dir", "b", *QUICK).code == 0
    assert len([path for path in stores_directory().iterdir() if path.is_dir()]) == 2
    facts = [
        json.loads(Path(f"{run}/environment.json").read_text(encoding="utf-8"))["data_sha256"]
        for run in "ab"
    ]
    assert facts[0]["data.train"] != facts[1]["data.train"]
    assert facts[0]["data.validation"] == facts[1]["data.validation"]


def test_a_file_that_changes_while_it_is_read_is_one_sentence(
    t5tune: RunCommand, tiny_recipe: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chunks = TrainingText.chunks

    def writing(text: TrainingText, doing: str) -> Iterator[Pairs]:
        with Path("train.tsv").open("a", encoding="utf-8") as stream:
            stream.write("six\tsechs\n")
        yield from chunks(text, doing)

    monkeypatch.setattr(TrainingText, "chunks", writing)
    result = t5tune("train", tiny_recipe, *QUICK)
    assert result.code == 1
    assert "train.tsv changed while it was read." in result.err
    assert [path.name for path in stores_directory().iterdir() if path.is_dir()] == []


def test_the_cache_is_listed_and_pruned(t5tune: RunCommand, tiny_recipe: Path) -> None:
    learned = (*SHORT, "model.from_scratch.tokenizer.type=characters")
    assert "0 in" in t5tune("cache", "list").out
    assert t5tune("train", tiny_recipe, "--output-dir", "a", *learned).code == 0
    listed = t5tune("cache", "list").out
    assert re.search(r"tokens +0\.0 MB +\d+ examples +used today  train\.tsv\n", listed)
    assert re.search(r"vocabulary +0\.0 MB +used today  a tokenizer that was learned", listed)
    rows = json.loads(t5tune("cache", "list", "--json").out)
    (tokens,) = [row for row in rows if row["kind"] == "tokens"]
    assert {row["kind"] for row in rows} == {"tokens", "overlap", "vocabulary"}
    assert tokens["origin"] == "train.tsv"
    assert t5tune("cache", "prune").out.startswith("0 removed")
    os.utime(Path(tokens["path"]) / "manifest.json", (0, 0))
    assert "days ago" in t5tune("cache", "list").out
    assert t5tune("cache", "prune", "--days", "400").out.startswith("1 removed")
    assert list(stores_directory().iterdir()) == []
    assert t5tune("train", tiny_recipe, "--output-dir", "b", *learned).code == 0
    assert losses("b") == losses("a")
    assert t5tune("cache", "prune", "--days", "0").out.startswith(f"{len(rows)} removed")
    assert [path for path in Path("cache").rglob("*") if path.is_file()] == []


def test_what_a_run_uses_is_not_pruned(t5tune: RunCommand, tiny_recipe: Path) -> None:
    learned = (*SHORT, "model.from_scratch.tokenizer.type=characters")
    assert t5tune("train", tiny_recipe, "--output-dir", "a", *learned).code == 0
    rows = json.loads(t5tune("cache", "list", "--json").out)
    for row in rows:
        os.utime(row["path"], (0, 0))
    assert t5tune("train", tiny_recipe, "--output-dir", "b", *learned).code == 0
    assert t5tune("cache", "prune").out.startswith("0 removed")


def test_without_a_cache_that_can_be_written_the_run_has_its_own(
    t5tune: RunCommand, tiny_recipe: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("file").write_text("", encoding="utf-8")
    monkeypatch.setenv("T5TUNE_CACHE", "file/cache")
    result = t5tune("train", tiny_recipe, *QUICK)
    assert result.code == 0
    assert "cannot be written; the tokens of this run are kept in runs/tiny/cache/tokens" in (
        result.err
    )
    assert len(list(Path("runs/tiny/cache/tokens").glob("*/sources.ids"))) == 1


@pytest.mark.parametrize("kind", ["unigram", "characters", "words"])
def test_a_vocabulary_is_learned_once(
    t5tune: RunCommand, tiny_recipe: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    settings = [*SHORT, f"model.from_scratch.tokenizer.type={kind}"]
    if kind != "unigram":
        settings.append("model.from_scratch.tokenizer.vocab_size=8000")
    read = count_calls(monkeypatch, "chunks", owner=OpenSplit)
    built = count_calls(
        monkeypatch, "build_tokenizer", "t5tune.training.preparation.vocabulary.learned_vocabulary"
    )
    for run in "abc":
        if run == "c":  # a damaged one is learned again
            (tokenizer,) = Path("cache/tokenizers").iterdir()
            path = tokenizer / "tokenizer.json"
            path.write_text(path.read_text(encoding="utf-8").replace("e", "ë"), encoding="utf-8")
        assert t5tune("train", tiny_recipe, "--output-dir", run, *settings).code == 0
    assert len(built) == 2
    assert read_splits(read).count("data.train") == 2
    assert losses("a") == losses("b") == losses("c")
    saved = [(Path(run) / "model/tokenizer.json").read_bytes() for run in "abc"]
    assert saved[0] == saved[1] == saved[2]


def test_bad_rows_are_told_by_every_run_and_kept_with_the_tokens(
    t5tune: RunCommand, tiny_recipe: Path
) -> None:
    for name in ("train.tsv", "validation.tsv"):
        with Path(name).open("a", encoding="utf-8") as stream:
            stream.write("bad\n")
    skip = ("data.train.on_bad_row=skip", "data.validation.on_bad_row=skip")
    refused = t5tune("train", tiny_recipe, "--output-dir", "a", *QUICK)
    assert refused.code == 1
    assert re.search(r"validation\.tsv, line \d+ has 1 column", refused.err)
    for run in "ab":  # the second one finds the tokens
        result = t5tune("train", tiny_recipe, "--output-dir", run, *QUICK, *skip)
        assert result.code == 0, result.err
        environment = json.loads(Path(f"{run}/environment.json").read_text(encoding="utf-8"))
        remarks = environment["data_remarks"]
        assert list(remarks) == ["data.train", "data.validation"]
        for key, [sentence] in remarks.items():
            assert sentence.startswith("1 row that cannot be read was left out; the first one: ")
            assert f"{key}: {sentence}" in result.err
    [manifest] = stores_directory().glob("*/manifest.json")
    kept = json.loads(manifest.read_text(encoding="utf-8"))["remarks"]
    assert kept == remarks["data.train"]
