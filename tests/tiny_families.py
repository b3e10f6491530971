"""Build tiny models with random weights of every family that CTranslate2 supports."""

from __future__ import annotations

import copy
import io
import json
from collections.abc import Callable
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

import sentencepiece
import torch
import transformers as hf

from t5tune.decoding.torch_translator import TorchTranslator
from t5tune.models.families import begin_texts
from t5tune.models.input_settings import InputSettings
from tests.conftest import number_pairs

TEXTS = [text for pair in number_pairs(60) for text in pair]
SIZES: dict[str, Any] = {
    "d_model": 16,
    "encoder_layers": 1,
    "decoder_layers": 1,
    "encoder_attention_heads": 2,
    "decoder_attention_heads": 2,
    "encoder_ffn_dim": 32,
    "decoder_ffn_dim": 32,
    "max_position_embeddings": 128,
}
T5_SIZES: dict[str, Any] = {
    "d_model": 16,
    "d_kv": 8,
    "d_ff": 32,
    "num_layers": 2,
    "num_heads": 2,
    "decoder_start_token_id": 0,
}
# What generation configurations on the hub set besides what their family needs.
OF_SOMEBODY_ELSE: dict[str, Any] = {
    "early_stopping": True, "length_penalty": 2.0, "num_beams": 4, "min_length": 9,
    "max_length": 30, "no_repeat_ngram_size": 1, "repetition_penalty": 1.7, "do_sample": True,
    "temperature": 0.7, "top_k": 7, "top_p": 0.5, "num_return_sequences": 3, "num_beam_groups": 2,
    "diversity_penalty": 0.5, "stop_strings": ["zwei"], "max_time": 1e-9, "penalty_alpha": 0.6,
    "encoder_no_repeat_ngram_size": 2, "exponential_decay_length_penalty": [1, 2.0],
    "sequence_bias": [[[5], 9.0]], "guidance_scale": 3.0, "prompt_lookup_num_tokens": 2,
    "use_cache": False, "return_dict_in_generate": True, "output_scores": True,
    "min_new_tokens": 9,
}  # fmt: skip
Built = tuple[hf.PreTrainedModel, hf.PreTrainedTokenizerBase]


def train_pieces(path: Path, **settings: int) -> sentencepiece.SentencePieceProcessor:
    trained = _train_pieces(**settings)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(trained)
    return sentencepiece.SentencePieceProcessor(model_proto=trained)


@cache
def _train_pieces(**settings: int) -> bytes:
    trained = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(TEXTS), model_writer=trained, model_type="unigram", vocab_size=60,
        hard_vocab_limit=False, minloglevel=2, **settings,
    )  # fmt: skip
    return trained.getvalue()


def train_tokenizer(tokenizer_class: Any) -> hf.PreTrainedTokenizerBase:
    """Return a tokenizer whose vocabulary is learned once; each caller may change its own."""
    return copy.deepcopy(_train_tokenizer(tokenizer_class))


@cache
def _train_tokenizer(tokenizer_class: Any) -> hf.PreTrainedTokenizerBase:
    return tokenizer_class().train_new_from_iterator(TEXTS, vocab_size=300)


def write_vocabulary(path: Path, first: list[str], model: Any, last: list[str]) -> list[str]:
    """Write pieces with other ids than SentencePiece's, as Marian and M2M100 have them."""
    own = [i for i in range(len(model)) if not model.is_control(i) and not model.is_unknown(i)]
    pieces = [*first, *(model.id_to_piece(i) for i in own), *last]
    path.write_text(json.dumps({piece: i for i, piece in enumerate(pieces)}), encoding="utf-8")
    return pieces


def force_end(config: Any) -> None:
    """Force the tiny model's end token if the family's default forces that of released ones."""
    if getattr(config, "forced_eos_token_id", None) is not None:
        config.forced_eos_token_id = config.eos_token_id


def _t5(model_class: Any, config_class: Any, **settings: Any) -> Callable[[Path], Built]:
    def build(_: Path) -> Built:
        tokenizer = train_tokenizer(hf.T5Tokenizer)
        # Released models have more embedding rows than tokens.
        config = config_class(vocab_size=len(tokenizer) + 5, **T5_SIZES, **settings)
        return model_class(config), tokenizer

    return build


def _byt5(_: Path) -> Built:
    config = hf.T5Config(
        vocab_size=384, **T5_SIZES, tie_word_embeddings=False, feed_forward_proj="gated-gelu"
    )
    return hf.T5ForConditionalGeneration(config), hf.ByT5Tokenizer()


