"""Encoding of texts as token ids, in flat arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from t5tune.data.side_encoding import encode_side
from t5tune.data.token_sequences import Ids as Ids
from t5tune.data.token_sequences import JoinedSequences
from t5tune.data.token_sequences import TokenSequences as TokenSequences
from t5tune.data.truncation import shorten_all

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

CHUNK = (
    2000  # texts per call of the tokenizer; enough to use its threads, few enough to show progress
)
IGNORED = -100  # label of padding, as in torch.nn.CrossEntropyLoss


class EncodedDataset(torch.utils.data.Dataset[dict[str, Ids]]):
    """Examples as token ids.

    Args:
        sources: Tokens of the sources, which end with the end-of-sequence token.
        targets: Labels of the targets, which end with the end-of-sequence token.
        num_truncated: Number of texts that were cut.
        largest_id: Largest id, where it is known: to look for it reads all tokens.
        num_rounds: Number of variants of the same examples, which follow each other.
        part_sizes: Number of examples of each part of a mixture, rounds counted; the parts follow
            each other, each with its rounds.
    """

    def __init__(
        self,
        sources: TokenSequences,
        targets: TokenSequences,
        num_truncated: int = 0,
        largest_id: int | None = None,
        num_rounds: int = 1,
        part_sizes: Sequence[int] = (),
    ) -> None:
        self.sources = sources
        self.targets = targets
        self.num_truncated = num_truncated
        if largest_id is None:
            largest_id = max(int(side.ids.max(initial=0)) for side in (sources, targets))
        self.largest_id = largest_id
        self.num_rounds = num_rounds
        self.part_sizes = tuple(part_sizes) or (len(sources),)

    @property
    def num_examples(self) -> int:
        """Number of examples of a round."""
        return len(self.sources) // self.num_rounds

    def __len__(self) -> int:
        return len(self.sources)

    def __getitem__(self, index: int | np.integer[Any] | Sequence[Any] | NDArray[Any]) -> Any:
        """Return an example, or those of a packed row, a batch or a batch of rows."""
        if isinstance(index, int | np.integer):
            i = int(index)
            return {"input_ids": self.sources[i], "labels": self.targets[i]}
        return [self[i] for i in index]


def join_datasets(parts: Sequence[EncodedDataset]) -> EncodedDataset:
    """Return the examples of a mixture's parts, which have the same number of rounds."""
    if len(parts) == 1:
        return parts[0]
    return EncodedDataset(
        JoinedSequences([part.sources for part in parts]),
        JoinedSequences([part.targets for part in parts]),
        sum(part.num_truncated for part in parts),
        max(part.largest_id for part in parts),
        parts[0].num_rounds,
        [len(part) for part in parts],
    )


def encode_texts(
    texts: Sequence[str],
    tokenizer: PreTrainedTokenizerBase,
    *,
    max_length: int | None,
    as_target: bool = False,
) -> tuple[list[list[int]], int]:
    """Tokenize texts.

    Args:
        texts: Any number of texts.
        tokenizer: Tokenizer, which adds the end-of-sequence token itself.
        max_length: Number of tokens to which longer sequences are cut; tokens that the tokenizer
            adds at the end (end of sequence, mBART's language) are kept.
        as_target: Whether to use the tokenizer's target side (Marian, NLLB and mBART have one).

    Returns:
        Token ids of each text, and the number of texts that were cut.
    """

    def encode(chunk: list[str]) -> list[list[int]]:
        return encode_side(chunk, tokenizer, as_target=as_target)

    encoded: list[list[int]] = []
    num_truncated = 0
    for start in range(0, len(texts), CHUNK):
        chunk = list(texts[start : start + CHUNK])
        sequences = encode(chunk)
        encoded += shorten_all(sequences, max_length, encode)
        if max_length is not None:
            num_truncated += sum(len(ids) > max_length for ids in sequences)
    return encoded, num_truncated


def pad_sequences(sequences: Sequence[Ids], value: int) -> torch.Tensor:
    """Return a tensor of shape (num_sequences, longest), padded on the right, dtype int64."""
    width = max(len(s) for s in sequences)
    padded = np.full((len(sequences), width), value, dtype=np.int64)
    for row, sequence in zip(padded, sequences, strict=True):
        row[: len(sequence)] = sequence
    return torch.from_numpy(padded)


class Collator:
    """Builds the tensors of a batch.

    Args:
        pad_token_id: Id of the token that pads the sources.
    """

    def __init__(self, pad_token_id: int) -> None:
        self.pad_token_id = pad_token_id

    def __call__(self, examples: Sequence[dict[str, Ids]]) -> dict[str, torch.Tensor]:
        """Return tensors of shape (batch_size, length): input_ids, attention_mask, labels.

        Without examples the batch is one row with nothing to learn, for a process without a part
        in a step.
        """
        if not examples:
            nothing = torch.tensor([[self.pad_token_id]])
            return {
                "input_ids": nothing,
                "attention_mask": torch.ones_like(nothing),
                "labels": torch.full_like(nothing, IGNORED),
            }
        sources = [example["input_ids"] for example in examples]
        input_ids = pad_sequences(sources, self.pad_token_id)
        lengths = torch.tensor([len(s) for s in sources])
        attention_mask = (torch.arange(input_ids.shape[1])[None, :] < lengths[:, None]).long()
        labels = pad_sequences([example["labels"] for example in examples], IGNORED)
        return {"input_ids": input_ids, "attention_mask": attention_mask, "labels": labels}
