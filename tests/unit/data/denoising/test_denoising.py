"""Test what is left out of plain text: nothing is lost, limits hold, draws belong to examples."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from random import Random

import pytest
from transformers import ByT5Tokenizer, PreTrainedTokenizerBase

from t5tune.data.augmentation.rounds import Rounds
from t5tune.data.denoising.corruption import corrupt_spans, count_spans, fill_masks
from t5tune.data.denoising.denoiser import Denoiser
from t5tune.data.denoising.held_out_texts import leave_out_words
from t5tune.data.denoising.noise_tokens import add_noise_tokens
from t5tune.data.pair_encoding import EncodedSide, PairEncoder
from t5tune.data.pairs import NumberedPairs, Pairs
from t5tune.data.store.store_building import build_store
from t5tune.data.store.store_key import StoreKey
from t5tune.data.store.store_manifest import read_manifest
from t5tune.data.store.token_store import TokenStore
from t5tune.data.token_sequences import TokenSequences
from t5tune.errors import T5TuneError
from t5tune.models.new_tokenizers import build_tokenizer
from t5tune.recipe.sections.denoise_section import DenoiseSection
from t5tune.recipe.sections.from_scratch_section import TokenizerSection
from tests.conftest import number_pairs

TEXTS = [" ".join([pair[0]] * 5) for pair in number_pairs(40)]
SPANS = DenoiseSection(objective="span_corruption", rate=0.15, seed=3)
MASKS = DenoiseSection(objective="text_infilling", rate=0.3, seed=3)


def put_back(left: list[int], missing: list[int]) -> list[int]:
    """Return the text of a corrupted one; sentinels are negative."""
    spans: dict[int, list[int]] = {}
    for item in missing:
        if item < 0:
            spans[item] = current = []
        else:
            current.append(item)
    return [one for item in left for one in ([item] if item >= 0 else spans[item])]


def test_spans_and_what_is_left_are_the_text_and_their_lengths_are_known() -> None:
    sentinels = [-i for i in range(1, 8)]
    begins, ends = Counter(), Counter()  # type: Counter[bool], Counter[bool]
    for seed in range(600):
        draw = Random(seed)
        items, rate = list(range(draw.randint(1, 60))), draw.choice([0.01, 0.15, 0.5, 0.9])
        left, missing = corrupt_spans(items, sentinels, rate, 3.0, draw)
        assert put_back(left, missing) == items
        num_items, num_spans = count_spans(len(items), rate, 3.0, 6)
        assert (len(left), len(missing)) == (
            len(items) - num_items + num_spans,
            num_items + num_spans + 1,
        )
        assert [item for item in left if item < 0] == sentinels[:num_spans]
        assert [item for item in missing if item < 0] == sentinels[: num_spans + 1]
        begins[left[0] < 0] += 1
        ends[left[-1] < 0] += 1
    assert min(*begins.values(), *ends.values()) > 50
    assert count_spans(100, 0.15, 3.0, 99) == (15, 5)
    assert corrupt_spans([], sentinels, 0.15, 3.0, Random(0)) == ([], [])


def test_masks_stand_for_as_many_items_as_the_rate_says_and_no_text_grows() -> None:
    lengths = []
    for seed in range(600):
        draw = Random(seed)
        items, rate = list(range(draw.randint(1, 60))), draw.choice([0.01, 0.3, 0.5, 0.9])
        left = fill_masks(items, -1, rate, 3.0, draw)
        kept = [item for item in left if item >= 0]
        assert kept == sorted(set(kept))
        assert len(items) - len(kept) == max(round(len(items) * rate), 1)
        assert len(left) <= len(items)
        assert [-1, -1] not in [left[i : i + 2] for i in range(len(left))]
        if rate == 0.3 and len(items) > 40:
            lengths.append((len(items) - len(kept)) / left.count(-1))
    assert 2.5 < sum(lengths) / len(lengths) < 3.5


def learn(objective: str) -> PreTrainedTokenizerBase:
    section = TokenizerSection(type="bpe" if objective == "text_infilling" else "words")
    tokenizer = build_tokenizer(section, TEXTS, ())
    add_noise_tokens(tokenizer, objective)
    return tokenizer


def rows(side: EncodedSide) -> list[list[int]]:
    sequences = TokenSequences.from_arrays(side.lengths, side.ids)
    return [sequences[i].tolist() for i in range(len(sequences))]


@pytest.mark.parametrize("section", [SPANS, MASKS], ids=lambda one: one.objective)
def test_draws_belong_to_the_example_and_the_round(section: DenoiseSection) -> None:
    tokenizer = learn(str(section.objective))
    encoder, denoiser = PairEncoder(tokenizer, "", 16, 12), Denoiser(tokenizer, section)

    def encode(first: int, last: int, round_: int = 0) -> list[list[list[int]]]:
        texts = TEXTS[first:last]
        chunk = NumberedPairs(first, Pairs(texts, texts))
        return list(map(rows, denoiser.encode(encoder, chunk, round_)))

    whole, parts = encode(0, 40), (encode(0, 13), encode(13, 40))
    assert whole == [parts[0][side] + parts[1][side] for side in (0, 1)]
    assert whole[0] != encode(0, 40, 1)[0]
    longest = [max(map(len, side)) for side in whole]
    if section is SPANS:
        assert (longest[0], longest[1] <= 12) == (16, True), "as long as may be"
    else:
        assert (longest[0] <= 12, longest[1]) == (True, 12)
    end = tokenizer.eos_token_id
    assert all(ids[-1] == end and ids.count(end) == 1 for side in whole for ids in side)
    if section is MASKS:
        expected = [tokenizer(text).input_ids[:11] for text in TEXTS]
        assert [ids[:-1] for ids in whole[1]] == [[i for i in ids if i != end] for ids in expected]


@pytest.mark.parametrize("section", [SPANS, MASKS], ids=lambda one: one.objective)
def test_a_long_text_becomes_several_examples(section: DenoiseSection, tmp_path: Path) -> None:
    tokenizer = learn(str(section.objective))
    rounds = Rounds(2, {}, denoiser=Denoiser(tokenizer, section, divides=True))
    key = StoreKey({}, "", "", 12, 12, {})
    texts = ["one two", " ".join(["one two three"] * 9), " "]
    build_store(
        tmp_path / "store", key, lambda: [Pairs(texts, texts)],
        PairEncoder(tokenizer, "", 12, 12), origin="here", rounds=rounds,
    )  # fmt: skip
    manifest = read_manifest(tmp_path / "store")
    assert manifest is not None
    assert (manifest.num_read, manifest.num_blank, manifest.num_truncated) == (3, 1, 0)
    dataset = TokenStore(tmp_path / "store", manifest).open()
    assert len(dataset) == 2 * manifest.num_examples == 2 * dataset.num_examples
    assert manifest.num_examples > 3
    assert int(dataset.sources.lengths.max()) <= 12
    first = [dataset[i] for i in range(1, dataset.num_examples)]
    if section is MASKS:
        labels = [i for one in first for i in one["labels"][:-1].tolist()]
        assert labels == tokenizer(texts[1]).input_ids[:-1]
    else:
        hidden = sum(len(set(one["labels"].tolist()) & set(tokenizer(texts[1]).input_ids)) > 1
                     for one in first)  # fmt: skip
        assert hidden == len(first), "each has a span"


def test_a_sentinel_has_the_id_before_that_of_the_last_one_as_in_t5() -> None:
    tokenizer = learn("span_corruption")
    ids = tokenizer.convert_tokens_to_ids(["<extra_id_0>", "<extra_id_1>", "<extra_id_99>"])
    assert ids == [len(tokenizer) - 1, len(tokenizer) - 2, len(tokenizer) - 100]
    assert tokenizer("one <extra_id_0> two").input_ids[1] == ids[0]


def test_a_prefix_and_bytes_stay_whole() -> None:
    tokenizer = ByT5Tokenizer()
    encoder, denoiser = PairEncoder(tokenizer, "fill: ", 40, 40), Denoiser(tokenizer, SPANS)
    sources, targets = denoiser.encode(encoder, NumberedPairs(0, Pairs(["abcdefgh"] * 9, [])), 0)
    first = tokenizer.convert_tokens_to_ids("<extra_id_0>")
    for source, target in zip(rows(sources), rows(targets), strict=True):
        assert tokenizer.decode(source).startswith("fill: ")
        assert first in source
        assert target[0] == first
        assert target[-1] == tokenizer.eos_token_id


def test_held_out_texts_are_the_same_for_every_tokenizer() -> None:
    (source,), ((reference,),) = leave_out_words(["one two three four five six"], SPANS)
    words = source.split()
    assert words.count("<extra_id_0>") == 1
    words[words.index("<extra_id_0>")] = reference
    assert " ".join(words) == "one two three four five six"
    (source,), ((reference,),) = leave_out_words(
        ["雨の中を歩いて帰りましたがとても楽しかったです"], MASKS
    )
    assert "<mask>" in source
    assert len(source) > 10
    assert reference.startswith("雨の中")
    with pytest.raises(T5TuneError, match=r"data\.denoise\.objective: the test set depends on it"):
        leave_out_words(["one"], DenoiseSection())


def test_a_tokenizer_without_the_tokens_is_refused() -> None:
    plain = build_tokenizer(TokenizerSection(type="words"), TEXTS, ())
    with pytest.raises(T5TuneError, match="needs the sentinels <extra_id_0>"):
        Denoiser(plain, SPANS)
    with pytest.raises(T5TuneError, match="needs the token <mask>"):
        Denoiser(plain, MASKS)
