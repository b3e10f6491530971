from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import sentencepiece
import torch
from transformers import (
    ByT5Tokenizer,
    MarianConfig,
    MarianMTModel,
    MarianTokenizer,
    MT5Config,
    MT5ForConditionalGeneration,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    T5Config,
    T5ForConditionalGeneration,
    T5Tokenizer,
)

from t5tune.decoding.alignments import MAX_WORDS, find_alignments
from t5tune.decoding.torch_translator import TorchTranslator
from t5tune.models.cpu.fast_t5 import use_fast_sublayers
from t5tune.models.input_settings import InputSettings
from t5tune.models.loading import load_model, load_tokenizer
from t5tune.models.new_tokenizers import build_tokenizer
from t5tune.recipe.sections.from_scratch_section import TokenizerSection
from t5tune.scoring.diagnosis.findings import Alignment
from tests.conftest import number_pairs
from tests.integration.test_model_families import FAMILIES, SIZES, save_tiny_model

PAIRS = number_pairs(60)
TEXTS = [text for pair in PAIRS for text in pair]
T5_SIZES: dict[str, Any] = {
    "d_model": 16, "d_kv": 8, "d_ff": 32, "num_layers": 2, "num_heads": 2,
    "decoder_start_token_id": 0, "tie_word_embeddings": False,
}  # fmt: skip


def check(alignments: tuple[Alignment, ...], pairs: list[tuple[str, str]]) -> None:
    assert len(alignments) == len(pairs)
    for alignment, (source, hypothesis) in zip(alignments, pairs, strict=True):
        assert alignment.source_tokens == tuple(source.split())
        assert alignment.target_tokens == tuple(hypothesis.split())
        assert len(alignment.weights) == len(alignment.target_tokens)
        for row in alignment.weights:
            assert len(row) == len(alignment.source_tokens)
            assert sum(row) == pytest.approx(1, abs=1e-9)
            assert min(row) >= 0


def align(translator: TorchTranslator, pairs: list[tuple[str, str]]) -> tuple[Alignment, ...]:
    sources, hypotheses = zip(*pairs, strict=True)
    return find_alignments(translator, sources, hypotheses, range(len(pairs)))


def t5(tokenizer: PreTrainedTokenizerBase) -> PreTrainedModel:
    return T5ForConditionalGeneration(T5Config(vocab_size=len(tokenizer), **T5_SIZES)).eval()


@pytest.mark.parametrize("family", [*FAMILIES, "t5", "mt5", "byt5", "marian"])
def test_every_family_gives_whole_words(family: str, tmp_path: Path) -> None:
    torch.manual_seed(1)
    if family in FAMILIES:
        folder = str(save_tiny_model(family, tmp_path))
        model, tokenizer = load_model(folder), load_tokenizer(folder)
        if FAMILIES[family][3]:
            tokenizer.src_lang = {"mbart": "en_XX", "nllb": "eng_Latn"}[family]
            tokenizer.tgt_lang = FAMILIES[family][3]
    elif family == "marian":
        tokenizer = marian_tokenizer(tmp_path)
        ends = {"pad_token_id": tokenizer.pad_token_id, "eos_token_id": tokenizer.eos_token_id}
        config = MarianConfig(
            vocab_size=tokenizer.vocab_size, decoder_start_token_id=tokenizer.pad_token_id,
            **ends, **SIZES,
        )  # fmt: skip
        model = MarianMTModel(config).eval()
    else:
        trained = T5Tokenizer(extra_ids=0).train_new_from_iterator(TEXTS, vocab_size=40)
        tokenizer = ByT5Tokenizer() if family == "byt5" else trained
        config = MT5Config(vocab_size=len(tokenizer), **T5_SIZES)
        model = MT5ForConditionalGeneration(config).eval() if family == "mt5" else t5(tokenizer)
    translator = TorchTranslator(model, tokenizer)
    num_tokens = len(translator.encode([PAIRS[2][0]])[0])
    assert num_tokens > len(PAIRS[2][0].split()) + 1  # some words have several tokens
    check(align(translator, PAIRS[:4]), PAIRS[:4])


