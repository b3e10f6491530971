"""Vocabularies that are learned from the training data as its augmentation makes it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from t5tune.data.store.store_manifest import read_manifest
from t5tune.data.store.token_store import TokenStore
from t5tune.errors import T5TuneError
from t5tune.recipe.loading import load_recipe
from t5tune.training.checkpoints.resuming import fingerprint_recipe
from t5tune.training.preparation.prepared_data import prepare_data
from tests.conftest import number_pairs, write_pairs, write_tiny_recipe

UNKNOWN = 2
AUGMENTED = "model.from_scratch.tokenizer.augmented=true"
# The examples of the second entry are varied by their numbers in it.
SETTINGS = (
    "data.train=[{file: train.tsv}, {file: more.tsv}]",
    "data.augment={upper: 0.2, typos: 0.5, concatenate: 0.2, rounds: 1}",
)


def count_unknown(path: Path, settings: Sequence[str]) -> int:
    """Return how many words of the training data the vocabulary of a recipe does not have."""
    entries = prepare_data(load_recipe(path, settings))
    num_unknown = 0
    for one in entries:
        manifest = read_manifest(one.directory)
        assert manifest is not None
        tokens = TokenStore(one.directory, manifest).open()
        for side in (tokens.sources, tokens.targets):
            num_unknown += int((np.asarray(side.ids) == UNKNOWN).sum())
    return num_unknown


def test_it_has_every_word_of_the_first_round(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = write_tiny_recipe(tmp_path)
    write_pairs(tmp_path, "more", number_pairs(80, start=300))
    assert count_unknown(path, SETTINGS) > 50
    assert count_unknown(path, [*SETTINGS, AUGMENTED]) == 0
    # Another seed has another round, and the cache does not give it the vocabulary of the first.
    assert count_unknown(path, [*SETTINGS, AUGMENTED, "training.seed=7"]) == 0
    assert count_unknown(path, [*SETTINGS, AUGMENTED, "data.augment.rounds=2"]) > 0


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ([AUGMENTED], "`model.from_scratch.tokenizer.augmented` needs `data.augment`"),
        ([AUGMENTED, "data.augment.subword={}", "model.from_scratch.tokenizer.type=bpe"],
         "needs `data.augment` with a kind that changes texts"),
        ([AUGMENTED, "data.augment.upper=0.1", "model.from_scratch.tokenizer.type=bytes"],
         "`augmented` excludes `type: bytes`, which learns nothing"),
    ],
)  # fmt: skip
def test_where_there_is_nothing_augmented_to_learn_from(
    changes: list[str], expected: str, tmp_path: Path
) -> None:
    with pytest.raises(T5TuneError) as refused:
        load_recipe(write_tiny_recipe(tmp_path), changes)
    assert expected in refused.value.message


def test_a_vocabulary_of_the_texts_as_they_are_leaves_a_run_what_it_was(tmp_path: Path) -> None:
    path, off = write_tiny_recipe(tmp_path), AUGMENTED.replace("true", "false")
    plain, written, augmented = (
        fingerprint_recipe(load_recipe(path, ["data.augment.upper=0.1", *changes]))
        for changes in ([], [off], [AUGMENTED])
    )
    assert plain == written != augmented
