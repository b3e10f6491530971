"""Train tokenizers of the kinds that are published with models, and write their files as there."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import sentencepiece
from tokenizers import (
    AddedToken,
    Regex,
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
)
from tokenizers.trainers import BpeTrainer
from transformers import AutoTokenizer, PreTrainedTokenizerBase
from transformers.models.m2m_100.tokenization_m2m_100 import (
    FAIRSEQ_LANGUAGE_CODES as M2M100_LANGUAGES,
)
from transformers.models.nllb.tokenization_nllb import FAIRSEQ_LANGUAGE_CODES as NLLB_LANGUAGES

from tests.conftest import NUMBERS, number_pairs

Files = dict[str, bytes]

LETTERS = " ".join("abcdefghijklmnopqrstuvwxyzäöüß.,:?0123456789")
TEXTS = (*(text for pair in number_pairs(60) for text in pair), *NUMBERS.values(), LETTERS)
# As T5 numbers them, and as fairseq's models have them before they are renumbered.
OF_T5 = {"pad_id": 0, "eos_id": 1, "unk_id": 2, "bos_id": -1}
OF_FAIRSEQ = {"unk_id": 0, "bos_id": 1, "eos_id": 2}


def to_json(value: object) -> bytes:
    return json.dumps(value, indent=2).encode()


@cache
def _train(ids: tuple[tuple[str, int], ...], kind: str, user_symbols: tuple[str, ...]) -> bytes:
    writer = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(TEXTS), model_writer=writer, model_type=kind,
        vocab_size=110 + len(user_symbols), hard_vocab_limit=False, minloglevel=2,
        user_defined_symbols=list(user_symbols), **dict(ids),
    )  # fmt: skip
    return writer.getvalue()


def pieces_of(
    ids: dict[str, int], kind: str = "unigram", user_symbols: Iterable[str] = ()
) -> bytes:
    """Return a SentencePiece model."""
    return _train(tuple(ids.items()), kind, tuple(user_symbols))


def numbered(model: bytes, first: list[str], last: list[str]) -> bytes:
    """Return a `vocab.json` with other ids than the model's, as Marian and M2M100 have it."""
    processor = sentencepiece.SentencePieceProcessor(model_proto=model)
    own = [
        processor.id_to_piece(i)
        for i in range(len(processor))
        if not processor.is_control(i) and not processor.is_unknown(i)
    ]
    return to_json({piece: i for i, piece in enumerate([*first, *own, *last])})


def t5_tokenizer(num_extra: int = 100, **config: Any) -> Files:
    """Return spiece.model, and sentinels as the configuration names them."""
    sentinels = [f"<extra_id_{i}>" for i in range(num_extra)]
    special = {"eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>"}
    config = {
        **special, "extra_ids": num_extra, "additional_special_tokens": sentinels or None,
        "sp_model_kwargs": {}, "tokenizer_class": "T5Tokenizer", **config,
    }  # fmt: skip
    return {
        "spiece.model": pieces_of(OF_T5),
        "special_tokens_map.json": to_json({**special, "additional_special_tokens": sentinels}),
        "tokenizer_config.json": to_json(config),
    }


def madlad_tokenizer() -> Files:
    """Return a vocabulary with other special ids than T5's, and tokens for target languages."""
    codes = ("<2de>", "<2en>", "<2fr>")
    model = pieces_of(OF_FAIRSEQ, user_symbols=codes)
    processor = sentencepiece.SentencePieceProcessor(model_proto=model)
    vocabulary = [(processor.id_to_piece(i), processor.get_score(i)) for i in range(len(processor))]
    tokenizer = Tokenizer(models.Unigram(vocabulary, unk_id=0, byte_fallback=False))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace("▁", "always")
    tokenizer.decoder = decoders.Metaspace("▁", "always")
    tokenizer.add_special_tokens(["<unk>", "<s>", "</s>"])
    tokenizer.add_tokens([AddedToken(code, normalized=False) for code in codes])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="$A </s>", special_tokens=[("</s>", 2)]
    )
    special = {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "<s>", "unk_token": "<unk>"}
    config = {
        **special, "extra_ids": 0, "additional_special_tokens": [], "sp_model_kwargs": {},
        "tokenizer_class": "T5Tokenizer",
    }  # fmt: skip
    return {
        "spiece.model": model,
        "tokenizer.json": tokenizer.to_str().encode(),
        "special_tokens_map.json": to_json(special),
        "tokenizer_config.json": to_json(config),
    }


