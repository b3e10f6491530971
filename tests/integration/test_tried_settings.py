"""Test other decoding and scoring settings on a finished run, which must not change."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.conftest import RunCommand
from tests.integration.test_cached_evaluation import change_test_set, generated
from tests.integration.test_eval_command import run, trained
from tests.integration.test_several_processes import TWO, finish, start

__all__ = ["generated", "run", "trained"]  # fixtures

SCHEMA = Path(__file__).parents[2] / "t5tune" / "reporting" / "report.schema.json"
TRIED = "eval/test-num_beams=1-length_penalty=1.2"


def contents(run: Path, *, without: str = "nothing") -> dict[str, bytes]:
    """Return every file of the run except the cache and those below one directory."""
    paths = (path for path in run.rglob("*") if path.is_file())
    files = {str(path.relative_to(run)): path.read_bytes() for path in paths}
    return {name: files[name] for name in files if not name.startswith((f"{without}/", "cache/"))}


def command_after(text: str) -> list[str]:
    """Return the arguments of the command that is proposed last, without `t5tune`."""
    line = [line for line in text.splitlines() if line.startswith("try: ")][-1]
    return shlex.split(line.removeprefix("try: "), comments=True)[1:]


def test_a_report_beside_the_stored_one(t5tune: RunCommand, run: Path) -> None:
    assert t5tune("eval", run).code == 0
    before = contents(run)
    settings = ("decoding.length_penalty=1.20", "decoding.num_beams=1")
    result = t5tune("eval", run, *settings, "--json")
    assert result.code == 0, result.err
    assert contents(run, without=TRIED) == before
    report = json.loads(result.out)
    assert (report["decoding"]["num_beams"], report["decoding"]["length_penalty"]) == (1, 1.2)
    assert json.loads((run / TRIED / "report.json").read_text()) == report
    Draft202012Validator(json.loads(SCHEMA.read_text())).validate(report)
    stored = json.loads((run / "eval/test/report.json").read_text())
    assert "comparison" not in stored
    of_stored = [score["value"] for score in report["comparison"]["scores"]]
    assert of_stored == [score["value"] for score in stored["scores"]]
    for difference, score, old in zip(
        report["comparison"]["differences"], report["scores"], of_stored, strict=True
    ):
        assert difference["value"] == pytest.approx(score["value"] - old)
        assert set(difference["p_values"]) == {"bootstrap", "randomization"}
    lines = [
        (run / name / "hypotheses.txt").read_text().split("\n") for name in ("eval/test", TRIED)
    ]
    num_different = sum(a != b for a, b in zip(*lines, strict=True))
    assert 0 < num_different == report["comparison"]["num_different_outputs"]
    assert (run / TRIED / "comparison.html").is_file()
    for kind in ("hypotheses.txt", "examples.jsonl", "report.md", "report.html"):
        assert (run / TRIED / kind).is_file()
    # People see the same, and `compare` says the same about the two directories.
    told = t5tune("eval", *settings)
    assert told.code == 0, told.err
    assert "using runs/tiny" in told.err
    tried = next(line for line in told.out.splitlines() if line.startswith("  tried  "))
    compared = t5tune("compare", run, run / TRIED).out.splitlines()
    assert tried.removeprefix("  tried  ") in " ".join(compared)


def test_scoring_alone_generates_nothing(
    t5tune: RunCommand, run: Path, generated: list[int]
) -> None:
    assert t5tune("eval", run).code == 0
    generated.clear()
    result = t5tune("eval", run, "evaluation.metrics=[wer, exact_match]", "--json")
    assert result.code == 0, result.err
    assert generated == []
    report = json.loads(result.out)
    assert [score["name"] for score in report["scores"]] == ["WER", "exact_match"]
    verdicts = {one["verdict"] for one in report["comparison"]["differences"]}
    assert verdicts == {"the same outputs"}
    (tried,) = (path for path in (run / "eval").iterdir() if path.name.startswith("test-"))
    assert tried.name.startswith("test-metrics=")


def test_what_the_run_has_already_is_its_own_evaluation(t5tune: RunCommand, run: Path) -> None:
    assert t5tune("eval", run).code == 0
    before = contents(run)
    result = t5tune("eval", run, "decoding.num_beams=2", "--json")
    assert "comparison" not in json.loads(result.out)
    assert contents(run) == before


def test_other_splits_engines_files_and_directories(t5tune: RunCommand, run: Path) -> None:
    one = "decoding.num_beams=1"
    first = t5tune("eval", run, one, "--split", "validation", "--json")
    assert "not compared: there is no report in runs/tiny/eval/validation yet" in first.err
    assert "comparison" not in json.loads(first.out)
    assert t5tune("eval", run, "--split", "validation").code == 0
    again = json.loads(t5tune("eval", run, one, "--split", "validation", "--json").out)
    assert again["comparison"]["baseline"] == "stored"
    export = ("--engine", "ctranslate2-int8")
    assert t5tune("eval", run, *export).code == 0
    assert "comparison" in json.loads(t5tune("eval", run, one, *export, "--json").out)
    for name in ("validation-num_beams=1", "test-ctranslate2-int8-num_beams=1"):
        assert (run / "eval" / name / "report.json").is_file()
    before = contents(run)
    result = t5tune("eval", run, one, "--output-dir", "elsewhere", "--json")
    assert "comparison" in json.loads(result.out)
    assert contents(run) == before
    assert Path("elsewhere/comparison.json").is_file()
    Path("new.en").write_text("one two\n")
    Path("new.de").write_text("eins zwei\n")
    files = ("--source", "new.en", "--reference", "new.de")
    assert t5tune("eval", run, one, *files).code == 0
    assert (run / "eval/new-num_beams=1/report.json").is_file()


def test_other_examples_are_not_compared(t5tune: RunCommand, run: Path) -> None:
    change_test_set(run, [("one", "eins"), ("two", "zwei")])
    result = t5tune("eval", run, "decoding.num_beams=1", "--json")
    assert result.code == 0, result.err
    assert "not compared: the report in runs/tiny/eval/test is about other examples" in result.err
    assert "comparison" not in json.loads(result.out)


def test_a_model_that_is_not_a_run_tries_settings_too(t5tune: RunCommand, run: Path) -> None:
    one = ("decoding.num_beams=1", "--json")
    expected = json.loads(t5tune("eval", run, *one).out)["scores"]
    by_recipe = t5tune("eval", run / "model", "--recipe", "tiny.yaml", *one)
    assert by_recipe.code == 0, by_recipe.err
    assert json.loads(by_recipe.out)["scores"] == expected
    Path("new.en").write_text("one two\n")
    Path("new.de").write_text("eins zwei\n")
    files = ("--source", "new.en", "--reference", "new.de")
    by_files = t5tune("eval", run / "model", *files, *one)
    assert by_files.code == 0, by_files.err
    assert json.loads(by_files.out)["decoding"]["num_beams"] == 1


def test_two_processes_say_the_same(t5tune: RunCommand, run: Path) -> None:
    arguments = ("eval", str(run), "decoding.num_beams=1", "--json")
    one = t5tune(*arguments)
    two = finish(start(Path.cwd(), *arguments, "--no-cache", *TWO))
    assert two.returncode == 0, two.stderr
    assert json.loads(two.stdout) == json.loads(one.out)


@pytest.mark.parametrize(
    ("settings", "message", "command"),
    [
        (["training.seed=3"], "training.seed takes effect in training",
         "t5tune train runs/tiny/recipe.yaml training.seed=3 --restart"),
        (["target_lang=fr"], "target_lang takes effect", "t5tune train runs/tiny/recipe.yaml"),
        (["model.config.d_kv=4"], "model.config.d_kv takes effect in", "t5tune train"),
        (["evaluation.best_metric=chrf"], "evaluation.best_metric takes effect", "t5tune train"),
        (["data.test.file=a.tsv"], "select other data", "t5tune eval runs/tiny --source"),
        (["export=none"], "export is not a setting", "t5tune export runs/tiny"),
        (["nonsense.a=1"], "nonsense.a is not a key", "t5tune eval runs/tiny decoding.num_beams=8"),
        (["decoding.lenght_penalty=1"], "did you mean length_penalty?", "t5tune eval runs/tiny"),
        (["decoding.num_beams=many"], "expected a whole number", "t5tune eval runs/tiny"),
        (["decoding.num_beams=2", "more"], "'more' is not a setting", "t5tune eval runs/tiny"),
    ],
)  # fmt: skip
def test_settings_that_cannot_be_tried(
    settings: list[str], message: str, command: str, t5tune: RunCommand, run: Path
) -> None:
    before = contents(run)
    result = t5tune("eval", run, *settings)
    assert result.code == 1
    assert message in result.err
    assert f"try: {command}" in result.err
    assert "Traceback" not in result.err
    assert contents(run) == before


@pytest.mark.parametrize(
    "settings",
    [
        ["decoding.length_penalty=1.2", "decoding.num_beams=3"],
        ["decoding.no_repeat_ngram_size=3"],
        ["decoding.max_new_tokens=5"],
        ["evaluation.metrics=[chrf, bleu]"],
    ],
)
def test_training_a_finished_run_with_other_decoding_proposes_to_try_it(
    settings: list[str], t5tune: RunCommand, run: Path
) -> None:
    recipe = ["tiny.yaml", "training.max_steps=60", "training.eval_steps=30"]
    before = contents(run)
    result = t5tune("train", *recipe, *settings)
    assert result.code == 0, result.err
    assert "this run is finished: runs/tiny" in result.err
    told = [line for line in result.err.splitlines() if line.startswith("recipe: ")]
    assert not any(setting.partition("=")[0] in str(told) for setting in settings), "not made"
    assert contents(run) == before
    command = command_after(result.err)
    assert command[:2] == ["eval", "runs/tiny"]
    tried: Any = json.loads(t5tune(*command, "--json").out)
    assert tried["comparison"]["baseline"] == "stored"
    assert {name: tried["decoding"].get(name) for name in tried["decoding"]} | {
        setting.partition("=")[0].removeprefix("decoding."): json.loads(setting.partition("=")[2])
        for setting in settings
        if setting.startswith("decoding.")
    } == tried["decoding"]


def test_the_runs_own_recipe_continues_with_more_epochs(t5tune: RunCommand, run: Path) -> None:
    """The run's own recipe has every default written out, which does not count as a change."""
    own = ("train", run / "recipe.yaml", "--output-dir", run)
    result = t5tune(*own)
    assert result.code == 0, result.err
    assert "this run is finished" in result.err
    result = t5tune(*own, "training.max_steps=66")
    assert result.code == 0, result.err
    assert "recipe: training.max_steps 60 -> 66" in result.err
    assert "resuming from runs/tiny/checkpoints/checkpoint-60" in result.err
    refused = t5tune(*own, "training.learning_rate=0.5")
    assert refused.code == 1
    assert "these keys differ: training.learning_rate." in refused.err
