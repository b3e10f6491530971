"""Build models of a few thousand parameters, laid out like their repositories on the hub."""

from __future__ import annotations

import io
import json
from functools import cache
from typing import Any, Literal

import sentencepiece

from tests.conftest import NUMBERS, number_pairs

Weights = Literal["safetensors", "pickled", "both"]

_SIZE = {"d_model": 16, "d_kv": 8, "d_ff": 32, "num_layers": 1, "num_heads": 2}
_FILLER = b"\0" * 50_000  # files of other libraries, which must not be fetched


@cache
def sentencepiece_model() -> bytes:
    """Return a unigram model with 120 pieces, T5's special ones included."""
    texts = [text for pair in number_pairs(200) for text in pair]
    letters = "abcdefghijklmnopqrstuvwxyzäöüß .,:?0123456789"
    writer = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([*texts, *NUMBERS.values(), " ".join(letters)]),
        model_writer=writer,
        vocab_size=120,
        hard_vocab_limit=False,
        pad_id=0,
        eos_id=1,
        unk_id=2,
        bos_id=-1,
        minloglevel=2,
    )
    return writer.getvalue()


def t5_files(weights: Weights = "both", *, seed: int = 0) -> dict[str, bytes]:
    """Return files like google-t5/t5-small's: weights for several libraries, spiece.model."""
    files = _model_files("t5", weights, seed, 220, {"tie_word_embeddings": True})
    return files | {
        "spiece.model": sentencepiece_model(),
        "tokenizer_config.json": _json({"tokenizer_class": "T5Tokenizer", "extra_ids": 100}),
    }


def mt5_files(weights: Weights = "pickled") -> dict[str, bytes]:
    """Return files like google/mt5-small's, with only pickled weights."""
    files = _model_files("mt5", weights, 0, 220, {"feed_forward_proj": "gated-gelu"})
    return files | {
        "spiece.model": sentencepiece_model(),
        "special_tokens_map.json": _json({"eos_token": "</s>", "pad_token": "<pad>"}),
        "tokenizer_config.json": _json({"tokenizer_class": "T5Tokenizer", "extra_ids": 0}),
    }


def byt5_files(weights: Weights = "pickled") -> dict[str, bytes]:
    """Return files like google/byt5-small's, with only pickled weights and no vocabulary."""
    files = _model_files("t5", weights, 0, 384, {"feed_forward_proj": "gated-gelu"})
    return files | {
        "special_tokens_map.json": _json({"eos_token": "</s>", "pad_token": "<pad>"}),
        "tokenizer_config.json": _json({"tokenizer_class": "ByT5Tokenizer", "extra_ids": 125}),
    }


def _model_files(
    model_type: str, weights: Weights, seed: int, vocab_size: int, more: dict[str, Any]
) -> dict[str, bytes]:
    import torch
    from safetensors.torch import save
    from transformers import (
        MT5Config,
        MT5ForConditionalGeneration,
        T5Config,
        T5ForConditionalGeneration,
    )

    classes = {
        "t5": (T5Config, T5ForConditionalGeneration),
        "mt5": (MT5Config, MT5ForConditionalGeneration),
    }
    make_config, make_model = classes[model_type]
    config = make_config(vocab_size=vocab_size, decoder_start_token_id=0, **_SIZE, **more)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = make_model(config)
    tensors = model.state_dict()
    own = {
        "architectures": [make_model.__name__],
        **{"model_type": model_type, "vocab_size": vocab_size, "is_encoder_decoder": True},
        **{"decoder_start_token_id": 0, "eos_token_id": 1, "pad_token_id": 0},
        **{"task_specific_params": {"summarization": {"num_beams": 4, "early_stopping": True}}},
    }
    files = {
        "config.json": _json({**_SIZE, **more, **own}),
        "README.md": b"---\nlicense: apache-2.0\n---\n# A tiny model\n",
        "tf_model.h5": _FILLER,
        "flax_model.msgpack": _FILLER,
    }
    if weights != "pickled":
        generation = {"decoder_start_token_id": 0, "eos_token_id": 1, "pad_token_id": 0}
        files["generation_config.json"] = _json(generation)
        # For tied weights, the file contains only the first name.
        first = {tensor.data_ptr(): name for name, tensor in reversed(tensors.items())}
        alone = {name: tensors[name].clone() for name in first.values()}
        files["model.safetensors"] = save(alone, metadata={"format": "pt"})
    if weights != "safetensors":
        stream = io.BytesIO()
        torch.save(tensors, stream)
        files["pytorch_model.bin"] = stream.getvalue()
    return files


def _json(value: dict[str, Any]) -> bytes:
    return json.dumps(value, indent=2).encode()
