"""Test a tokenizer with a vocabulary for sources and another one for targets."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
import torch
from transformers import AutoTokenizer, PreTrainedTokenizerBase

from t5tune.data.encoding import Collator
from t5tune.data.pair_encoding import PairEncoder
from t5tune.data.pairs import Pairs
from t5tune.data.side_encoding import choose_side, encode_side
from t5tune.data.subwords.sampler import build_samplers
from t5tune.decoding.alignments import find_alignments
from t5tune.decoding.torch_translator import TorchTranslator
from t5tune.errors import T5TuneError
from t5tune.models.decoder_inputs import shift_labels
from t5tune.models.from_scratch import build_model
from t5tune.models.new_tokenizers import build_tokenizer
from t5tune.models.new_tokens import add_tokens
from t5tune.recipe.sections.augment_section import SubwordSampling
from t5tune.recipe.sections.from_scratch_section import FromScratchSection
from t5tune.training.step.loss import sum_token_losses

SOURCES = ["the cat sat on the mat", "a dog", "dogs"] * 20
TARGETS = ["die Katze saß auf der Matte", "ein Hund", "schwarze Katzen und Kater"] * 20
SIZES = {"d_model": 16, "d_ff": 32, "num_layers": 1, "num_heads": 2}
SECTION = FromScratchSection.model_validate(
    {**SIZES, "architecture": "marian", "tokenizer": {"vocab_size": 60, "separate_vocabs": True}}
)


def learn(kind: str) -> PreTrainedTokenizerBase:
    section = SECTION.tokenizer.model_copy(update={"type": kind})
    return build_tokenizer(section, SOURCES, TARGETS)


@pytest.fixture(scope="module", params=["unigram", "bpe"])
def tokenizer(request: pytest.FixtureRequest) -> PreTrainedTokenizerBase:
    return learn(request.param)


def test_each_side_has_its_own_tokens(tokenizer: PreTrainedTokenizerBase, tmp_path: Path) -> None:
    tokenizer.save_pretrained(tmp_path)
    loaded = AutoTokenizer.from_pretrained(tmp_path)
    sides = [choose_side(tokenizer, as_target=as_target) for as_target in (False, True)]
    assert len(sides[0]) != len(sides[1])
    encoder = PairEncoder(tokenizer, "", 99, 99)
    assert encoder.vocab_size == max(map(len, sides))
    both = encoder.tokenize(Pairs(SOURCES, TARGETS))
    for as_target, side, texts, rows in zip(
        (False, True), sides, (SOURCES, TARGETS), both, strict=True
    ):
        assert encode_side(texts, loaded, as_target=as_target) == rows
        assert max(map(max, rows)) < len(side)
        assert not any(tokenizer.unk_token_id in row for row in rows)
        assert [side.decode(row, skip_special_tokens=True) for row in rows] == texts
        assert "".join(side.convert_ids_to_tokens(rows[1][:-1])) == f"▁{texts[1]}".replace(" ", "▁")
        blanks = texts[0].replace(" ", "\u00a0\t") + "\u3000"  # as in one vocabulary
        assert encode_side([blanks], tokenizer, as_target=as_target) == [rows[0]]
    # The library's own way back is that of targets.
    assert tokenizer.batch_decode(both[1], skip_special_tokens=True) == TARGETS


def test_subwords_are_sampled_from_the_pieces_of_the_side(
    tokenizer: PreTrainedTokenizerBase,
) -> None:
    samplers = build_samplers(tokenizer, SubwordSampling())
    for as_target, sampler, texts in zip((False, True), samplers, (SOURCES, TARGETS), strict=True):
        assert sampler is not None
        side = choose_side(tokenizer, as_target=as_target)
        rows = encode_side(texts, tokenizer, as_target=as_target)
        new = [sampler.resample(row, Random(number)) for number, row in enumerate(rows)]
        assert sum(a != b for a, b in zip(new, rows, strict=True)) > 10
        assert [side.decode(row, skip_special_tokens=True) for row in new] == texts


def test_a_model_has_a_row_for_each_token_of_a_side(tokenizer: PreTrainedTokenizerBase) -> None:
    torch.manual_seed(0)
    model = build_model(SECTION, tokenizer, {"dropout": 0.0})
    sides = [choose_side(tokenizer, as_target=as_target) for as_target in (False, True)]
    stacks = model.get_encoder(), model.get_decoder()
    assert [len(s.get_input_embeddings().weight) for s in stacks] == list(map(len, sides))
    assert model.get_output_embeddings().weight is stacks[1].get_input_embeddings().weight
    sources, targets = PairEncoder(tokenizer, "", 99, 99).tokenize(Pairs(SOURCES, TARGETS))
    rows = [{"input_ids": i, "labels": j} for i, j in zip(sources, targets, strict=True)]
    batch = Collator(int(tokenizer.pad_token_id))(rows)  # type: ignore[arg-type]
    plain = model(**batch).loss
    del batch["labels"]
    labels = torch.nn.utils.rnn.pad_sequence(list(map(torch.tensor, targets)), True, -100)
    logits = model(**batch, decoder_input_ids=shift_labels(model, labels)).logits
    total = sum_token_losses(logits, labels, 0.0)
    assert (total / labels.ne(-100).sum()).item() == pytest.approx(plain.item(), rel=1e-6)
    (alignment,) = find_alignments(TorchTranslator(model, tokenizer), SOURCES, TARGETS, [0])
    assert alignment.source_tokens == tuple(SOURCES[0].split())
    assert alignment.target_tokens == tuple(TARGETS[0].split())


def test_what_has_one_vocabulary_refuses_two(tokenizer: PreTrainedTokenizerBase) -> None:
    other = FromScratchSection(**SIZES, tokenizer={"type": "existing", "name": "./two"})  # type: ignore[arg-type]
    with pytest.raises(
        T5TuneError, match=r"\./two has a vocabulary of each side, and a t5 has one"
    ):
        build_model(other, tokenizer, {})
    with pytest.raises(
        T5TuneError, match="no new tokens, because source and target have their own"
    ):
        add_tokens(tokenizer, ["<formal>"])
