"""Test third-party metrics on the command line: what needs --allow-code, and its effect."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import RunCommand

SCRIPT = """
import datasets
import evaluate

print("this runs")


class Words(evaluate.Metric):
    def _info(self):
        texts = datasets.Value("string")
        features = datasets.Features({"predictions": texts, "references": texts})
        return evaluate.MetricInfo(
            description="", citation="", inputs_description="", features=features
        )

    def _compute(self, predictions, references):
        return {"words": sum(len(text.split()) for text in predictions) / len(predictions)}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the current folder, with a metric, hypotheses and references."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "words.py").write_text(SCRIPT, encoding="utf-8")
    (tmp_path / "hypotheses").write_text("a b\nc\n", encoding="utf-8")
    (tmp_path / "references").write_text("a b\nd\n", encoding="utf-8")
    return tmp_path


def test_score_refuses_and_types_the_command(t5tune: RunCommand, folder: Path) -> None:
    arguments = ("score", "hypotheses", "--reference", "references", "--metric")
    refused = t5tune(*arguments, "evaluate:./words.py")
    assert refused.code == 1
    assert refused.out == ""
    first, second = refused.err.splitlines()
    assert "evaluate:./words.py: loading a metric of `evaluate` runs Python code" in first
    command = second.removeprefix("try: ").split()
    assert command == ["t5tune", *arguments, "evaluate:./words.py", "--allow-code"]
    allowed = t5tune(*command[1:], "--json")
    assert allowed.code == 0
    (score,) = json.loads(allowed.out.removeprefix("this runs\n"))["scores"]
    assert (score["name"], score["value"]) == ("evaluate:words", 1.5)


def test_a_recipe_alone_runs_no_code(t5tune: RunCommand, folder: Path, tiny_recipe: Path) -> None:
    metrics = "evaluation.metrics=[chrf, evaluate:./words.py]"
    arguments = ("train", "tiny.yaml", metrics)
    for command in (("validate", "tiny.yaml", metrics), arguments):
        assert "this runs" not in t5tune(*command).out
    refused = t5tune(*arguments)
    assert refused.code == 1
    assert refused.err.splitlines()[1].endswith("--allow-code")
    assert not (folder / "runs").exists()

    trained = t5tune(*arguments, "--allow-code", "--json")
    assert trained.code == 0, trained.err
    report = json.loads((folder / "runs/tiny/eval/test/report.json").read_text(encoding="utf-8"))
    assert [one["name"] for one in report["scores"]] == ["chrF2++", "evaluate:words"]
    assert report["examples"]["metric"] == "chrF2++"
    # Validations compute t5tune's own metrics.
    log = (folder / "runs/tiny/log.jsonl").read_text(encoding="utf-8").splitlines()
    validations = [line["validation"] for line in map(json.loads, log) if "validation" in line]
    assert validations
    assert all(list(one) == ["chrF2++"] for one in validations)

    assert t5tune(*arguments).code == 1
    refused = t5tune("eval", "runs/tiny")
    assert refused.code == 1
    assert refused.err.splitlines()[-1] == "try: t5tune eval runs/tiny --allow-code"
    evaluated = t5tune("eval", "runs/tiny", "--allow-code")
    assert "evaluate:words" in evaluated.out
    again = json.loads((folder / "runs/tiny/eval/test/report.json").read_text(encoding="utf-8"))
    assert again == report


def test_a_metric_that_is_not_there_is_found_out_before_training(
    t5tune: RunCommand, folder: Path, tiny_recipe: Path
) -> None:
    done = t5tune(
        "train", "tiny.yaml", "evaluation.metrics=[chrf, evaluate:./other.py]", "--allow-code"
    )
    assert done.code == 1
    assert "there is no file other.py" in done.err
    assert not (folder / "runs").exists()


@pytest.mark.parametrize("command", ["score", "train", "validate"])
def test_comet_that_is_not_installed(
    t5tune: RunCommand,
    folder: Path,
    tiny_recipe: Path,
    command: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.delenv("T5TUNE_COMET", raising=False)
    files = ("hypotheses", "--reference", "references", "--source", "hypotheses")
    arguments = {
        "score": ("score", *files, "--metric", "comet"),
        "train": ("train", "tiny.yaml", "evaluation.metrics=[chrf, comet]"),
        "validate": ("validate", "tiny.yaml", "evaluation.metrics=[chrf, comet]"),
    }[command]
    done = t5tune(*arguments)
    assert done.code == 1
    assert "There is no comet-score on the PATH" in done.err
    assert "pip install unbabel-comet" in done.err
    assert not (folder / "runs").exists()


def test_comet_wants_sources_as_many_as_hypotheses(t5tune: RunCommand, folder: Path) -> None:
    arguments = ("score", "hypotheses", "--reference", "references", "--metric", "comet")
    assert "COMET needs the sources" in t5tune(*arguments).err
    (folder / "sources").write_text("only one\n", encoding="utf-8")
    done = t5tune(*arguments, "--source", "sources")
    assert "hypotheses has 2 lines, but sources has 1." in done.err


def test_eval_names_the_nearest_metric(t5tune: RunCommand, folder: Path) -> None:
    (folder / "runs").mkdir()
    done = t5tune(
        "eval", "nobody/nowhere", "--source", "hypotheses", "--reference", "references",
        "--metric", "commet",
    )  # fmt: skip
    assert "there is no metric commet; did you mean comet?" in done.err


def test_compare_takes_metrics_that_know_better_from_worse(
    t5tune: RunCommand, folder: Path
) -> None:
    arguments = ("compare", "hypotheses", "references", "--reference", "references")
    for metric in ("length_ratio", "distinct_n", "evaluate:./words.py"):
        done = t5tune(*arguments, "--metric", metric)
        assert done.code == 1
        assert f"--metric {metric}: it is unknown whether higher is better" in done.err
    done = t5tune(*arguments, "--metric", "bleu_intl", "--json", "--num-trials", "40")
    assert done.code == 0, done.err
    assert "BLEU-intl" in done.out
