"""Subword sampling: the same text in other pieces, drawn by a seed."""

from __future__ import annotations

from collections import Counter
from math import log
from pathlib import Path
from random import Random

import pytest

from t5tune.data.pair_encoding import choose_encoding
from t5tune.data.subwords.sampler import build_samplers
from t5tune.data.subwords.unigram import UnigramSampling
from t5tune.errors import T5TuneError
from t5tune.models.families import set_languages
from t5tune.recipe.sections.augment_section import SubwordSampling
from tests.tiny_families import FAMILIES, MULTILINGUAL, TEXTS


def test_segmentations_have_the_probability_of_their_pieces() -> None:
    scores = {"ab": log(0.5), "a": log(0.25), "b": log(0.25)}
    for alpha, expected in ((1.0, 0.5 / 0.5625), (0.5, 0.5**0.5 / (0.5**0.5 + 0.25))):
        sampling, draw = UnigramSampling(scores, alpha), Random(0)
        drawn = Counter(tuple(sampling.sample("ab", draw) or ()) for _ in range(4000))
        assert set(drawn) == {("ab",), ("a", "b")}
        assert drawn["ab",] / 4000 == pytest.approx(expected, abs=0.03)
    assert UnigramSampling(scores, 1.0).sample("abc", Random(0)) is None


@pytest.mark.parametrize("family", FAMILIES)
def test_sampled_ids_spell_the_same_text(family: str, tmp_path: Path) -> None:
    _, tokenizer = FAMILIES[family](tmp_path / "model")
    if family in MULTILINGUAL:
        set_languages(tokenizer, "en", "de")
    if family == "byt5":
        with pytest.raises(T5TuneError, match="cannot sample"):
            build_samplers(tokenizer, SubwordSampling())
        return
    samplers = build_samplers(tokenizer, SubwordSampling())
    for sampler, as_target in zip(samplers, (False, True), strict=True):
        assert sampler is not None
        sequences = choose_encoding(tokenizer, as_target=as_target)([*TEXTS[:30], "", "你 x"])
        sampled = [sampler.resample(list(ids), Random(i)) for i, ids in enumerate(sequences)]
        assert sampled == [
            sampler.resample(list(ids), Random(i)) for i, ids in enumerate(sequences)
        ]
        assert sum(a != list(b) for a, b in zip(sampled, sequences, strict=True)) > 10
        for ours, theirs in zip(sampled, sequences, strict=True):
            pieces = ["".join(tokenizer.convert_ids_to_tokens(list(ids))) for ids in (ours, theirs)]
            assert pieces[0] == pieces[1]


def test_the_method_of_the_other_kind_of_tokenizer_is_refused(tmp_path: Path) -> None:
    with pytest.raises(T5TuneError, match="has a unigram model"):
        build_samplers(FAMILIES["t5"](tmp_path)[1], SubwordSampling(dropout=0.1))
    with pytest.raises(T5TuneError, match="has byte-pair merges"):
        build_samplers(FAMILIES["bart"](tmp_path)[1], SubwordSampling(alpha=0.1))


def test_hardly_any_dropout_gives_the_pieces_of_the_tokenizer(tmp_path: Path) -> None:
    _, tokenizer = FAMILIES["bart"](tmp_path)
    sampler, _ = build_samplers(tokenizer, SubwordSampling(dropout=1e-9))
    for ids in choose_encoding(tokenizer, as_target=False)(TEXTS[:30]):
        assert sampler.resample(list(ids), Random(0)) == list(ids)
