"""Test `t5tune score` on real files, against sacreBLEU's command and published numbers."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from t5tune.cli.score import score
from t5tune.errors import T5TuneError

# newstest2017 English-German: cased BLEU of Moses' mteval-v13a.pl, as listed in test.sh of
# github.com/mjpost/sacrebleu.
WMT17_BLEU = {
    "C-3MA.4959": 22.67,
    "FBK.4870": 26.33,
    "KIT.4950": 26.08,
    "LIUM-NMT.4900": 26.60,
    "LMU-nmt-reranked.4934": 27.11,
    "LMU-nmt-single.4893": 26.56,
    "PROMT-Rule-based.4735": 16.61,
    "RWTH-nmt-ensemble.4921": 26.02,
    "SYSTRAN.4847": 26.71,
    "TALP-UPC.4834": 21.24,
    "online-A.0": 20.80,
    "online-B.0": 26.65,
    "online-F.0": 15.45,
    "online-G.0": 18.16,
    "uedin-nmt.4722": 28.30,
    "xmu.4910": 26.69,
}

app = typer.Typer()
app.command()(score)
runner = CliRunner()


def run(*arguments: str | Path, stdin: bytes | None = None) -> str:
    """Return the standard output of a command that must succeed."""
    result = runner.invoke(app, [str(argument) for argument in arguments], input=stdin)
    if result.exception is not None:
        raise result.exception
    return result.stdout


@pytest.fixture
def wmt17(real_data: Path) -> Path:
    """Return the system outputs of WMT17 for English to German, and the reference."""
    return real_data / "wmt17_systems"


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "hypotheses").write_text("Das Haus ist klein.\nEin Test\n", encoding="utf-8")
    (tmp_path / "first").write_text("Das Haus ist sehr klein.\nein Test\n", encoding="utf-8")
    (tmp_path / "second").write_text("Das Haus ist winzig.\nEin Versuch\n", encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("system", WMT17_BLEU)
def test_wmt17_bleu_agrees_with_the_published_numbers(system: str, wmt17: Path) -> None:
    hypotheses = wmt17 / f"newstest2017.{system}.en-de"
    output = run(hypotheses, "--reference", wmt17 / "reference", "--metric", "bleu")
    name, value, low, high, signature = output.split()
    assert name == "BLEU"
    assert float(value) == WMT17_BLEU[system]
    assert float(low[1:-1]) < WMT17_BLEU[system] < float(high[:-1])
    assert signature.startswith(
        "nrefs:1|bs:1000|seed:12345|case:mixed|eff:no|tok:13a|smooth:exp|version:"
    )


def test_the_wmt17_table_is_complete(wmt17: Path) -> None:
    names = {path.name for path in wmt17.glob("newstest2017.*.en-de")}
    assert names == {f"newstest2017.{system}.en-de" for system in WMT17_BLEU}


def test_scores_equal_the_sacrebleu_command(files: Path) -> None:
    output = run(
        *(files / "hypotheses", "--reference", files / "first", "--reference", files / "second"),
        *("--metric", "bleu", "--metric", "chrf", "--metric", "ter", "--json"),
    )
    command = [sys.executable, "-m", "sacrebleu", str(files / "first"), str(files / "second")]
    command += ["-i", str(files / "hypotheses"), "-m", "bleu", "chrf", "ter"]
    command += ["--chrf-word-order", "2", "--width", "10", "--format", "json", "--confidence"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    theirs = json.loads(done.stdout)
    ours = json.loads(output)["scores"]
    assert len(theirs) == 3
    assert [one["name"] for one in ours] == [one["name"] for one in theirs]
    assert [one["signature"] for one in ours] == [one["signature"] for one in theirs]
    assert [round(one["value"], 10) for one in ours] == [one["score"] for one in theirs]
    for mine, other in zip(ours, theirs, strict=True):
        low, high = mine["confidence_interval"]
        # sacreBLEU resamples in 24 bits.
        assert (high - low) / 2 == pytest.approx(other["confidence_var"], abs=1e-3)


def test_default_is_bleu_and_chrf_one_line_each(files: Path) -> None:
    lines = run(files / "hypotheses", "--reference", files / "first").splitlines()
    assert [line.split()[0] for line in lines] == ["BLEU", "chrF2++"]


def test_json_has_the_shape_of_a_report(files: Path) -> None:
    output = run(files / "hypotheses", "--reference", files / "first", "--json", "--metric", "wer")
    document = json.loads(output)
    assert list(document)[:7] == [
        "schema_version",
        "run",
        "split",
        "num_examples",
        "engine",
        "decoding",
        "scores",
    ]
    assert document["run"] is None
    assert document["num_examples"] == 2
    assert [one["name"] for one in document["scores"]] == ["WER"]


def test_options_change_the_score_and_its_signature(files: Path) -> None:
    start = (files / "hypotheses", "--reference", files / "first")
    assert "tok:char" in run(*start, "--metric", "bleu", "--tokenize", "char")
    assert "case:lc" in run(*start, "--lowercase")
    assert run(*start, "--metric", "exact_match").startswith("exact_match 0.00 ")
    squad = run(*start, "--metric", "exact_match", "--normalize", "squad")
    assert squad.startswith("exact_match 50.00 ")
    assert "|case:lc|norm:squad|" in squad


def test_hypotheses_from_standard_input(files: Path) -> None:
    data = (files / "hypotheses").read_bytes()
    from_file = run(files / "hypotheses", "--reference", files / "first")
    assert run("-", "--reference", files / "first", stdin=b"\xef\xbb\xbf" + data) == from_file


def test_unicode_line_separators_do_not_shift_examples(files: Path) -> None:
    for name in ("hypotheses", "first"):
        (files / name).write_text("a\u2028b\u0085c\rd\nsecond\n", encoding="utf-8", newline="")
    output = run(files / "hypotheses", "--reference", files / "first", "--metric", "exact_match")
    assert output.startswith("exact_match 100.00 ")


def test_rouge_warns_on_stderr_before_it_loses_letters(files: Path) -> None:
    (files / "first").write_text("für Bäume\nüber Äpfel\n", encoding="utf-8")
    start = [str(files / "hypotheses"), "--reference", str(files / "first"), "--metric", "rouge"]
    result = runner.invoke(app, start)
    assert "--target-lang" in result.stderr
    assert "Warning" not in result.stdout
    assert runner.invoke(app, [*start, "--target-lang", "de"]).stderr == ""


def test_different_numbers_of_lines_name_both(files: Path) -> None:
    (files / "second").write_text("only one\n", encoding="utf-8")
    with pytest.raises(
        T5TuneError, match=r"hypotheses has 2 lines, but .*second has 1\."
    ) as caught:
        run(
            *(files / "hypotheses", "--reference", files / "first"),
            *("--reference", files / "second"),
        )
    assert str(caught.value.next_command).startswith("wc -l ")


@pytest.mark.parametrize("empty", ["hypotheses", "first"])
def test_an_empty_file_is_an_error(files: Path, empty: str) -> None:
    (files / empty).write_bytes(b"")
    with pytest.raises(T5TuneError, match=f"{empty} is empty"):
        run(files / "hypotheses", "--reference", files / "first")


def test_bad_files_and_names_are_user_errors(files: Path) -> None:
    start = (files / "hypotheses", "--reference", files / "first")
    with pytest.raises(T5TuneError, match="no file"):
        run(files / "nothing", "--reference", files / "first")
    with pytest.raises(T5TuneError, match="did you mean 'bleu'"):
        run(*start, "--metric", "BLEU4")
    with pytest.raises(T5TuneError, match="--tokenize changes bleu, distinct_n and"):
        run(*start, "--metric", "wer", "--tokenize", "char")
    with pytest.raises(T5TuneError, match="--normalize changes exact_match only"):
        run(*start, "--normalize", "squad")
    (files / "first").write_bytes(b"a\n\xff\n")
    with pytest.raises(T5TuneError, match="line 2, byte 1"):
        run(*start)


def test_wrong_usage_exits_with_two(files: Path) -> None:
    assert runner.invoke(app, [str(files / "hypotheses")]).exit_code == 2
    bad_choice = [str(files / "hypotheses"), "--reference", str(files / "first")]
    assert runner.invoke(app, [*bad_choice, "--normalize", "other"]).exit_code == 2


def test_help_costs_no_scorer() -> None:
    code = (
        "import sys, typer\n"
        "from typer.testing import CliRunner\n"
        "from t5tune.cli.score import score\n"
        "app = typer.Typer(); app.command()(score)\n"
        "assert CliRunner().invoke(app, ['--help']).exit_code == 0\n"
        "heavy = {'sacrebleu', 'rouge_score', 'rapidfuzz', 'torch'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
