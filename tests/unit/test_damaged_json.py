"""Test that damage to any JSON file that t5tune reads back never gives a traceback."""

from __future__ import annotations

import json
import sqlite3
import tarfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from t5tune.data.examples import Examples
from t5tune.data.overlap import LeakedExample, TrainingOverlap
from t5tune.decoding.export.settings import read_export, remake_command
from t5tune.decoding.hypothesis_cache import HypothesisCache
from t5tune.decoding.model_fingerprint import fingerprint_model
from t5tune.decoding.streaming.output import OutputFile, Progress
from t5tune.distributed.failures import read_failure
from t5tune.errors import T5TuneError
from t5tune.files.json_values import read_log, read_object
from t5tune.models.directories import check_model, check_model_is_of
from t5tune.recipe.loading import load_recipe
from t5tune.reporting.comparisons.compared_systems import gather_systems
from t5tune.reporting.evaluation_files import read_examples
from t5tune.reporting.example_alignments import _read as read_alignments
from t5tune.reporting.model_card.facts import read_facts
from t5tune.reporting.model_card.provenance import describe_provenance
from t5tune.reporting.model_card.training_facts import describe_training
from t5tune.reporting.reports.training_curves import read_curves
from t5tune.run.directory import RunDirectory
from t5tune.run.lock import _read_holder
from t5tune.run.manifest import (
    find_change,
    find_damage,
    find_damage_at_a_glance,
    find_missing,
    fingerprint_directory,
    read_manifest,
    write_manifest,
)
from t5tune.scoring.metrics.comet import _read_values as read_comet
from t5tune.training.callbacks.clock import _read as read_clock
from t5tune.training.checkpoints.resuming import recorded_recipe
from tests.conftest import REPOSITORY, write_tiny_recipe
from tests.tiny_sections import resolved

VALUES = (None, True, 3, -1, 0.5, float("nan"), float("inf"), "x", [], {}, [[]], [{}], {"a": []})
WHOLES = [
    b"", b"{", b'{"a": ', b"\xff\xfe\0", b"\x80abc", b"[" * 100_000, b'{"a":' * 100_000,
    b"9" * 5000, *(json.dumps(value).encode() for value in VALUES),
]  # fmt: skip


def mutations(whole: bytes) -> Iterator[bytes]:
    """Yield other contents, truncated ones, and the same ones with a value of another type."""
    yield from WHOLES
    for share in (0.1, 0.5, 0.9):
        yield whole[: int(len(whole) * share)]
    content = json.loads(whole)

    def replaced(value: Any) -> Iterator[Any]:
        if isinstance(value, dict):
            for key, inner in value.items():
                yield {other: item for other, item in value.items() if other != key}
                for new in (*VALUES, *replaced(inner)):
                    yield {**value, key: new}
        elif isinstance(value, list):
            for index, inner in enumerate(value[:2]):
                for new in (*VALUES, *replaced(inner)):
                    yield [*value[:index], new, *value[index + 1 :]]

    for changed in replaced(content):
        yield json.dumps(changed).encode()


EXAMPLES = Examples("test", ["a b", "c"], [["x"], ["y", "z"]])


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunDirectory:
    """Return intact files for all readers."""
    monkeypatch.chdir(tmp_path)
    recipe = load_recipe(write_tiny_recipe(tmp_path))
    run = RunDirectory(tmp_path / "run")
    run.model.mkdir(parents=True)
    environment = {
        "python": "3.11", "versions": {"torch": "2"}, "num_processes": 2, "num_cpu_threads": 2,
        "accelerators": ["A"], "git_revision": "a", "data_sha256": {"data.train": "a"},
        "num_examples": {"train": 3}, "command": "t5tune train x", "started": "now",
        "model_files_sha256": "a",
        "recipe": {"name": recipe.name, "data": {"train": {"file": "x"}}},
    }  # fmt: skip
    files: dict[Path, object] = {
        run.environment: environment,
        run.model / "config.json": {"model_type": "t5", "t5tune": {"prefix": "a", "weights": "b"}},
        run.model / "generation_config.json": {"num_beams": 1},
        run.model / "tokenizer_config.json": {"src_lang": "en", "tgt_lang": "de"},
        run.smoke: {"source": "a", "hypothesis": "b", "device": "cpu"},
        run.lock: {"process": 1, "host": "h", "since": "s"},
    }
    for path, content in files.items():
        path.write_text(json.dumps(content))
    write_manifest(run.model, {"recipe_sha256": "a"})
    return run


