"""Test the parity check: which score is compared, and from what it is computed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from t5tune.data.examples import Examples
from t5tune.decoding.export.parity import Parity, compare
from t5tune.decoding.translator import Hypothesis
from t5tune.recipe.loading import load_recipe
from tests.conftest import write_tiny_recipe

# Replaces COMET's program: the score of a hypothesis is its share of the source's words.
COMET = """\
import json, sys
options = dict(zip(sys.argv[1::2], sys.argv[2::2]))
read = lambda name: open(options[name], encoding="utf-8").read().splitlines()
values = [
    {"COMET": sum(word in hypothesis.split() for word in source.split()) / len(source.split())}
    for source, hypothesis in zip(read("-s"), read("-t"))
]
json.dump({"hypotheses": values}, open(options["--to_json"], "w"))
"""


def compared(folder: Path, metric: str) -> Parity:
    recipe = load_recipe(str(write_tiny_recipe(folder)), [f"evaluation.metrics=[{metric}]"])
    examples = Examples("validation", ["a b", "c d"], [["A B"], ["C D"]])
    texts = [["a b", "c d"], ["a b", "c x"]]
    of_torch, of_export = ([Hypothesis(text, 3, False) for text in some] for some in texts)
    return compare(
        metric,
        recipe.scoring_options,
        examples,
        (of_torch, of_export),
        (2.0, 1.0),
        torch_device="cpu",
        decoding={},
    )


def test_a_metric_that_looks_at_sources_gets_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "comet-score"
    program.write_text(f"#!{sys.executable}\n{COMET}", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("T5TUNE_COMET", f"{program} --gpus 0")
    parity = compared(tmp_path, "comet")
    assert (parity.metric, parity.torch, parity.ctranslate2) == ("COMET", 1.0, 0.75)
    assert parity.lost == 0.25


def test_a_higher_error_rate_is_a_loss(tmp_path: Path) -> None:
    parity = compared(tmp_path, "cer")
    assert parity.metric == "CER"
    assert parity.lost == parity.ctranslate2 - parity.torch
    assert compared(tmp_path, "chrf").lost == 0.0  # both are entirely wrong
