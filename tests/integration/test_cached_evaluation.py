"""Test that a repeated `t5tune eval` takes hypotheses from the cache."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from safetensors.torch import load_file, save_file
from transformers import GenerationMixin, T5ForConditionalGeneration

from t5tune.run.directory import RunDirectory
from t5tune.run.manifest import read_manifest, write_manifest
from t5tune.training.preparation.environment import record_model
from tests import forks
from tests.conftest import RunCommand, number_pairs, write_pairs
from tests.integration.test_eval_command import trained

__all__ = ["trained"]  # a fixture

T5TUNE = (sys.executable, "-m", "t5tune")


@pytest.fixture
def run(trained: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Copy the finished run, without its training's cache, into the current directory."""
    shutil.copytree(trained, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    shutil.rmtree("runs/tiny/cache")
    return Path("runs/tiny")


@pytest.fixture
def generated(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Record the number of sources in each `generate` call, and -1 for each loading of weights."""
    seen: list[int] = []
    plain, load = GenerationMixin.generate, T5ForConditionalGeneration.from_pretrained.__func__  # type: ignore[attr-defined]

    def generate(self: Any, *arguments: Any, **others: Any) -> Any:
        seen.append(len(others["input_ids"]))
        return plain(self, *arguments, **others)

    def from_pretrained(cls: Any, *arguments: Any, **others: Any) -> Any:
        seen.append(-1)
        return load(cls, *arguments, **others)

    monkeypatch.setattr(GenerationMixin, "generate", generate)
    monkeypatch.setattr(T5ForConditionalGeneration, "from_pretrained", classmethod(from_pretrained))
    return seen


def change_test_set(run: Path, pairs: list[tuple[str, str]]) -> None:
    recipe = yaml.safe_load((run / "recipe.yaml").read_text())
    recipe["data"]["test"]["file"] = str(Path("changed.tsv").resolve())
    (run / "recipe.yaml").write_text(yaml.safe_dump(recipe))
    write_pairs(Path(), "changed", pairs)


def test_a_second_evaluation_loads_no_weights_and_reports_the_same(
    t5tune: RunCommand, run: Path, generated: list[int]
) -> None:
    result = t5tune("eval", run)
    assert result.code == 0, result.err
    assert generated == [-1, 13]
    assert "translations: 0 from the cache, 13 generated" in result.err
    files = ("report.json", "report.md", "hypotheses.txt", "examples.jsonl")
    before = {name: (run / "eval/test" / name).read_bytes() for name in files}
    shutil.rmtree(run / "eval")
    generated.clear()
    result = t5tune("eval", run)
    assert generated == []
    assert "translations: 13 from the cache, 0 generated" in result.err
    assert {name: (run / "eval/test" / name).read_bytes() for name in files} == before
    # Another metric does not generate either; without the cache everything is generated again.
    assert t5tune("eval", run, "--metric", "wer").code == 0
    assert generated == []
    result = t5tune("eval", run, "--no-cache")
    assert generated == [-1, 13]
    assert "cache" not in result.err
    assert {name: (run / "eval/test" / name).read_bytes() for name in files} == before


def test_one_more_sentence_generates_one(
    t5tune: RunCommand, run: Path, generated: list[int]
) -> None:
    assert t5tune("eval", run).code == 0
    generated.clear()
    change_test_set(run, [("five five five", "fünf fünf fünf"), *number_pairs(13, 300)])
    result = t5tune("eval", run, "--json")
    assert json.loads(result.out)["num_examples"] == 14
    assert generated == [-1, 1]
    generated.clear()
    report = t5tune("eval", run, "--json").out
    assert t5tune("eval", run, "--json", "--no-cache").out == report
    assert generated == [-1, 14]


def test_other_beams_and_other_weights_generate_all(
    t5tune: RunCommand, run: Path, generated: list[int]
) -> None:
    assert t5tune("eval", run).code == 0
    generated.clear()
    assert t5tune("eval", run, "--num-beams", "1").code == 0
    assert generated == [-1, 13]
    before = t5tune("eval", run, "--json").out
    weights = load_file(run / "model/model.safetensors")
    weights["shared.weight"] = weights["shared.weight"].flip(0).contiguous()
    save_file(weights, run / "model/model.safetensors", metadata={"format": "pt"})
    facts = read_manifest(run / "model") or {}
    del facts["files"]
    write_manifest(run / "model", facts)
    record_model(RunDirectory(run))
    generated.clear()
    after = t5tune("eval", run, "--json").out
    assert generated == [-1, 13]
    assert after != before


def test_a_model_directory_has_its_hypotheses_in_the_users_cache(
    t5tune: RunCommand,
    run: Path,
    generated: list[int],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("T5TUNE_CACHE", str(tmp_path / "user"))
    command = ("eval", run / "model", "--recipe", "tiny.yaml", "--json")
    first = t5tune(*command)
    assert first.code == 0, first.err
    assert generated == [-1, 13]
    assert (tmp_path / "user" / "hypotheses.sqlite").is_file()
    assert not (run / "cache").exists()
    # The content of the directory counts, wherever it is.
    shutil.copytree(run / "model", "elsewhere")
    generated.clear()
    second = t5tune("eval", "elsewhere", "--recipe", "tiny.yaml", "--json")
    assert generated == []
    assert json.loads(second.out)["scores"] == json.loads(first.out)["scores"]


def test_a_model_of_the_hub_is_known_by_its_commit(
    t5tune: RunCommand,
    run: Path,
    generated: list[int],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    repository = tmp_path / "hub" / "models--somebody--tiny"
    command = ("eval", "somebody/tiny", "--recipe", "tiny.yaml", "--json")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    (repository / "refs").mkdir(parents=True)
    reports = []
    for commit in ("a" * 40, "b" * 40, "a" * 40):
        snapshot = repository / "snapshots" / commit
        if not snapshot.exists():
            shutil.copytree(run / "model", snapshot)
        (repository / "refs" / "main").write_text(commit)
        generated.clear()
        result = t5tune(*command)
        assert result.code == 0, result.err
        reports.append(result.out)
        assert generated == ([] if len(reports) == 3 else [-1, 13])
    assert len(set(reports)) == 1


def test_sources_that_were_cut_are_still_reported(
    t5tune: RunCommand, run: Path, generated: list[int]
) -> None:
    recipe = yaml.safe_load((run / "recipe.yaml").read_text())
    recipe["data"]["max_source_length"] = 4
    (run / "recipe.yaml").write_text(yaml.safe_dump(recipe))
    first, second = t5tune("eval", run), t5tune("eval", run)
    assert generated == [-1, 13]
    told = [line for line in first.err.splitlines() if "sources were cut" in line]
    assert len(told) == 1
    assert told[0] in second.err.splitlines()


def test_a_damaged_cache_is_reported_and_replaced(
    t5tune: RunCommand, run: Path, generated: list[int]
) -> None:
    expected = t5tune("eval", run, "--json").out
    (run / "cache/hypotheses.sqlite").write_bytes(b"\1" * 5000)
    generated.clear()
    result = t5tune("eval", run, "--json")
    assert result.out == expected
    assert generated == [-1, 13]
    assert "Traceback" not in result.err
    assert "hypotheses.sqlite.damaged" in result.err
    generated.clear()
    assert t5tune("eval", run, "--json").out == expected
    assert generated == []


def test_two_processes_share_the_cache_and_the_work(t5tune: RunCommand, run: Path) -> None:
    alone = t5tune("eval", run, "--json", "--no-cache").out
    change_test_set(run, number_pairs(13, 300)[:6])
    assert t5tune("eval", run).code == 0
    change_test_set(run, number_pairs(13, 300))
    for known, new in ((6, 7), (13, 0)):
        command = [*T5TUNE, "eval", str(run), "--json", "--num-processes", "2"]
        done = forks.run(command, text=True, check=True)
        assert f"translations: {known} from the cache, {new} generated" in done.stderr
        assert json.loads(done.stdout) == json.loads(alone)


def test_two_commands_at_once(run: Path) -> None:
    command = [*T5TUNE, "eval", str(run), "--json"]
    both = [
        forks.Fork(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    results = [process.communicate(timeout=240) for process in both]
    assert [process.returncode for process in both] == [0, 0], results
    assert results[0][0] == results[1][0]
    third = forks.run(command, text=True)
    assert "translations: 13 from the cache, 0 generated" in third.stderr
    assert third.stdout == results[0][0]
