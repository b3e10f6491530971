"""Test `data.long_sources: chunk`: run, export and model directory read a long source alike."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import RunCommand, number_pairs, write_pairs

LONG = "one two. three four five. one one two. two two."


def test_every_engine_reads_a_long_source_in_chunks(
    t5tune: RunCommand, tiny_recipe: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    write_pairs(tmp_path, "test", [*number_pairs(3, 300), (LONG, "eins zwei.")])
    result = t5tune(
        "train", tiny_recipe, "data.max_source_length=6", "data.long_sources=chunk",
        "training.max_steps=2", "training.eval_steps=2", "export=ctranslate2-float32", "--json",
    )  # fmt: skip
    assert result.code == 0, result.err
    said = "1 sources were longer than the model's max_source_length; they were read in chunks"
    assert said in result.err
    assert "were cut" not in result.err
    report = json.loads(result.out)
    assert report["decoding"]["long_sources"] == "chunk"

    places = ("runs/tiny", "runs/tiny/model", "runs/tiny/ctranslate2-float32")
    results = [t5tune("translate", "--model", place, LONG) for place in places]
    assert {one.code for one in results} == {0}, [one.err for one in results]
    assert len({one.out for one in results}) == 1
    examples = (Path("runs/tiny/eval/test") / "examples.jsonl").read_text("utf-8").splitlines()
    assert results[0].out.strip() == json.loads(examples[-1])["hypothesis"]
    cut = t5tune("train", tiny_recipe, "data.max_source_length=6", "--restart", "--json",
                 "training.max_steps=2", "training.eval_steps=2", "export=none")  # fmt: skip
    assert "1 sources were cut to the model's max_source_length" in cut.err
    assert "long_sources" not in json.loads(cut.out)["decoding"]
