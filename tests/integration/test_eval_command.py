"""Test `t5tune eval` and `t5tune translate` on a run, a directory and files."""

from __future__ import annotations

import io
import json
import shutil
import sys
from pathlib import Path

import pytest
import sacrebleu

from t5tune.run.directory import RunDirectory
from tests.conftest import Result, RunCommand, TrainOnce


@pytest.fixture(scope="session")
def trained(train_once: TrainOnce) -> Path:
    """Return a directory with a recipe, its data and a finished run."""
    return train_once("training.max_steps=60", "training.eval_steps=30")


@pytest.fixture
def run(trained: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Copy the finished run into the current directory."""
    shutil.copytree(trained, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return Path("runs/tiny")


def read_references(path: str) -> tuple[list[str], list[str]]:
    rows = [line.split("\t") for line in Path(path).read_text().splitlines()[1:]]
    return [row[0] for row in rows], [row[1] for row in rows]


def test_the_report_equals_sacrebleu_on_the_hypotheses(t5tune: RunCommand, run: Path) -> None:
    result = t5tune("eval", run, "--json")
    assert result.code == 0, result.err
    report = json.loads(result.out)
    hypotheses = (run / "eval/test/hypotheses.txt").read_text().splitlines()
    _, references = read_references("test.tsv")
    bleu = sacrebleu.BLEU()
    assert report["scores"][0]["name"] == "BLEU"
    assert report["scores"][0]["value"] == bleu.corpus_score(hypotheses, [references]).score
    signature = str(bleu.get_signature()).replace("|case", "|bs:1000|seed:12345|case")
    assert report["scores"][0]["signature"] == signature
    chrf = sacrebleu.CHRF(word_order=2)
    assert report["scores"][1]["value"] == chrf.corpus_score(hypotheses, [references]).score
    assert list(report)[:7] == [
        "schema_version", "run", "split", "num_examples", "engine", "decoding", "scores",
    ]  # fmt: skip
    assert (report["run"], report["split"], report["num_examples"]) == ("tiny", "test", 13)
    assert report["decoding"]["num_beams"] == 2
    assert json.loads((run / "eval/test/report.json").read_text()) == report


def test_every_example_is_a_line_with_source_and_references(t5tune: RunCommand, run: Path) -> None:
    assert t5tune("eval", run).code == 0
    hypotheses = (run / "eval/test/hypotheses.txt").read_text().splitlines()
    sources, references = read_references("test.tsv")
    lines = RunDirectory(run).examples("test").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    assert [row["index"] for row in rows] == list(range(13))
    assert [row["source"] for row in rows] == sources
    assert [row["hypothesis"] for row in rows] == hypotheses
    assert [row["references"] for row in rows] == [[reference] for reference in references]
    assert {(row["num_tokens"] > 0, type(row["reached_limit"])) for row in rows} == {(True, bool)}


def test_the_newest_run_is_the_default_and_is_named(t5tune: RunCommand, run: Path) -> None:
    result = t5tune("eval")
    assert result.code == 0
    assert "using runs/tiny" in result.err
    assert result.out.startswith("BLEU ")


@pytest.mark.parametrize(
    "arguments",
    [
        ["eval", "tiny"], ["verify", "tiny"], ["translate", "--model", "tiny", "one two"],
        ["export", "tiny"], ["compare", "tiny", "tiny"],
    ],
)  # fmt: skip
def test_a_run_goes_by_its_name(arguments: list[str], t5tune: RunCommand, run: Path) -> None:
    Path("tiny").mkdir()  # something else with that name
    Path("tiny/notes.txt").write_text("…")
    result = t5tune(*arguments)
    assert result.code == 0, result.err
    assert result.out


def test_a_file_as_an_argument_is_not_taken_for_a_text(
    t5tune: RunCommand, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("in put.txt").write_text("one two\n")
    Path("four").write_text("a word that is also a file")
    result = t5tune("translate", "in put.txt")
    assert result.code == 1
    assert result.err == (
        "error: in put.txt is a file, and arguments are translated as texts.\n"
        "try: t5tune translate --input 'in put.txt'\n"
    )
    result = t5tune("translate", "four")
    assert result.code == 0
    assert "'four' is translated as a text; for the file of that name: t5tune tr" in result.err
    assert result.out == t5tune("translate", "four ").out
    assert "file" not in t5tune("translate", "x" * 9000).err


def test_another_split_and_other_files(t5tune: RunCommand, run: Path) -> None:
    result = t5tune("eval", run, "--split", "validation", "--json")
    assert json.loads(result.out)["split"] == "validation"
    assert (run / "eval/validation/report.md").is_file()
    sources, references = read_references("test.tsv")
    Path("new.en").write_text("\n".join(sources) + "\n")
    Path("new.de").write_text("\n".join(references) + "\n")
    other = t5tune("eval", run, "--source", "new.en", "--reference", "new.de", "--json")
    assert other.code == 0, other.err
    same = json.loads(t5tune("eval", run, "--json").out)
    assert json.loads(other.out)["scores"] == same["scores"]
    assert (run / "eval/new/hypotheses.txt").is_file()


def test_a_model_directory_takes_its_data_from_a_recipe_or_files(
    t5tune: RunCommand, run: Path
) -> None:
    refused = t5tune("eval", run / "model")
    assert refused.code == 1
    assert "--recipe" in refused.err
    expected = json.loads(t5tune("eval", run, "--json").out)["scores"]
    result = t5tune("eval", run / "model", "--recipe", "tiny.yaml", "--json")
    assert result.code == 0, result.err
    assert json.loads(result.out)["scores"] == expected


def test_options_override_the_recipe_and_leave_the_stored_report(
    t5tune: RunCommand, run: Path
) -> None:
    before = (run / "eval/test/report.json").read_text()
    result = t5tune(
        "eval", run, "--num-beams", "1", "--metric", "exact_match", "--metric", "wer", "--json"
    )
    report = json.loads(result.out)
    assert report["decoding"]["num_beams"] == 1
    assert [score["name"] for score in report["scores"]] == ["exact_match", "WER"]
    assert (run / "eval/test/report.json").read_text() == before


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--split", "tset"], "no split tset"),
        (["--metric", "blue"], "no metric blue"),
        (["--source", "a.txt"], "--reference"),
        (["--source", "a.txt", "--reference", "b.txt"], "a.txt is not there"),
    ],
)
def test_bad_input(arguments: list[str], expected: str, t5tune: RunCommand, run: Path) -> None:
    result = t5tune("eval", run, *arguments)
    assert result.code == 1
    assert expected in result.err
    assert "Traceback" not in result.err


def test_no_run_at_all(t5tune: RunCommand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for command in (["eval"], ["translate", "text"]):
        result = t5tune(*command)
        assert result.code == 1
        assert "no finished run under runs/" in result.err


def with_stdin(
    t5tune: RunCommand, monkeypatch: pytest.MonkeyPatch, text: str, *arguments: str
) -> Result:
    stream = io.TextIOWrapper(io.BytesIO(text.encode()), encoding="utf-8")
    monkeypatch.setattr(sys, "stdin", stream)
    return t5tune(*arguments)


def test_translate_keeps_order_and_blank_lines(
    t5tune: RunCommand, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = ["one two", "three four five", "two two"]
    alone = [t5tune("translate", "--model", run, text).out for text in texts]
    assert len(set(alone)) == 3
    assert t5tune("translate", *texts).out == "".join(alone)
    text = f"{texts[0]}\n\n{texts[1]}\n   \n{texts[2]}"
    expected = f"{alone[0]}\n{alone[1]}\n{alone[2]}"
    assert with_stdin(t5tune, monkeypatch, text, "translate").out == expected
    Path("in.txt").write_text(text)
    assert t5tune("translate", "--input", "in.txt").out == expected
    lines = t5tune("translate", "--json", texts[0]).out
    assert json.loads(lines) == {"source": texts[0], "translation": alone[0].rstrip("\n")}


def test_translate_nothing(t5tune: RunCommand, run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert with_stdin(t5tune, monkeypatch, "", "translate").out == ""
    assert with_stdin(t5tune, monkeypatch, "\n\n", "translate").out == "\n\n"


def test_translate_names_what_is_missing(t5tune: RunCommand, run: Path) -> None:
    result = t5tune("translate", "--input", "nope.txt")
    assert result.code == 1
    assert "nope.txt" in result.err
    result = t5tune("translate", "--input", "nope.txt", "text")
    assert result.code == 1
