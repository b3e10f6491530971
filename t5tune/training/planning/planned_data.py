"""The training data of a plan, counted in the token stores that training reads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from transformers import PreTrainedTokenizerBase

from t5tune.data.readers.open_splits import describe_place
from t5tune.data.side_encoding import choose_side
from t5tune.data.store.token_store import TokenStore
from t5tune.data.token_sequences import TokenSequences
from t5tune.training.preparation.start import Start

_AT_ONCE = 1 << 24  # ids that are compared at once


@dataclass(frozen=True)
class PlannedSide:
    """Sources or targets of an entry, of all rounds.

    Attributes:
        num_tokens: Number of tokens, after long texts are cut.
        num_unknown: Number of unknown tokens.
    """

    num_tokens: int
    num_unknown: int


@dataclass(frozen=True)
class PlannedEntry:
    """An entry of the training data.

    Attributes:
        key: Its key in the recipe, such as `train` or `train[0]`.
        place: Where it comes from.
        num_read: Number of examples that were read.
        num_examples: Number of those that are trained on.
        num_rounds: Number of their variants.
        source: Their sources.
        target: Their targets.
        num_cut: Number of texts of both sides that were cut, of all rounds.
        store: Directory of the tokens.
        store_bytes: Size of the store.
    """

    key: str
    place: str
    num_read: int
    num_examples: int
    num_rounds: int
    source: PlannedSide
    target: PlannedSide
    num_cut: int
    store: Path
    store_bytes: int

    @property
    def num_tokens(self) -> int:
        """Number of tokens of both sides."""
        return self.source.num_tokens + self.target.num_tokens

    @property
    def num_texts(self) -> int:
        """Number of texts of both sides, of all rounds."""
        return 2 * self.num_examples * self.num_rounds


def count_entries(start: Start) -> Iterator[PlannedEntry]:
    """Yield the training entries that are stored; none of a stream."""
    if start.store is None:
        return
    entries = start.recipe.data.entries
    for key, store in start.store.by_key.items():
        yield _count_entry(key, describe_place(entries[key].place), store, start.model.tokenizer)


def _count_entry(
    key: str, place: str, store: TokenStore, tokenizer: PreTrainedTokenizerBase
) -> PlannedEntry:
    manifest, dataset = store.manifest, store.open()
    return PlannedEntry(
        key,
        place,
        manifest.num_read,
        manifest.num_examples,
        manifest.num_rounds,
        _count_side(dataset.sources, choose_side(tokenizer, as_target=False).unk_token_id),
        _count_side(dataset.targets, choose_side(tokenizer, as_target=True).unk_token_id),
        manifest.num_truncated,
        store.directory,
        sum(path.stat().st_size for path in store.directory.iterdir()),
    )


def _count_side(sequences: TokenSequences, unknown: int | None) -> PlannedSide:
    ids = sequences.ids
    num_unknown = 0
    if unknown is not None:
        pieces = (ids[at : at + _AT_ONCE] for at in range(0, len(ids), _AT_ONCE))
        num_unknown = sum(int(np.count_nonzero(piece == unknown)) for piece in pieces)
    return PlannedSide(int(sequences.lengths.sum()), num_unknown)
