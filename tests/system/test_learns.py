"""Test that a model learns something, and that its score shows it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
import yaml

from t5tune.decoding.found_model import load_for_translation
from tests import forks
from tests.conftest import REPOSITORY, TINY, RunCommand, number_pairs, write_pairs
from tests.unit.decoding.test_alignments import align, check


@pytest.fixture(scope="module")
def numbers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Train on number words, and return the folder with the run and the recipe's data."""
    folder = tmp_path_factory.mktemp("numbers")
    pairs = number_pairs(620)
    held_out = pairs[::20]
    write_pairs(folder, "train", [pair for pair in pairs if pair not in held_out])
    write_pairs(folder, "validation", held_out[:15])
    write_pairs(folder, "test", held_out[15:])
    (folder / "numbers.yaml").write_text(yaml.safe_dump(TINY), encoding="utf-8")
    settings = [
        "model.from_scratch.d_model=32", "model.from_scratch.d_ff=64", "training.max_steps=600",
        "training.eval_steps=300", "training.tokens_per_batch=600",
        "training.label_smoothing_factor=0", "model.config.dropout_rate=0",
    ]  # fmt: skip
    command = [sys.executable, "-m", "t5tune", "train", "numbers.yaml", *settings]
    forks.run(command, cwd=folder, text=True, check=True)
    return folder


def test_number_words_are_learned(
    numbers: Path, t5tune: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(numbers)
    report = json.loads(Path("runs/tiny/eval/test/report.json").read_text(encoding="utf-8"))
    assert report["scores"][0]["value"] > 90
    assert report["num_length_limited"] == 0
    translated = t5tune("translate", "one two three", "five four")
    assert translated.out == "eins zwei drei\nfünf vier\n"


def test_a_model_that_translates_word_for_word_looks_at_the_same_place(numbers: Path) -> None:
    model = load_for_translation(str(numbers / "runs" / "tiny"))
    pairs = number_pairs(40, 300)
    alignments = align(model.translator, pairs)
    check(alignments, pairs)
    places = [
        (row.index(max(row)), number)
        for alignment in alignments
        for number, row in enumerate(alignment.weights)
    ]
    hits = sum(found == expected for found, expected in places)
    assert hits > 0.8 * len(places), f"{hits} of {len(places)}"


def test_georgian_spelling_is_learned(
    t5tune: RunCommand, real_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Georgian is written almost as it is spoken, so few steps are enough for most words."""
    monkeypatch.chdir(tmp_path)
    files = [
        f"data.{split}.file={real_data / 'g2p' / f'geo_{name}.tsv'}"
        for split, name in (("train", "train"), ("validation", "dev"), ("test", "test"))
    ]
    result = t5tune(
        "train", REPOSITORY / "recipes" / "g2p.yaml", *files, "model.from_scratch.d_model=64",
        "model.from_scratch.d_ff=128", "model.config.dropout_rate=0", "training.max_steps=900",
        "training.eval_steps=450", "data.validation.max_examples=100",
        "data.test.max_examples=200", "--json",
    )  # fmt: skip
    assert result.code == 0, result.err
    report = json.loads(result.out)
    assert [score["name"] for score in report["scores"]] == ["exact_match", "WER"]
    assert report["scores"][0]["value"] > 50
    assert report["scores"][1]["value"] < 15
