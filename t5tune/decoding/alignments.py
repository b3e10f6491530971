"""Alignments: cross-attention as a matrix of target words by source words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise, takewhile
from typing import TYPE_CHECKING

import torch

from t5tune.data.encoding import encode_texts
from t5tune.data.side_encoding import choose_side
from t5tune.decoding.torch_translator import TorchTranslator
from t5tune.scoring.diagnosis.findings import Alignment

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

MAX_WORDS = 40  # on each side; nobody reads a larger matrix
SPACE = "▁"  # as SentencePiece writes it
MAX_TOKENS = 256  # on each side; attentions of all layers are in memory at once

_CHARACTERS_OF_A_WORD = 20  # on average; longer ones are sentences without spaces between words


def find_alignments(
    translator: TorchTranslator,
    sources: Sequence[str],
    hypotheses: Sequence[str],
    indices: Sequence[int],
) -> tuple[Alignment, ...]:
    """Return the cross-attention of some hypotheses, word by word.

    The model reads source and hypothesis in one pass and predicts each token of the hypothesis from
    those before it. The attention with which it does so is averaged over the heads of the last two
    layers. With six layers, the mean over the heads of the last but one agrees best with alignments
    by people (Garg et al. 2019, "Jointly Learning to Align and Translate with Transformer Models");
    with the two layers of the phrasebook recipe's model it is the last one, and the mean of both
    slightly more so (docs/evaluation.md).

    Columns of the tokens of a word are added, rows are averaged. Attention to the prefix, to
    language tokens and to the end of the sequence, where it rests when idle, is left out, and
    rows are scaled to add up to 1.

    The model is left unchanged. Of the examples at `indices`, those of which a side is empty or
    longer than `MAX_WORDS` have no alignment.
    """
    with translator.evaluation_mode(), _plain_attention(translator.model):
        found = [_align(translator, i, sources[i], hypotheses[i]) for i in indices]
    return tuple(alignment for alignment in found if alignment is not None)


def _align(
    translator: TorchTranslator, index: int, source: str, hypothesis: str
) -> Alignment | None:
    tokenizer = translator.tokenizer
    source_ids = translator.encode([source])[0].tolist()
    (target_ids,), _ = encode_texts([hypothesis], tokenizer, max_length=None, as_target=True)
    if max(len(source_ids), len(target_ids)) > MAX_TOKENS:
        return None
    num_prefix = _count_prefix(translator, source_ids)
    source_words, columns = _group_tokens(
        source_ids, choose_side(tokenizer, as_target=False), num_left_out=num_prefix
    )
    target_words, rows = _group_tokens(target_ids, choose_side(tokenizer, as_target=True))
    if not all(0 < len(words) <= MAX_WORDS for words in (source_words, target_words)):
        return None
    attention = _attend(translator.model, source_ids, target_ids)
    weights = rows @ attention @ columns.T
    total = weights.sum(1, keepdim=True)
    weights = torch.where(total > 0, weights / total, 1 / len(source_words))
    return Alignment(
        index, tuple(source_words), tuple(target_words), tuple(map(tuple, weights.tolist()))
    )


@contextmanager
def _plain_attention(model: PreTrainedModel) -> Iterator[None]:
    """Let attention return its weights while the block runs; fused attention does not."""
    configs = [part.config for part in model.modules() if hasattr(part, "config")]
    before = [(config, config._attn_implementation) for config in configs]
    for config, _ in before:
        config._attn_implementation = "eager"
    try:
        yield
    finally:
        for config, implementation in before:
            config._attn_implementation = implementation


@torch.inference_mode()
def _attend(
    model: PreTrainedModel, source_ids: Sequence[int], target_ids: Sequence[int]
) -> torch.Tensor:
    """Return the mean over layers and heads, shape (target_length, source_length), in float64."""
    device = model.device
    output = model(
        input_ids=torch.tensor([source_ids], device=device),
        attention_mask=torch.ones((1, len(source_ids)), dtype=torch.long, device=device),
        labels=torch.tensor([target_ids], device=device),
        output_attentions=True,
        use_cache=False,
    )
    # For each layer, shape (1, num_heads, target_length, source_length).
    heads = torch.cat(output.cross_attentions[-2:], dim=1)[0]
    return heads.double().mean(0).cpu()


def _count_prefix(translator: TorchTranslator, source_ids: Sequence[int]) -> int:
    """Count the first tokens of a source that belong to the prefix or name a language."""
    prefix = translator.settings.prefix.strip()
    if not prefix:
        return 0
    (ids,), _ = encode_texts([prefix], translator.tokenizer, max_length=None)
    pairs = zip(ids, source_ids, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _group_tokens(
    ids: Sequence[int], tokenizer: PreTrainedTokenizerBase, *, num_left_out: int = 0
) -> tuple[list[str], torch.Tensor]:
    """Return the words that tokens spell, and which token belongs to which word.

    Text without spaces between words, and a side that is a single word, is left in its tokens
    (bytes in whole characters). Special tokens and the first `num_left_out` belong to no word.

    Returns:
        The words, and ones and zeros of shape (num_words, num_tokens) in float64.
    """
    special = set(tokenizer.all_special_ids) - {tokenizer.unk_token_id}
    kept = [i for i in range(num_left_out, len(ids)) if ids[i] not in special]
    text, starts = _spell([ids[i] for i in kept], tokenizer)
    spans = [match.span() for match in re.finditer(r"\S+", text)]
    if len(spans) < 2 or sum(end - start for start, end in spans) > (
        _CHARACTERS_OF_A_WORD * len(spans)
    ):
        edges = [*sorted(set(starts)), len(text)]
        spans = [pair for pair in pairwise(edges) if text[slice(*pair)].strip()]
    words = [text[start:end].strip() for start, end in spans]
    belongs = torch.zeros((len(words), len(ids)), dtype=torch.float64)
    for i, position in zip(kept, starts, strict=True):
        for number, (start, end) in enumerate(spans):
            if start <= position < end:
                belongs[number, i] = 1.0
    return words, belongs


def _spell(ids: Sequence[int], tokenizer: PreTrainedTokenizerBase) -> tuple[str, list[int]]:
    """Return the text of tokens, and where in it the first letter of each token is.

    Decoding longer and longer prefixes works for every tokenizer. Tokens that add no letter
    (spaces, the first bytes of a character) belong to the next token that adds one.
    """
    text, end = "", 0
    starts: list[int] = []
    unknown = tokenizer.unk_token
    # Without a piece for a single space, an unknown word swallows the space before it.
    has_space = tokenizer.convert_tokens_to_ids(SPACE) not in (None, tokenizer.unk_token_id)
    for count in range(1, len(ids) + 1):
        text = tokenizer.decode(list(ids[:count]), clean_up_tokenization_spaces=False)
        if unknown and not has_space:
            text = text.replace(unknown, f" {unknown}")
        whole = text.rstrip("\ufffd")  # stands for the first bytes of a character
        new = whole[end:]
        letter = end + len(new) - len(new.lstrip())
        if new.strip():
            starts += [letter] * (count - len(starts))
            end = len(whole)
    # What remains are spaces at the end, which belong to no word.
    starts += [len(text)] * (len(ids) - len(starts))
    return text, starts
