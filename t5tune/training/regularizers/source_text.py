"""What the tokens of a source are: words that noise may change, and what it must not touch."""

from __future__ import annotations

import itertools

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import PreTrainedTokenizerBase

from t5tune.data.batching.steps import Batch
from t5tune.training.regularizers.example_draws import draw
from t5tune.training.regularizers.regularizer import RunParts

WORD_STARTS = ("▁", "Ġ", " ")  # SentencePiece, byte-level BPE, bytes


class SourceText:
    """The text of the sources of a run: all but special tokens, language tags and the prefix."""

    def __init__(self, parts: RunParts) -> None:
        tokenizer, self._seed = parts.tokenizer, parts.seed
        vocabulary = tokenizer.get_vocab()
        size = max(len(parts.model.get_input_embeddings().weight), 1 + max(vocabulary.values()))
        self._is_special = np.zeros(size, dtype=bool)
        # Sentinels and language tags are among them.
        added = tokenizer.get_added_vocab().values()
        self._is_special[[*tokenizer.all_special_ids, *added]] = True
        self._begins_word = np.zeros(size, dtype=bool)
        marked = [i for token, i in vocabulary.items() if token.startswith(WORD_STARTS)]
        # Without marks, each token is a word.
        self._begins_word[marked or slice(None)] = True
        self._begins_word |= self._is_special
        self._num_of_prefix = _count_prefix(tokenizer, parts.prefix)

    def find(self, batch: Batch) -> NDArray[np.bool_]:
        """Return where the text is, shape (num_rows, length)."""
        places = np.arange(batch["input_ids"].shape[1])[None, :]
        if "source_segments" in batch:
            places = places - _start_of_run(batch["source_segments"].numpy())
        is_text = (places >= self._num_of_prefix) & (batch["attention_mask"].numpy() > 0)
        result: NDArray[np.bool_] = is_text & ~self._is_special[batch["input_ids"].numpy()]
        return result

    def draw_tokens(self, batch: Batch, purpose: str, step: int) -> NDArray[np.float64]:
        """Return a number from 0 to 1 for each token, shape (num_rows, length)."""
        is_real = batch["attention_mask"].numpy() > 0
        return draw(batch["input_ids"].numpy(), is_real, purpose, self._seed, step)

    def draw_words(self, batch: Batch, purpose: str, step: int) -> NDArray[np.float64]:
        """Return such numbers of which all tokens of a word have the same."""
        of_tokens = self.draw_tokens(batch, purpose, step)
        begins = self._begins_word[batch["input_ids"].numpy()]
        if "source_segments" in batch:
            segments = batch["source_segments"].numpy()
            begins[:, 1:] |= segments[:, 1:] != segments[:, :-1]
        starts = np.where(begins, np.arange(begins.shape[1]), 0)
        return np.take_along_axis(of_tokens, np.maximum.accumulate(starts, axis=1), axis=1)


def put(batch: Batch, changed: dict[str, torch.Tensor]) -> Batch:
    """Return a batch with other tensors in place of some, in the same kind of memory."""
    if batch["input_ids"].is_pinned():
        changed = {name: tensor.pin_memory() for name, tensor in changed.items()}
    return {**batch, **changed}


def _start_of_run(segments: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return for each position where its segment begins, shape (num_rows, length)."""
    begins = np.zeros(segments.shape, dtype=np.int64)
    is_first = segments[:, 1:] != segments[:, :-1]
    begins[:, 1:] = np.where(is_first, np.arange(1, segments.shape[1]), 0)
    result: NDArray[np.int64] = np.maximum.accumulate(begins, axis=1)
    return result


def _count_prefix(tokenizer: PreTrainedTokenizerBase, prefix: str) -> int:
    """Return how many tokens at the start of every source are the prefix, whatever follows it."""
    if not prefix:
        return 0
    # A blank at its end belongs to the first word of the text.
    texts = (prefix.rstrip(), f"{prefix}ab", f"{prefix}XY 1")
    encoded = [tokenizer(text, verbose=False)["input_ids"] for text in texts]
    are_equal = (len(set(tokens)) == 1 for tokens in zip(*encoded, strict=False))
    return sum(1 for _ in itertools.takewhile(bool, are_equal))
