"""Test COMET's own program with a tiny random model. Skipped without COMET."""

from __future__ import annotations

import hashlib
import json
import subprocess
from pathlib import Path

import numpy as np
import pytest

from t5tune.errors import T5TuneError
from t5tune.scoring.compute import score_hypotheses, sentence_scores
from t5tune.scoring.metrics.comet import CometScorer, find_comet
from t5tune.scoring.score import ScoringOptions
from t5tune.scoring.system_output import SystemOutput

SOURCES = ["ein haus", "der hund bellt", "foo\nbar\r", ""]
HYPOTHESES = ["a house", "the dog barks", "x\ny", ""]
REFERENCES = [["a home", "some house"], ["a dog barks"], ["z"], ["nothing"]]


@pytest.fixture(scope="module")
def comet() -> Path:
    try:
        return Path(find_comet()[0])
    except T5TuneError as error:
        pytest.skip(f"COMET is not installed: {error.next_command}")


@pytest.fixture(scope="module")
def model(comet: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the checkpoint of a tiny COMET model."""
    folder = tmp_path_factory.mktemp("comet") / "tiny"
    python = comet.read_text(encoding="utf-8").splitlines()[0].removeprefix("#!").strip()
    script = Path(__file__).with_name("tiny_comet.py")
    done = subprocess.run([python, str(script), str(folder)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder / "checkpoints" / "model.ckpt"


@pytest.fixture
def use_model(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("T5TUNE_COMET_MODEL", str(model))


def test_scores_are_those_of_the_command(
    comet: Path, model: Path, use_model: None, tmp_path: Path
) -> None:
    texts = {"s": ["ein haus", "der hund"], "t": ["a house", "the cat"], "r": ["a home", "a dog"]}
    arguments = [str(comet), "--gpus", "0", "--model", str(model)]
    for option, lines in texts.items():
        (tmp_path / option).write_text("\n".join(lines) + "\n", encoding="utf-8")
        arguments += [f"-{option}", str(tmp_path / option)]
    result = tmp_path / "out.json"
    subprocess.run([*arguments, "--to_json", str(result)], check=True, capture_output=True)
    (examples,) = json.loads(result.read_text(encoding="utf-8")).values()
    expected = [example["COMET"] for example in examples]

    references = [[text] for text in texts["r"]]
    (score,) = score_hypotheses(["comet"], SystemOutput(texts["t"], references, sources=texts["s"]))
    assert score.name == "COMET"
    assert score.value == pytest.approx(sum(expected) / 2, abs=1e-9)
    digest = hashlib.sha256(model.read_bytes()).hexdigest()[:12]
    start = f"nrefs:1|model:model.ckpt|hash:{digest}|refs:best|version:unbabel-comet-"
    assert score.signature.startswith(start)
    assert score.signature.removeprefix(start)[0].isdigit()
    values = sentence_scores("comet", SystemOutput(texts["t"], references, sources=texts["s"]))
    assert values == pytest.approx(expected)
    assert values[0] != values[1]


def test_of_several_references_the_best_counts_and_newlines_shift_nothing(use_model: None) -> None:
    scorer = CometScorer(ScoringOptions())
    values = scorer.score_segments(SystemOutput(HYPOTHESES, REFERENCES, SOURCES))
    assert len(values) == 4
    both = scorer.score_segments(
        SystemOutput([HYPOTHESES[0]] * 2, [[one] for one in REFERENCES[0]], [SOURCES[0]] * 2)
    )
    assert both[0] != both[1]
    # Half precision: another batch may round differently.
    assert values[0] == pytest.approx(max(both), abs=1e-3)
    in_one_line = SystemOutput(["x y", ""], REFERENCES[2:], ["foo bar", ""])
    last = scorer.score_segments(in_one_line)
    assert values[2:] == pytest.approx(last, abs=1e-3)
    statistics = scorer.collect_statistics(SystemOutput(HYPOTHESES, REFERENCES, SOURCES))
    means = statistics.compute_scores(np.array([[0, 1, 2, 3], [2, 2, 2, 2]]))[:, 0]
    assert means.tolist() == pytest.approx([sum(values) / 4, values[2]])


def test_a_failure_is_told_in_comets_own_words(
    comet: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("T5TUNE_COMET_MODEL", "t5tune/none")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(T5TuneError, match=r"comet-score failed with t5tune/none: .*none"):
        score_hypotheses(["comet"], SystemOutput(["a"], [["a"]], sources=["b"]))


def test_the_command_may_have_options(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "my comet"
    program.write_text("#!/bin/sh\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("T5TUNE_COMET", f"'{program}' --batch_size 64")
    assert find_comet() == (str(program), "--batch_size", "64")
    monkeypatch.setenv("T5TUNE_COMET", str(tmp_path / "nothing"))
    with pytest.raises(T5TuneError, match=r"There is no .*nothing \(T5TUNE_COMET\)") as caught:
        find_comet()
    assert "pip install unbabel-comet" in str(caught.value.next_command)