def with_tokenizer_json(files: Files) -> Files:
    """Return the files with the one that fast tokenizers read beside them, as some models have."""
    return {**files, "tokenizer.json": load(files).backend_tokenizer.to_str().encode()}


def byte_tokenizer() -> Files:
    sentinels = [f"<extra_id_{i}>" for i in range(125)]
    special = {"eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>"}
    config = {
        **special, "extra_ids": 125, "additional_special_tokens": sentinels,
        "tokenizer_class": "ByT5Tokenizer",
    }  # fmt: skip
    return {
        "special_tokens_map.json": to_json({**special, "additional_special_tokens": sentinels}),
        "tokenizer_config.json": to_json(config),
    }


def bart_tokenizer() -> Files:
    """Return vocab.json and merges.txt of a byte-level BPE, and the same in tokenizer.json."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    _train_bpe(tokenizer, ["<s>", "<pad>", "</s>", "<unk>"], initial_alphabet=alphabet)
    tokenizer.add_special_tokens(["<mask>"])
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0))
    model = json.loads(tokenizer.to_str())["model"]
    merges = [merge if isinstance(merge, str) else " ".join(merge) for merge in model["merges"]]
    return {
        "tokenizer.json": tokenizer.to_str().encode(),
        "vocab.json": to_json({**model["vocab"], "<mask>": len(model["vocab"])}),
        "merges.txt": "\n".join(["#version: 0.2", *merges, ""]).encode(),
        "tokenizer_config.json": to_json({"model_max_length": 1024}),
    }


def blenderbot_tokenizer() -> Files:
    """Return vocab.json and merges.txt of a byte-level BPE alone, with the padding first."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    _train_bpe(tokenizer, ["<pad>", "<s>", "</s>", "<unk>"], initial_alphabet=alphabet)
    model = json.loads(tokenizer.to_str())["model"]
    merges = [merge if isinstance(merge, str) else " ".join(merge) for merge in model["merges"]]
    config = {
        **_OF_FAIRSEQ, "add_prefix_space": True, "errors": "replace",
        "special_tokens_map_file": None, "tokenizer_class": "BlenderbotTokenizer",
    }  # fmt: skip
    return {
        "vocab.json": to_json({**model["vocab"], "<mask>": len(model["vocab"])}),
        "merges.txt": "\n".join(["#version: 0.2", *merges, ""]).encode(),
        "tokenizer_config.json": to_json(config),
    }


def _train_bpe(tokenizer: Tokenizer, special: list[str], **settings: Any) -> None:
    trainer = BpeTrainer(vocab_size=320, special_tokens=special, show_progress=False, **settings)
    tokenizer.train_from_iterator(TEXTS, trainer)


def pegasus_tokenizer() -> Files:
    special = {
        "eos_token": "</s>", "mask_token": "<mask_2>", "pad_token": "<pad>", "unk_token": "<unk>",
        "additional_special_tokens": ["<mask_1>", *(f"<unk_{i}>" for i in range(2, 103))],
    }  # fmt: skip
    config = {
        **special, "full_tokenizer_file": None, "mask_token_sent": "<mask_1>",
        "model_max_length": 512, "offset": 103, "tokenizer_class": "PegasusTokenizer",
    }  # fmt: skip
    return {
        "spiece.model": pieces_of(OF_T5),
        "special_tokens_map.json": to_json(special),
        "tokenizer_config.json": to_json(config),
    }


def marian_tokenizer(*codes: str, separate_vocabs: bool = False) -> Files:
    """Return two SentencePiece models and a vocabulary or two, with the padding at its end.

    The second one has the same tokens with other ids.
    """
    model = pieces_of(OF_FAIRSEQ)
    config = {
        "source_lang": "eng", "target_lang": "deu", "unk_token": "<unk>", "eos_token": "</s>",
        "pad_token": "<pad>", "model_max_length": 512, "sp_model_kwargs": {},
        "separate_vocabs": separate_vocabs, "special_tokens_map_file": None,
        "tokenizer_class": "MarianTokenizer",
    }  # fmt: skip
    vocabulary = numbered(model, ["</s>", "<unk>"], [*codes, "<pad>"])
    files = {
        "source.spm": model,
        "target.spm": model,
        "vocab.json": vocabulary,
        "tokenizer_config.json": to_json(config),
    }
    if separate_vocabs:
        first, unknown, *own, last = json.loads(vocabulary)
        tokens = (first, unknown, *reversed(own), last)
        files["target_vocab.json"] = to_json({token: i for i, token in enumerate(tokens)})
    return files


