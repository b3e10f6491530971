"""Storing a tokenizer in an export, without Transformers where its results stay the same."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from t5tune.data.side_encoding import has_own_targets
from t5tune.decoding.export.tokenization import (
    TransformersTokenization,
    load_tokenization,
    write_transformers,
)

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

# Texts that tokenizers may treat differently: blanks, special tokens, other scripts.
PROBES = (
    "", " ", "  two  blanks ", "Zoë’s café – naïve?", "{\"a\": [1, 2]}", "tab\there", "a </s> b",
    "<pad><unk>x", "日本語のテキスト。", "Привет, мир", "👍🏽 ok", "e\u0301 \u00a0 \u2028 \ufeff",
    ">>de<< hello", "ends</s>",
)  # fmt: skip


def write_tokenization(
    tokenizer: PreTrainedTokenizerBase, directory: Path, sources: Sequence[str]
) -> dict[str, Any]:
    """Store a tokenizer in an export, without Transformers if the result is exactly the same.

    Args:
        tokenizer: Tokenizer with its languages set.
        directory: Directory of the export.
        sources: Texts, prefix included, that both must encode and decode alike.

    Returns:
        Settings for `load_tokenization`; `kind` is `transformers` if nothing else gives the same.
    """
    reference = TransformersTokenization(tokenizer)
    texts = [*sources, *PROBES]
    expected = reference.encode(texts)
    outputs = reference.encode_targets(texts) if has_own_targets(tokenizer) else expected
    decoded = reference.decode(outputs)
    for write in (_write_fast, _write_bytes, _write_sentencepiece):
        settings = write(tokenizer, directory)
        if settings is None:
            continue
        own = load_tokenization(directory, settings)
        if own.encode(texts) == expected and own.decode(outputs) == decoded:
            return settings
    return write_transformers(tokenizer, directory)


def encodes_targets(
    tokenizer: PreTrainedTokenizerBase,
    directory: Path,
    settings: dict[str, Any],
    targets: Sequence[str],
) -> bool:
    """Return whether a stored tokenizer encodes targets exactly as the model's own does."""
    texts = [*targets, *PROBES]
    own = load_tokenization(directory, settings)
    return own.encode_targets(texts) == TransformersTokenization(tokenizer).encode_targets(texts)


def _write_fast(tokenizer: PreTrainedTokenizerBase, directory: Path) -> dict[str, Any] | None:
    from tokenizers import Tokenizer

    backend = getattr(tokenizer, "backend_tokenizer", None)
    if not isinstance(backend, Tokenizer):
        return None
    copy = Tokenizer.from_str(backend.to_str())
    copy.no_truncation()
    copy.no_padding()
    copy.save(str(directory / "tokenizer.json"))
    return {"kind": "tokenizers"}


def _write_bytes(tokenizer: PreTrainedTokenizerBase, _: Path) -> dict[str, Any] | None:
    if "ByT5" not in type(tokenizer).__name__:
        return None
    return {"kind": "bytes", **describe_slow_tokenizer(tokenizer)}


def _write_sentencepiece(
    tokenizer: PreTrainedTokenizerBase, directory: Path
) -> dict[str, Any] | None:
    files = getattr(tokenizer, "vocab_files_names", {})
    model_file = files.get("source_spm") or files.get("spm_file")
    vocabulary_file = files.get("vocab") or files.get("vocab_file")
    if model_file is None or vocabulary_file is None or model_file == vocabulary_file:
        return None
    tokenizer.save_vocabulary(str(directory))
    of_targets = {"target_model_file": files["target_spm"]} if "target_spm" in files else {}
    if has_own_targets(tokenizer):
        of_targets["target_vocabulary_file"] = files["target_vocab_file"]
    return {
        "kind": "sentencepiece",
        "model_file": model_file,
        **of_targets,
        "vocabulary_file": vocabulary_file,
        "unknown": int(tokenizer.unk_token_id),
        "has_codes": hasattr(tokenizer, "remove_language_code"),
        "languages": dict(getattr(tokenizer, "id_to_lang_token", {})),
        **describe_slow_tokenizer(tokenizer),
    }


def describe_slow_tokenizer(tokenizer: PreTrainedTokenizerBase) -> dict[str, Any]:
    """Return the added tokens, and the ids before and after every text.

    An added token is recognized in a text before the text is split. `lstrip` and `rstrip` say
    whether it swallows the white space before and after it; decoding leaves a special one out.
    """
    marker = -1  # stands for a text
    around: list[int] = tokenizer.build_inputs_with_special_tokens([marker])
    place = around.index(marker)
    after = around[place + 1 :]
    ended: list[int] = tokenizer.build_inputs_with_special_tokens(list(after))
    special = set(tokenizer.all_special_ids)
    return {
        "before": around[:place],
        "after": after,
        "ends_once": bool(after) and ended == [*around[:place], *after],  # ByT5
        "added_tokens": [
            {
                "content": token.content,
                "id": int(number),
                "special": int(number) in special,
                "lstrip": bool(token.lstrip),
                "rstrip": bool(token.rstrip),
            }
            for number, token in tokenizer.added_tokens_decoder.items()
        ],
    }
