"""Test what of the training pairs stays in memory."""

from __future__ import annotations

from pathlib import Path
from unittest.mock import Mock

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from t5tune.data import training_text
from t5tune.data.readers.sources import open_split
from t5tune.data.training_text import TrainingText, join_texts, open_training
from t5tune.recipe.sections.data_entry import DataEntry
from tests.tiny_sections import as_data, build_tiny_recipe


@pytest.mark.parametrize(("num_rows", "is_kept"), [(None, True), (9_000, True), (10**7, False)])
def test_the_beginning_of_large_data_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, num_rows: int | None, is_kept: bool
) -> None:
    monkeypatch.setattr(training_text, "_MOST_REMEMBERED", 200_000)
    path = tmp_path / "pairs.parquet"
    pq.write_table(pa.table({"source": ["0123456789"] * 9_000, "target": ["b"] * 9_000}), path)
    split = open_split(as_data(DataEntry(file=str(path))), "train")
    split = Mock(wraps=split, num_rows=num_rows)
    text = TrainingText(split)
    for _ in range(2):
        assert sum(len(pairs.sources) for pairs in text.chunks("reading")) == 9_000
    assert split.chunks.call_count == (1 if is_kept else 2)


@pytest.mark.parametrize("rules", [["html"], []], ids=["rules", "none"])
def test_each_entry_of_a_mixture_is_cleaned_by_its_own_rules(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rules: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    texts = {
        "hand": ["a", "<b>b</b>", "c"],
        "web": ["<i>d</i>", "e"],
        "more": ["f", "", "<i>g</i>"],
    }
    for name, sources in texts.items():
        rows = "".join(f"{source}\tx\n" for source in sources)
        Path(f"{name}.tsv").write_text(f"source\ttarget\n{rows}", encoding="utf-8")
    entries = [{"file": f"{name}.tsv"} for name in texts]
    for entry in (entries[0], entries[2]):
        entry["cleaning"] = []
    recipe = build_tiny_recipe(train=entries, cleaning=rules)
    opened = open_training(recipe.data, "en", "de").values()
    expected = [source for text in opened for source in text.side("sources", "reading")]
    assert expected == [
        "a",
        "<b>b</b>",
        "c",
        *([] if rules else ["<i>d</i>"]),
        "e",
        "f",
        "<i>g</i>",
    ]
    assert list(join_texts(opened).side("sources", "reading")) == expected