def try_all(path: Path, whole: bytes, read: Callable[[], object]) -> int:
    """Let a reader read every mutation of a file, of which it may only raise T5TuneError.

    Returns:
        How many it refused.
    """
    refused: list[T5TuneError] = []
    path.parent.mkdir(parents=True, exist_ok=True)
    for content in mutations(whole):
        path.write_bytes(content)
        try:
            read()
        except T5TuneError as error:
            refused.append(error)
        except Exception as error:
            raise AssertionError(content[:200]) from error
    path.write_bytes(whole)
    for refusal in refused:
        assert refusal.message.endswith(".")
        assert refusal.next_command
    return len(refused)


def test_what_a_run_says_of_itself(run: RunDirectory, tmp_path: Path) -> None:
    recipe = resolved(load_recipe(tmp_path / "tiny.yaml"))

    def read() -> None:
        facts = read_facts(run)
        assert facts.software is None or isinstance(facts.software, str)
        describe_provenance(run, recipe, EXAMPLES)
        describe_training(run, recipe, model_type="t5")
        recorded_recipe(run)

    files = (run.environment, run.smoke, run.model / "config.json")
    for path in (*files, run.model / "tokenizer_config.json"):
        assert try_all(path, path.read_bytes(), read) == 0


def test_the_log(run: RunDirectory, tmp_path: Path) -> None:
    recipe = resolved(load_recipe(tmp_path / "tiny.yaml"))
    line = {
        "step": 2, "epoch": 0.5, "elapsed_seconds": 1.5, "loss": 2.0, "learning_rate": 0.1,
        "batch_limit": 10, "validation": {"BLEU": 3.0},
    }  # fmt: skip

    def read() -> None:
        for known in read_log(run.log):
            assert known["step"] >= 0
            json.dumps(known)
        read_curves(read_log(run.log))
        read_facts(run)
        describe_provenance(run, recipe, EXAMPLES)
        describe_training(run, recipe, model_type="t5")

    assert try_all(run.log, json.dumps(line).encode(), read) == 0
    assert read_log(run.log) == [line]


def test_manifests(run: RunDirectory) -> None:
    manifest = run.model / "manifest.json"

    def read() -> None:
        assert read_manifest(run.model) is None or find_damage(run.model) is None
        for look in (find_damage, find_damage_at_a_glance, find_change, find_missing):
            look(run.model)
        fingerprint_directory(run.model)
        fingerprint_model(run.model)
        check_model(run.model)

    assert try_all(manifest, manifest.read_bytes(), read) > 100
    with tarfile.open(REPOSITORY / "tests/data/old_run.tar.gz") as archive:
        recipe = archive.extractfile("runs/phrasebook/recipe.yaml")
        assert recipe is not None
        run.recipe.write_bytes(recipe.read())
    environment = run.environment.read_bytes()
    try_all(run.environment, environment, lambda: check_model_is_of(run))


def test_models_without_a_manifest(run: RunDirectory) -> None:
    (run.model / "manifest.json").unlink()
    for name in ("config.json", "generation_config.json", "tokenizer_config.json"):
        path = run.model / name
        assert try_all(path, path.read_bytes(), lambda: check_model(run.model)) >= 15
    index = run.model / "model.safetensors.index.json"
    content = json.dumps({"weight_map": {"a": "config.json"}}).encode()
    assert try_all(index, content, lambda: check_model(run.model)) >= 15


def test_exports(run: RunDirectory) -> None:
    directory = run.path / "ctranslate2-int8"
    settings = {
        "name": "a", "quantization": "int8", "model": "b", "prefix": "", "max_source_length": 9,
        "eos_token_id": 1, "forced_bos_token_id": None, "tokenization": {"kind": "tokenizers"},
        "decoding": {"max_new_tokens": 9}, "constraints": {}, "patience": 2.0,
    }  # fmt: skip
    directory.mkdir()
    for name, content in (("t5tune.json", settings), ("parity.json", {"may_be_default": True})):
        (directory / name).write_text(json.dumps(content))

    def read() -> None:
        remake_command(directory)
        write_manifest(directory, {})  # as if someone had edited the export and its manifest
        assert isinstance(read_export(directory).may_be_default, bool)

    for name in ("t5tune.json", "parity.json"):
        try_all(directory / name, (directory / name).read_bytes(), read)


