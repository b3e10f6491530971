"""Test what a recipe may say of two vocabularies, and that without them nothing has changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from t5tune.errors import T5TuneError
from t5tune.recipe.loading import load_recipe
from t5tune.training.checkpoints.resuming import fingerprint_recipe
from tests.conftest import write_tiny_recipe

SECTION = "model.from_scratch={{architecture: {}, tokenizer: {{type: {}, separate_vocabs: true}}}}"
MARIAN = SECTION.format("marian", "bpe")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ([SECTION.format("t5", "bpe")], "a t5 has one vocabulary for sources and targets"),
        ([SECTION.format("bart", "unigram")], "requires `architecture: marian`"),
        ([SECTION.format("marian", "words")], "requires `type: unigram` or `type: bpe`"),
        ([MARIAN, "data.train=[{file: a.tsv}, {file: b.tsv, target_lang: fr}]"],
         "separate_vocabs` excludes several directions"),
        ([MARIAN, "task=denoise", "data.test=null"], "separate_vocabs` excludes `task: denoise`"),
    ],
)  # fmt: skip
def test_what_two_vocabularies_exclude(changes: list[str], expected: str, tmp_path: Path) -> None:
    with pytest.raises(T5TuneError) as refused:
        load_recipe(write_tiny_recipe(tmp_path), changes)
    assert expected in refused.value.message


def test_one_vocabulary_is_what_it_was(tmp_path: Path) -> None:
    path = write_tiny_recipe(tmp_path)
    joint = "model.from_scratch={architecture: marian, tokenizer: {type: bpe}}"
    written = load_recipe(path, [joint.replace("bpe", "bpe, separate_vocabs: false")])
    one, two = load_recipe(path, [joint]), load_recipe(path, [MARIAN])
    assert fingerprint_recipe(written) == fingerprint_recipe(one) != fingerprint_recipe(two)
