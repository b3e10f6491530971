"""Test which keys of a data entry, and of the model section, go together."""

from __future__ import annotations

from typing import Any

import pytest

from t5tune.recipe.places import HubSplit, Place, TableFile, TextPair
from t5tune.recipe.sections.data_entry import DataEntry
from t5tune.recipe.sections.from_scratch_section import FromScratchSection
from t5tune.recipe.sections.model_section import ModelSection, PretrainedModel


@pytest.mark.parametrize(
    ("keys", "place"),
    [
        ({"hub": "a/b", "split": "train[:1%]"}, HubSplit("a/b", "train[:1%]")),
        ({"hub": "a/b", "split": "test", "config": "de-en", "revision": "v1"},
         HubSplit("a/b", "test", "de-en", "v1")),
        ({"file": "a.tsv", "references": ["c"]}, TableFile("a.tsv")),
        ({"file": "a", "format": "csv", "columns": ["x", "y"]}, TableFile("a", "csv", ["x", "y"])),
        ({"source_file": "a.en", "target_file": "a.de"}, TextPair("a.en", "a.de")),
        ({"source_file": "a.en", "target_file": "a.de", "references": ["b.de"]},
         TextPair("a.en", "a.de", ["b.de"])),
    ],
)  # fmt: skip
def test_an_entry_has_one_place(keys: dict[str, Any], place: Place) -> None:
    assert DataEntry(**keys).place == place


def test_a_place_on_the_hub_in_words() -> None:
    assert str(HubSplit("a/b", "test", "de-en")) == "a/b (de-en), split test"
    assert str(HubSplit("a/b", "test")) == "a/b, split test"


def test_a_model_has_one_origin() -> None:
    named = ModelSection(name="a/b", revision="main")
    assert named.origin == PretrainedModel("a/b", "main")
    assert (named.is_from_scratch, named.origin_key) == (False, "model.name")
    new = ModelSection(from_scratch=FromScratchSection(d_model=64))
    assert new.origin == FromScratchSection(d_model=64)
    assert (new.is_from_scratch, new.origin_key) == (True, "model.from_scratch")
