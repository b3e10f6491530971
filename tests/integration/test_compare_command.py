"""Test `t5tune compare` on runs, files and base models."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.significance import PairedTest

from tests import forks
from tests.conftest import RunCommand, write_tiny_recipe


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Train two runs: one from scratch, and one that starts from the model of the first."""
    folder = tmp_path_factory.mktemp("trained")
    recipe = write_tiny_recipe(folder)
    base = ["model.from_scratch=null", "model.name=runs/tiny/model", "data.prefix=''"]
    for arguments in ([], ["name=tuned", *base, "training.learning_rate=0.02"]):
        command = [sys.executable, "-m", "t5tune", "train", recipe, *arguments]
        forks.run(command, check=True, cwd=folder, text=True)
    return folder


@pytest.fixture
def runs(trained: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Copy the finished runs into the current directory."""
    shutil.copytree(trained, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return Path("runs")


def read_columns(path: str) -> tuple[list[str], list[str]]:
    rows = [line.split("\t") for line in Path(path).read_text().splitlines()[1:]]
    return [row[0] for row in rows], [row[1] for row in rows]


def write_lines(path: str | Path, lines: list[str]) -> None:
    Path(path).write_text("".join(line + "\n" for line in lines))


def hypotheses_of(run: Path) -> list[str]:
    return (run / "eval/test/hypotheses.txt").read_text().splitlines()


def write_examples(run: Path, **changes: object) -> None:
    """Write the files that an evaluation leaves beside its hypotheses."""
    sources, references = read_columns("test.tsv")
    rows = [
        {"index": i, "source": source, "hypothesis": hypothesis, "references": [reference],
         "num_tokens": 3, "reached_limit": False}
        for i, (source, reference, hypothesis) in enumerate(
            zip(sources, references, hypotheses_of(run), strict=True)
        )
    ]  # fmt: skip
    rows[4].update(changes)
    write_lines(run / "eval/test/examples.jsonl", [json.dumps(row) for row in rows])


def test_two_runs(t5tune: RunCommand, runs: Path) -> None:
    result = t5tune("compare", runs / "tiny", runs / "tuned", "--json", "--num-trials", 200)
    assert result.code == 0, result.err
    comparison = json.loads(result.out)
    sources, references = read_columns("test.tsv")
    hypotheses = [hypotheses_of(runs / name) for name in ("tiny", "tuned")]
    assert [one["name"] for one in comparison["systems"]] == ["tiny", "tuned"]
    assert comparison["baseline"] == "tiny"
    assert comparison["split"] == "test"
    for system, lines in zip(comparison["systems"], hypotheses, strict=True):
        assert [one["name"] for one in system["scores"]] == ["BLEU", "chrF2++"]  # the recipe's
        expected = BLEU().corpus_score(lines, [references]).score
        assert system["scores"][0]["value"] == expected
    for i, example in enumerate(comparison["examples"]):
        assert example["source"] == sources[i]
        assert example["references"] == [references[i]]
        assert example["hypotheses"] == [lines[i] for lines in hypotheses]
    for test, name, num in (("bootstrap", "bs", 1000), ("randomization", "ar", 200)):
        systems = list(zip(["tiny", "tuned"], hypotheses, strict=True))
        _, theirs = PairedTest(systems, {"BLEU": BLEU()}, [references], name, num)()
        p_values = comparison["systems"][1]["differences"][0]["p_values"]
        assert p_values[test] == theirs["BLEU"][1].p_value


def test_files_and_what_is_written(t5tune: RunCommand, runs: Path) -> None:
    sources, references = read_columns("test.tsv")
    write_lines("first.txt", hypotheses_of(runs / "tiny"))
    write_lines("second.txt", references)
    write_lines("reference.txt", references)
    write_lines("source.txt", sources)
    arguments = (
        "compare", "first.txt", "second.txt", "--reference", "reference.txt",
        "--source", "source.txt", "--metric", "exact_match", "--metric", "cer",
        "--num-resamples", 100, "--test", "bootstrap", "--seed", 7, "--output-dir", "out",
    )  # fmt: skip
    result = t5tune(*arguments)
    assert result.code == 0, result.err
    lines = result.out.splitlines()
    assert lines[0].startswith("exact_match  nrefs:1|bs:100|seed:7|case:mixed|")
    assert lines[2].startswith("  second.txt  100.00  [100.00, 100.00]  +")
    assert "bootstrap p=" in lines[2]
    assert "randomization" not in result.out
    assert lines[2].endswith("better (p < 0.05)")
    written = json.loads(Path("out/comparison.json").read_text())
    assert written["split"] is None
    assert written["systems"][1]["scores"][1]["value"] == 0
    assert written == json.loads(t5tune(*arguments, "--json").out)
    document = Path("out/comparison.md").read_text()
    assert "### Largest wins by exact" in document
    assert sources[0] in document or sources[1] in document
    assert str(Path.cwd()) not in document + json.dumps(written)


def test_a_file_beside_a_run_takes_its_references(t5tune: RunCommand, runs: Path) -> None:
    write_lines("other.txt", hypotheses_of(runs / "tuned"))
    mixed = t5tune("compare", runs / "tiny", "other.txt", "--json")
    both = t5tune("compare", runs / "tiny", runs / "tuned", "--json")
    assert mixed.code == 0, mixed.err
    ours, theirs = json.loads(mixed.out), json.loads(both.out)
    assert ours["systems"][1]["name"] == "other.txt"
    assert ours["systems"][1]["differences"] == theirs["systems"][1]["differences"]
    assert ours["examples"] == theirs["examples"]


def test_stored_examples_are_used_without_the_data(t5tune: RunCommand, runs: Path) -> None:
    expected = json.loads(t5tune("compare", runs / "tiny", runs / "tuned", "--json").out)
    for name in ("tiny", "tuned"):
        write_examples(runs / name)
    Path("test.tsv").unlink()
    result = t5tune("compare", runs / "tiny", runs / "tuned", "--json")
    assert result.code == 0, result.err
    assert json.loads(result.out) == expected


@pytest.mark.parametrize(
    ("changes", "kind"), [({"references": ["andere"]}, "references"), ({"source": "x"}, "sources")]
)
def test_examples_that_differ_are_named(
    t5tune: RunCommand, runs: Path, changes: dict[str, object], kind: str
) -> None:
    write_examples(runs / "tiny")
    write_examples(runs / "tuned", **changes)
    result = t5tune("compare", runs / "tiny", runs / "tuned")
    assert result.code == 1
    assert f"their {kind} differ first in line 5." in result.err
    assert "runs/tiny and runs/tuned" in result.err
    assert "try: t5tune eval runs/tuned" in result.err


def test_the_base_model_is_translated_zero_shot(t5tune: RunCommand, runs: Path) -> None:
    result = t5tune("compare", runs / "tuned", "base", "--json")
    assert result.code == 0, result.err
    comparison = json.loads(result.out)
    base = comparison["systems"][1]
    assert base["name"] == "model (zero-shot)"
    # It is the model of the first run, whose report has its scores on the same test set.
    report = json.loads((runs / "tiny/eval/test/report.json").read_text())
    assert [one["value"] for one in base["scores"]] == [one["value"] for one in report["scores"]]
    hypotheses = [example["hypotheses"][1] for example in comparison["examples"]]
    assert hypotheses == hypotheses_of(runs / "tiny")


def test_a_run_from_scratch_has_no_base(t5tune: RunCommand, runs: Path) -> None:
    result = t5tune("compare", runs / "tiny", "base")
    assert result.code == 1
    assert "was trained from scratch, so it has no base model" in result.err


@pytest.mark.parametrize(
    ("arguments", "message", "next_command"),
    [
        (["runs/tiny"], "nothing to compare it with", "t5tune compare runs/tiny SYSTEM"),
        (["runs/tiny", "runs/tuned", "--split", "validation"], "not been evaluated on the split",
         "t5tune eval runs/tiny --split validation"),
        (["runs/tiny", "none.txt"], "There is no file 'none.txt'", "ls ."),
        (["two.txt", "two.txt"], "there are no references", "--reference FILE"),
        (["two.txt", "base"], "but no run is named", "t5tune compare RUN base"),
        (["runs/tiny", "two.txt"], "runs/tiny has 13 hypotheses, but two.txt has 2 hypotheses",
         "same examples"),
        (["two.txt", "two.txt", "--reference", "three.txt"],
         "three.txt has 3 references, but two.txt has 2 hypotheses", "same examples"),
        (["two.txt", "two.txt", "--reference", "two.txt", "--reference", "three.txt"],
         "two.txt has 2 references, but three.txt has 3 references", "same examples"),
        (["runs", "two.txt"], "runs is not a run and holds no hypotheses.txt", "ls runs"),
        (["runs/tiny", "runs/tuned", "--metric", "blue"], "did you mean 'bleu'", "--help"),
        (["runs/tiny", "runs/tuned", "--metric", "wer", "--tokenize", "char"],
         "--tokenize changes bleu, distinct_n and length_ratio only", "--metric bleu"),
    ],
)  # fmt: skip
def test_user_errors(
    t5tune: RunCommand, runs: Path, arguments: list[str], message: str, next_command: str
) -> None:
    write_lines("two.txt", ["eins", "zwei"])
    write_lines("three.txt", ["eins", "zwei", "drei"])
    result = t5tune("compare", *arguments)
    assert result.code == 1
    assert message in result.err
    assert next_command in result.err
    assert "Traceback" not in result.err


def test_the_same_name_twice_is_told_apart(t5tune: RunCommand, runs: Path) -> None:
    shutil.copytree(runs / "tiny", "elsewhere/tiny")
    result = t5tune("compare", runs / "tiny", "elsewhere/tiny", "--json")
    assert [one["name"] for one in json.loads(result.out)["systems"]] == [
        "runs/tiny", "elsewhere/tiny",
    ]  # fmt: skip
    same = t5tune("compare", runs / "tiny", runs / "tiny")
    assert same.code == 0, same.err
    assert same.out.count("the same outputs") == 2
    assert "runs/tiny (2)" in same.out


def test_files_alone_need_no_model_library(runs: Path) -> None:
    write_lines("a.txt", ["eins", "zwei"])
    code = (
        "import sys\n"
        "sys.argv = ['t5tune', 'compare', 'a.txt', 'a.txt', '--reference', 'a.txt']\n"
        "from t5tune.cli.app import app\n"
        "app(standalone_mode=False)\n"
        "assert not {'torch', 'transformers', 'datasets'} & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
