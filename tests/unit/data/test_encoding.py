"""Test what remains of texts that are too long."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from t5tune.data.encoding import encode_texts
from t5tune.data.truncation import shorten_all
from t5tune.decoding.export.stored_tokenizer import write_tokenization
from t5tune.decoding.export.tokenization import load_tokenization
from t5tune.models.families import set_languages
from tests import forks
from tests.conftest import REPOSITORY
from tests.tiny_families import FAMILIES, MULTILINGUAL, TEXTS

LONG = "one two three four five one two three"
NUM_LAST = {"mbart": 2}  # `</s> en_XX`; in all others only the end of the sequence


@pytest.mark.parametrize("family", FAMILIES)
def test_what_the_tokenizer_adds_at_the_end_stays(family: str, tmp_path: Path) -> None:
    _, tokenizer = FAMILIES[family](tmp_path)
    if family in MULTILINGUAL:
        set_languages(tokenizer, "en", "de")
    export = tmp_path / "export"
    export.mkdir()
    own = load_tokenization(export, write_tokenization(tokenizer, export, TEXTS))
    num_last = NUM_LAST.get(family, 1)
    for as_target in (False, True):
        ((whole,), none) = encode_texts([LONG], tokenizer, max_length=None, as_target=as_target)
        assert none == 0
        assert tokenizer.eos_token_id in whole[-num_last:]
        for limit in (len(whole), len(whole) - 1, 5, 3):
            expected = [*whole[: limit - num_last], *whole[-num_last:]]
            assert len(expected) == limit
            found = encode_texts([LONG], tokenizer, max_length=limit, as_target=as_target)
            assert found == ([expected], int(limit < len(whole)))
            if not as_target:
                assert shorten_all(own.encode([LONG]), limit, own.encode) == [expected]


def test_a_limit_below_what_is_added_keeps_the_last_of_it(tmp_path: Path) -> None:
    _, tokenizer = FAMILIES["mbart"](tmp_path)
    (whole,), _ = encode_texts([LONG], tokenizer, max_length=None)
    assert encode_texts([LONG], tokenizer, max_length=1) == ([whole[-1:]], 1)


@pytest.mark.parametrize(
    ("nothing", "letter", "expected"),
    [
        ([], [7], [5, 6]),  # nothing is added
        ([0], [0, 7], [5, 6]),  # something only before the text
        ([1], [1], [5, 1]),  # a letter that the tokenizer drops
    ],
)
def test_other_tokenizers(nothing: list[int], letter: list[int], expected: list[int]) -> None:
    def encode(texts: list[str]) -> list[list[int]]:
        return [letter if text else nothing for text in texts]

    assert shorten_all([[5, 6, 9, 1]], 2, encode) == [expected]


def test_byt5_does_not_warn_of_texts_that_end_by_themselves(tmp_path: Path) -> None:
    _, tokenizer = FAMILIES["byt5"](tmp_path / "model")
    tokenizer.save_pretrained(tmp_path)
    # In a separate process, because the test runner has its own rules for warnings.
    command = [sys.executable, "-m", "tests.unit.data.texts_of_byt5", tmp_path]
    assert forks.run(command, cwd=REPOSITORY, text=True, check=True).stderr == ""
