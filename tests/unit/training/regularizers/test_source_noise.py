"""Test noise on sources: what is changed, what never is, and that batches have no part in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from t5tune.data.batching.packing import PackedCollator
from t5tune.data.batching.steps import Batch
from t5tune.data.encoding import Collator
from t5tune.models.families import set_languages
from t5tune.training.regularizers.example_draws import draw
from t5tune.training.regularizers.kinds import REGULARIZERS
from t5tune.training.regularizers.kinds.token_masking import find_mask
from t5tune.training.regularizers.regularizer import Noise, RunParts
from tests.tiny_families import FAMILIES, MULTILINGUAL

TEXTS = ["three one five", "two", "four four one two three", "five two", "one three"]
PREFIX = "one two: "
MASKS = {
    "t5": "<extra_id_0>", "byt5": "<extra_id_0>", "bart": "<mask>", "mbart": "<mask>",
    "marian": "<unk>", "m2m100": "<unk>", "nllb": "<mask>",
}  # fmt: skip


def build(
    name: str, value: float, family: str, folder: Path, prefix: str = ""
) -> tuple[Noise, Any]:
    model, tokenizer = FAMILIES[family](folder)
    if family in MULTILINGUAL:
        set_languages(tokenizer, "en", "de")
    optimizer = torch.optim.SGD(model.parameters())
    parts = RunParts(model, tokenizer, prefix, 7, 0.0, optimizer, folder, is_resumed=False)
    noise = REGULARIZERS[name].build_noise
    assert noise is not None
    return noise(value, parts), tokenizer


def encode(tokenizer: Any, prefix: str = "") -> list[dict[str, Any]]:
    ids = [tokenizer(prefix + text)["input_ids"] for text in TEXTS]
    return [{"input_ids": one, "labels": one} for one in ids]


def test_draws_belong_to_the_example_and_the_step() -> None:
    ids = np.array([[5, 6, 7, 0, 0], [8, 9, 3, 4, 1]])
    both = draw(ids, ids > 0, "one", 3, 10)
    alone = draw(ids[:1, :3], ids[:1, :3] > 0, "one", 3, 10)
    assert np.array_equal(both[:1, :3], alone)
    others = [("two", 3, 10), ("one", 4, 10), ("one", 3, 11)]
    assert all(not np.isclose(draw(ids, ids > 0, *other), both).any() for other in others)
    many = np.random.default_rng(0).integers(3, 9999, (300, 40))
    numbers = draw(many, many > 0, "one", 3, 0)
    assert np.allclose(np.histogram(numbers, 10, (0, 1))[0], 1200, atol=150)


@pytest.mark.parametrize("family", MASKS)
def test_special_tokens_tags_and_the_prefix_are_never_touched(family: str, tmp_path: Path) -> None:
    mask_all, tokenizer = build("token_masking", 0.999999, family, tmp_path, PREFIX)
    batch = Collator(tokenizer.pad_token_id)(encode(tokenizer, PREFIX))
    before, after = batch["input_ids"], mask_all(batch, 0)["input_ids"]
    mask = find_mask(tokenizer)
    around = tokenizer("")["input_ids"]  # the end of a source, and the tag of its language
    assert len(around) == (2 if family in (*MULTILINGUAL, "bart") else 1)
    special = torch.isin(before, torch.tensor([*tokenizer.all_special_ids, *around]))
    assert torch.equal(after[special], before[special])
    for row, one in zip(after.tolist(), encode(tokenizer, PREFIX), strict=True):
        plain = tokenizer(PREFIX.strip(), add_special_tokens=False)["input_ids"]
        num_prefix = one["input_ids"].index(plain[0]) + len(plain)
        assert row[:num_prefix] == one["input_ids"][:num_prefix]
    masked = (after == mask) & (before != mask)
    assert masked.any(dim=1).all()
    assert tokenizer.convert_ids_to_tokens(mask) == MASKS[family]


def test_words_are_dropped_whole_and_nothing_else_changes(tmp_path: Path) -> None:
    drop, tokenizer = build("word_dropout", 0.5, "byt5", tmp_path)
    batch = Collator(0)(encode(tokenizer))
    dropped = drop(batch, 4)
    assert torch.equal(dropped["input_ids"], batch["input_ids"])
    assert torch.equal(dropped["labels"], batch["labels"])
    kept = []
    for ids, mask in zip(batch["input_ids"], dropped["attention_mask"], strict=True):
        kept.append(tokenizer.decode(ids[mask.bool()], skip_special_tokens=True).split())
        assert ids[mask.bool()][-1] == tokenizer.eos_token_id
    words = [text.split() for text in TEXTS]
    assert all(set(left) <= set(there) for left, there in zip(kept, words, strict=True))
    assert kept != words
    assert any(kept)


@pytest.mark.parametrize("name", ["word_dropout", "token_masking"])
def test_noise_is_the_same_in_any_batch_and_new_in_each_step(name: str, tmp_path: Path) -> None:
    noise, tokenizer = build(name, 0.4, "t5", tmp_path)
    examples = encode(tokenizer)
    whole = noise(Collator(0)(examples), 2)
    halves = [noise(Collator(0)(examples[i::2]), 2) for i in range(2)]
    for key in ("input_ids", "attention_mask"):
        for i, row in enumerate(whole[key]):
            part = halves[i % 2][key][i // 2]
            assert torch.equal(row[: len(part)], part)
    assert not equal(noise(Collator(0)(examples), 3), whole)
    assert equal(noise(Collator(0)(examples), 2), whole)


def equal(batch: Batch, other: Batch) -> bool:
    return all(torch.equal(batch[name], other[name]) for name in batch)


def test_packed_rows_are_noised_by_segment(tmp_path: Path) -> None:
    drop, tokenizer = build("word_dropout", 0.999999, "t5", tmp_path, PREFIX)
    examples = encode(tokenizer, PREFIX)
    num_prefix = len(tokenizer(PREFIX.strip(), add_special_tokens=False)["input_ids"])
    length = sum(len(one["input_ids"]) for one in examples)
    packed = PackedCollator(0, 0, (length, length), 1)([examples])
    dropped = drop(packed, 0)
    left = dropped["source_segments"].bool() & (packed["input_ids"] != tokenizer.eos_token_id)
    assert left.sum() == len(TEXTS) * num_prefix
    assert torch.equal(dropped["attention_mask"].bool(), dropped["source_segments"].bool())