_OF_FAIRSEQ = {
    "bos_token": "<s>", "eos_token": "</s>", "sep_token": "</s>", "cls_token": "<s>",
    "unk_token": "<unk>", "pad_token": "<pad>", "mask_token": "<mask>",
}  # fmt: skip


def mbart_tokenizer(kind: str, **config: Any) -> Files:
    """Return a SentencePiece model alone: the class knows its languages."""
    config = {**_OF_FAIRSEQ, "tokenizer_class": kind, "sp_model_kwargs": {}, **config}
    return {
        "sentencepiece.bpe.model": pieces_of(OF_FAIRSEQ),
        "special_tokens_map.json": to_json(_OF_FAIRSEQ),
        "tokenizer_config.json": to_json(config),
    }


def m2m100_tokenizer() -> Files:
    """Return a SentencePiece model and a vocabulary without the languages, which follow it."""
    model = pieces_of(OF_FAIRSEQ)
    special = {
        key: _OF_FAIRSEQ[key] for key in ("bos_token", "eos_token", "unk_token", "sep_token")
    }
    special["pad_token"] = "<pad>"
    config = {
        **special, "src_lang": None, "tgt_lang": None, "language_codes": "m2m100",
        "num_madeup_words": 8, "sp_model_kwargs": {}, "special_tokens_map_file": None,
        "tokenizer_class": "M2M100Tokenizer",
    }  # fmt: skip
    languages = [f"__{code}__" for code in M2M100_LANGUAGES["m2m100"]]
    return {
        "sentencepiece.bpe.model": model,
        "vocab.json": numbered(model, ["<s>", "<pad>", "</s>", "<unk>"], []),
        "special_tokens_map.json": to_json({**special, "additional_special_tokens": languages}),
        "tokenizer_config.json": to_json(config),
    }


def nllb_tokenizer() -> Files:
    """Return tokenizer.json, in which the languages and the mask follow the pieces."""
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True))
    tokenizer.normalizer = normalizers.Replace(Regex(" {2,}"), " ")
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace("▁", "always")
    tokenizer.decoder = decoders.Metaspace("▁", "always")
    _train_bpe(tokenizer, ["<s>", "<pad>", "</s>", "<unk>"])
    tokenizer.add_special_tokens([*NLLB_LANGUAGES, "<mask>"])
    config = {
        **_OF_FAIRSEQ, "src_lang": None, "tgt_lang": None, "sp_model_kwargs": {},
        "tokenizer_file": None, "tokenizer_class": "NllbTokenizer",
    }  # fmt: skip
    return {
        "sentencepiece.bpe.model": pieces_of(OF_FAIRSEQ),  # not read where tokenizer.json is
        "tokenizer.json": tokenizer.to_str().encode(),
        "special_tokens_map.json": to_json(
            {**_OF_FAIRSEQ, "additional_special_tokens": NLLB_LANGUAGES}
        ),
        "tokenizer_config.json": to_json(config),
    }


def gemma_tokenizer() -> Files:
    """Return a BPE that begins every text with a token and ends it with none."""
    special = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>"]
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=True))
    tokenizer.normalizer = normalizers.Replace(" ", "▁")
    tokenizer.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
    )
    turns = ["<start_of_turn>", "<end_of_turn>"]
    _train_bpe(tokenizer, [*special, *(f"<unused{i}>" for i in range(101)), *turns])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<bos>:0 $A:0", pair="<bos>:0 $A:0 <bos>:1 $B:1", special_tokens=[("<bos>", 2)]
    )
    named = dict(zip(("pad_token", "eos_token", "bos_token", "unk_token"), special, strict=False))
    config = {
        **named, "add_bos_token": True, "add_eos_token": False, "model_max_length": int(1e30),
        "additional_special_tokens": turns, "clean_up_tokenization_spaces": False,
        "spaces_between_special_tokens": False, "use_default_system_prompt": False,
        "sp_model_kwargs": {}, "tokenizer_class": "GemmaTokenizer",
    }  # fmt: skip
    return {
        "tokenizer.json": tokenizer.to_str().encode(),
        "special_tokens_map.json": to_json({**named, "additional_special_tokens": turns}),
        "tokenizer_config.json": to_json(config),
    }


def load(files: Files) -> PreTrainedTokenizerBase:
    """Load the tokenizer whose files these are."""
    with TemporaryDirectory() as folder:
        for name, content in files.items():
            (Path(folder) / name).write_bytes(content)
        tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(folder)
        return tokenizer
