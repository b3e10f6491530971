"""Runs whose training data is cleaned and normalized: what they keep of it, and what engines do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from t5tune.decoding.found_model import find_model
from t5tune.files.json_values import read_object
from tests.conftest import RunCommand, number_pairs, write_pairs

NOISE = [("one &amp; two", "eins <br> zwei"), *number_pairs(2, 5), (" ", "nichts")]
SETTINGS = (
    "data.cleaning=[html, duplicates]",
    "data.normalization=[quotes, entities]",
    "training.max_steps=2",
    "training.eval_steps=2",
    "export=ctranslate2-float32",
)


def test_a_run_keeps_what_was_left_out_and_translates_normalized_sources(
    t5tune: RunCommand, tiny_recipe: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    (leaked,) = number_pairs(1, 61)
    write_pairs(tmp_path, "train", [*number_pairs(60), *NOISE, leaked])
    write_pairs(tmp_path, "test", [leaked, *number_pairs(3, 300)])

    shown = json.loads(t5tune("data", tiny_recipe, *SETTINGS, "--json").out)["cleaning"]["train"]
    counts = {name: rule["num_dropped"] for name, rule in shown["rules"].items()}
    assert counts == {"blank": 1, "html": 1, "duplicates": 2}
    assert shown["rules"]["html"]["examples"] == [
        {"row": 61, "source": "one & two", "target": "eins <br> zwei"}
    ]
    printed = t5tune("data", tiny_recipe, *SETTINGS).out
    assert "cleaning left out 4 of 65 pairs (6.2%): blank 1, html 1, duplicates 2" in printed
    assert "  pair 61: one & two" in printed
    assert "is left out" not in printed  # the blank one is among the four

    result = t5tune("train", tiny_recipe, *SETTINGS, "--json")
    assert result.code == 0, result.err
    said = "data.train: cleaning left out 4 of 65 pairs (6.2%): blank 1, html 1, duplicates 2"
    assert said in result.err
    assert "data: 61 training examples, " in result.err  # 65 with the four, one of them blank
    assert "train.tsv, line 66" in result.err  # of the leak, behind what was left out
    environment = read_object(Path("runs/tiny/environment.json"))
    assert environment["cleaning"] == {"train": shown}
    assert environment["num_examples"]["train"] == 61
    report = json.loads(result.out)
    assert report["decoding"]["normalization"] == ["quotes", "entities"]
    (section,) = (one for one in report["beside"] if one["name"] == "cleaning")
    assert section["values"]["entries"] == {"train": shown}

    run = Path("runs/tiny")
    kept = [
        read_object(run / "model" / "config.json")["t5tune"],
        read_object(run / "ctranslate2-float32" / "t5tune.json"),
        find_model("runs/tiny").settings.describe(),
        find_model("runs/tiny/model").settings.describe(),
    ]
    assert [list(one["normalization"]) for one in kept] == [["entities", "quotes"]] * 4