def build_with_new_tokenizer(
    tokenizer_class: Any, config_class: Any, model_class: Any
) -> Callable[[Path], Built]:
    def build(_: Path) -> Built:
        tokenizer = train_tokenizer(tokenizer_class)
        eos = tokenizer.eos_token_id
        config = config_class(
            vocab_size=len(tokenizer), pad_token_id=tokenizer.pad_token_id, eos_token_id=eos,
            bos_token_id=tokenizer.bos_token_id, decoder_start_token_id=eos, **SIZES,
        )  # fmt: skip
        force_end(config)
        return model_class(config), tokenizer

    return build


def _pegasus(folder: Path) -> Built:
    pieces = train_pieces(folder / "spiece.model", pad_id=0, eos_id=1, unk_id=2, bos_id=-1)
    vocabulary = [(pieces.id_to_piece(i), pieces.get_score(i)) for i in range(len(pieces))]
    tokenizer = hf.PegasusTokenizer(vocab=vocabulary, offset=0)
    config = hf.PegasusConfig(
        vocab_size=len(tokenizer), pad_token_id=0, eos_token_id=1, decoder_start_token_id=0, **SIZES
    )
    return hf.PegasusForConditionalGeneration(config), tokenizer


def _marian(folder: Path) -> Built:
    source, target = folder / "source.spm", folder / "target.spm"
    model = train_pieces(source)
    train_pieces(target)
    codes = [">>deu<<"]
    pieces = write_vocabulary(folder / "vocab.json", ["</s>", "<unk>"], model, [*codes, "<pad>"])
    tokenizer = hf.MarianTokenizer(str(source), str(target), str(folder / "vocab.json"))
    pad = len(pieces) - 1
    config = hf.MarianConfig(
        vocab_size=len(pieces),
        pad_token_id=pad,
        eos_token_id=0,
        decoder_start_token_id=pad,
        **SIZES,
    )
    return hf.MarianMTModel(config), tokenizer


def _m2m100(folder: Path) -> Built:
    model_file = folder / "sentencepiece.bpe.model"
    model = train_pieces(model_file)
    special = ["<s>", "<pad>", "</s>", "<unk>"]
    pieces = write_vocabulary(folder / "vocab.json", special, model, [])
    tokenizer = hf.M2M100Tokenizer(str(folder / "vocab.json"), str(model_file), src_lang="en")
    config = hf.M2M100Config(
        vocab_size=len(pieces) + len(tokenizer.lang_code_to_id), pad_token_id=1, eos_token_id=2,
        bos_token_id=0, decoder_start_token_id=2, **SIZES,
    )  # fmt: skip
    return hf.M2M100ForConditionalGeneration(config), tokenizer


V11 = {"tie_word_embeddings": False, "feed_forward_proj": "gated-gelu"}
FAMILIES: dict[str, Callable[[Path], Built]] = {
    "t5": _t5(hf.T5ForConditionalGeneration, hf.T5Config),
    "t5-1.1": _t5(hf.T5ForConditionalGeneration, hf.T5Config, **V11),
    "mt5": _t5(hf.MT5ForConditionalGeneration, hf.MT5Config, feed_forward_proj="gated-gelu"),
    "umt5": _t5(hf.UMT5ForConditionalGeneration, hf.UMT5Config),
    "byt5": _byt5,
    "bart": build_with_new_tokenizer(
        hf.BartTokenizer, hf.BartConfig, hf.BartForConditionalGeneration
    ),
    "mbart": build_with_new_tokenizer(
        hf.MBartTokenizer, hf.MBartConfig, hf.MBartForConditionalGeneration
    ),
    "mbart50": build_with_new_tokenizer(
        hf.MBart50Tokenizer, hf.MBartConfig, hf.MBartForConditionalGeneration
    ),
    "nllb": build_with_new_tokenizer(
        hf.NllbTokenizer, hf.M2M100Config, hf.M2M100ForConditionalGeneration
    ),
    "pegasus": _pegasus,
    "marian": _marian,
    "m2m100": _m2m100,
}
MULTILINGUAL = ("mbart", "mbart50", "nllb", "m2m100")


def build_translator(family: str, folder: Path) -> TorchTranslator:
    """Build a model whose outputs differ from source to source, configured from `folder`."""
    torch.manual_seed(5)
    model, tokenizer = FAMILIES[family](folder)
    for name, parameter in model.named_parameters():
        if parameter.dim() > 1:
            is_embedding = "embed" in name or "shared" in name
            torch.nn.init.normal_(parameter, std=0.3 if is_embedding else 0.7)
    model.generation_config = hf.GenerationConfig.from_model_config(model.config)
    model.config.save_pretrained(folder)
    beginning = begin_texts(model.config.model_type, tokenizer, "en", "de")
    return TorchTranslator(model.eval(), tokenizer, InputSettings(**asdict(beginning)))