def marian_tokenizer(folder: Path) -> MarianTokenizer:
    """Return a tokenizer with one SentencePiece model per side and one vocabulary for both."""
    (folder / "texts").write_text("\n".join(TEXTS), encoding="utf-8")
    pieces: dict[str, None] = {"</s>": None, "<unk>": None}
    for side in ("source", "target"):
        sentencepiece.SentencePieceTrainer.train(
            input=str(folder / "texts"), model_prefix=str(folder / side), model_type="char",
            vocab_size=21, minloglevel=2,
        )  # fmt: skip
        model = sentencepiece.SentencePieceProcessor(model_file=str(folder / f"{side}.model"))
        pieces.update(dict.fromkeys(model.id_to_piece(i) for i in range(len(model))))
    vocabulary = {piece: number for number, piece in enumerate([*pieces, "<pad>"])}
    (folder / "vocab.json").write_text(json.dumps(vocabulary), encoding="utf-8")
    return MarianTokenizer(
        source_spm=str(folder / "source.model"), target_spm=str(folder / "target.model"),
        vocab=str(folder / "vocab.json"), source_lang="en", target_lang="de",
    )  # fmt: skip


@pytest.fixture(scope="module")
def translator() -> TorchTranslator:
    torch.manual_seed(2)
    tokenizer = T5Tokenizer(extra_ids=0).train_new_from_iterator(
        [*TEXTS, "translate English to German: "], vocab_size=60
    )
    prefix = "translate English to German: "
    return TorchTranslator(t5(tokenizer), tokenizer, InputSettings(prefix))


def test_the_prefix_is_left_out(translator: TorchTranslator) -> None:
    check(align(translator, PAIRS[:3]), PAIRS[:3])


def test_only_what_was_asked_for_and_can_be_shown(translator: TorchTranslator) -> None:
    long = " ".join(["two"] * (MAX_WORDS + 1))
    pairs = [*PAIRS[:3], (long, "zwei"), ("two", long), ("two one", ""), ("", "zwei drei")]
    sources, hypotheses = map(list, zip(*pairs, strict=True))
    found = find_alignments(translator, sources, hypotheses, [2, 3, 4, 5, 6, 0])
    assert [alignment.index for alignment in found] == [2, 0]
    check(found, [PAIRS[2], PAIRS[0]])
    assert find_alignments(translator, sources, hypotheses, []) == ()


def test_a_neighbour_changes_nothing_and_the_model_stays_as_it_was(
    translator: TorchTranslator,
) -> None:
    model = translator.model
    use_fast_sublayers(model)
    model.train()
    parts = [part for part in model.modules() if hasattr(part, "config")]
    before = [part.config._attn_implementation for part in parts]
    assert "eager" not in before
    together = align(translator, PAIRS[:3])
    (alone,) = find_alignments(translator, *zip(*PAIRS, strict=True), [1])
    assert together[1].weights == alone.weights
    assert model.training
    assert [part.config._attn_implementation for part in parts] == before


@pytest.mark.parametrize("kind", ["characters", "bytes"])
def test_text_without_spaces_is_shown_in_its_characters(kind: str) -> None:
    source, target = "今天天气很好。", "hɛˈloʊ"
    section = TokenizerSection(type=kind)  # type: ignore[arg-type]
    tokenizer = build_tokenizer(section, [source], [target])
    (found,) = align(TorchTranslator(t5(tokenizer), tokenizer), [(source, target)])
    assert found.source_tokens == tuple(source)
    assert found.target_tokens == tuple(target)


def test_an_unknown_word_keeps_its_place() -> None:
    tokenizer = build_tokenizer(TokenizerSection(type="words"), ["one two"], ["eins zwei"])
    (found,) = align(TorchTranslator(t5(tokenizer), tokenizer), [("one seven two", "eins zwei")])
    assert found.source_tokens == ("one", "<unk>", "two")
    assert sum(found.weights[0]) == pytest.approx(1)