def test_examples_of_an_evaluation(run: RunDirectory, tmp_path: Path) -> None:
    row = {"index": 0, "source": "a", "hypothesis": "b", "references": ["c", "d"]}
    path = tmp_path / "evaluation" / "examples.jsonl"

    def read() -> None:
        for example in read_examples(path):
            example.hypothesis.encode()
        for system in gather_systems([str(path.parent), str(path.parent)], "test").values():
            "".join(system.hypotheses).encode()

    whole = (json.dumps(row) + "\n").encode()
    assert try_all(path, whole, read) > 30
    path.write_text(json.dumps({**row, "hypothesis": "\udc80"}) + "\n")
    with pytest.raises(T5TuneError, match="line 1 is not an example"):
        read()


def test_the_journal_of_an_output(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    origin = {"the model": "a", "num_beams": 4}
    output = OutputFile(tmp_path / "out.txt", origin)
    output.write("one\n", Progress(1, 1))
    journal = tmp_path / "out.txt.partial.json"
    whole = journal.read_bytes()

    def go_on() -> None:
        (tmp_path / "out.txt.partial").write_bytes(b"one\n")
        again = OutputFile(tmp_path / "out.txt", origin)
        assert again.progress.num_items in (0, 1, 3)
        again._file.close()

    output._file.close()
    try_all(journal, whole, go_on)
    capsys.readouterr()
    journal.write_text("[]")
    go_on()
    assert "out.txt.partial.json does not tell how far" in capsys.readouterr().err


def test_what_is_kept_between_commands(run: RunDirectory, tmp_path: Path) -> None:
    overlap = TrainingOverlap(
        (1, None), ("clean", "exact"), LeakedExample(1, 5, "a", "b")
    ).to_json()
    path = tmp_path / "kept.json"
    assert try_all(
        path, json.dumps(overlap).encode(), lambda: TrainingOverlap.from_json(read_object(path))
    ) == 0  # fmt: skip
    texts: list[list[str | None]] = [["a", "b"]]
    one = {"index": 0, "source_tokens": ["a"], "target_tokens": ["b"], "weights": [[1.0]]}
    alignments = json.dumps({"texts": texts, "alignments": [one]}).encode()

    def read() -> None:
        for alignment in read_alignments(path, texts):
            assert [len(row) for row in alignment.weights] == [1]
            assert sum(alignment.weights[0]) is not None

    assert try_all(path, alignments, read) == 0
    assert len(read_alignments(path, texts)) == 1
    assert try_all(run.lock, run.lock.read_bytes(), lambda: _read_holder(run.lock)) == 0
    failure = json.dumps({"rank": 1, "text": "a", "time": 1.0}).encode()
    assert try_all(path, failure, lambda: read_failure(path)) == 0
    scores = json.dumps({"hypotheses": [{"COMET": 0.5}]}).encode()
    assert try_all(path, scores, lambda: read_comet(path)) == 0


def test_the_clock_of_a_time_budget(tmp_path: Path) -> None:
    path = tmp_path / "clock.tsv"
    path.write_bytes(b"1\t0.5\n2\tnan\n3\tinf\n4\t-1\nx\t1\n5\n6\t1\t2\n\xff\t1\n7\t2.5\n8\t3")
    assert read_clock(path) == {1: 0.5, 7: 2.5}


@pytest.mark.parametrize("value", [None, 3, "x", b"", b"x" * 40])
def test_entries_of_the_cache_of_hypotheses(value: object, tmp_path: Path) -> None:
    cache = HypothesisCache(tmp_path / "cache.sqlite")
    assert cache.find([b"key"]) == {}
    with closing(sqlite3.connect(cache.path)) as database, database:
        database.execute("INSERT INTO hypotheses (key, value) VALUES (?, ?)", (b"key", value))
    assert cache.find([b"key"]) == {}
