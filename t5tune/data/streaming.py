"""Training data that is too large to store: tokenized while training, some examples at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import count, islice
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from t5tune.data.augmentation.rounds import NO_AUGMENTATION, Rounds
from t5tune.data.encoding import EncodedDataset, TokenSequences
from t5tune.data.pair_encoding import EncodedSide, PairEncoder
from t5tune.data.pairs import NumberedPairs, Pairs, refuse_blank
from t5tune.data.readers.open_splits import Example
from t5tune.errors import T5TuneError

if TYPE_CHECKING:  # it reads recipes, and training does without them
    from t5tune.data.training_text import TrainingText

SHUFFLE_BUFFER = 100_000
_CHUNK_EXAMPLES = 1000
_CHUNK_CHARACTERS = 4_000_000  # most characters of a chunk, if an example is not longer

Watch = Callable[[Pairs], None]


class StreamPosition(NamedTuple):
    """A position in data that is read again and again.

    Attributes:
        num_passes: Number of times that the data was read to its end.
        row: Number of examples before the position in this pass.
    """

    num_passes: int = 0
    row: int = 0


class Window(NamedTuple):
    """Examples that follow each other in the data, as many as the shuffle buffer holds.

    Attributes:
        start: Position of the first one.
        dataset: Their tokens.
    """

    start: StreamPosition
    dataset: EncodedDataset


class ExampleStream:
    """Windows of training examples, tokenized when they are asked for.

    Windows follow from the data and their size alone, so that a position is enough to continue.

    Args:
        text: Training data.
        encode: Encoder of the pairs.
        size: Number of examples of a window; the last one of a pass may have fewer.
        num_embeddings: Number that is greater than every id which the model knows.
        check: Function that raises if the data has changed; called for each window.
        watch: Function that is called with all pairs of the first pass, in order.
        rounds: Variants of the examples, one for each pass.

    Attributes:
        num_windows: Number of windows so far.
        cleaning: What leaves out pairs of the first pass, and counts them.
    """

    def __init__(
        self,
        text: TrainingText,
        encode: PairEncoder,
        size: int,
        num_embeddings: int,
        check: Callable[[], None],
        watch: Watch,
        rounds: Rounds = NO_AUGMENTATION,
    ) -> None:
        self.num_windows = 0
        self.cleaning = text.start_cleaning()
        self._text = text
        self._split = text.split
        self._encode = encode
        self._size = size
        self._num_embeddings = num_embeddings
        self._check = check
        self._watch = watch
        self._rounds = rounds

    def windows(self, begin: StreamPosition) -> Iterator[Window]:
        """Yield the windows from a position on, without end.

        What is before the position is read, but not tokenized.

        Raises:
            T5TuneError: The data cannot be read, has changed, or none of it can be used.
        """
        if begin.num_passes > 0:
            self._pass_over(self._split.read(), is_first=True)
        for number in count(begin.num_passes):
            rows, row = self._split.read(), begin.row if number == begin.num_passes else 0
            self._pass_over(islice(rows, row), is_first=number == 0)
            is_usable = row > 0
            while True:
                dataset, num_rows = self._fill(rows, StreamPosition(number, row))
                self._check()
                if dataset is None:
                    break
                yield Window(StreamPosition(number, row), dataset)
                row += num_rows
                is_usable = True
            if not is_usable:
                if self.cleaning.report is not None:
                    self.cleaning.report.check_some_are_left()
                raise refuse_blank() if num_rows else self._split.refuse_empty()

    def _pass_over(self, rows: Iterator[Example], *, is_first: bool) -> None:
        while chunk := _take(rows, _CHUNK_EXAMPLES):
            self._choose(chunk, is_first=is_first)

    def _choose(self, chunk: Sequence[Example], *, is_first: bool) -> Pairs:
        """Return the pairs that are used; those of the first pass are counted and watched."""
        cleaning = self.cleaning if is_first else self._text.start_cleaning()
        for pairs in cleaning.clean([self._text.as_pairs(chunk)]):
            if is_first:
                self._watch(pairs)
            return pairs
        return Pairs([], [])

    def _fill(
        self, rows: Iterator[Example], begin: StreamPosition
    ) -> tuple[EncodedDataset | None, int]:
        """Return the window at a position and the number of rows that were read for it."""
        encoded: list[tuple[EncodedSide, EncodedSide]] = []
        num_rows = num_examples = 0
        # No more rows at a time than are missing: the window ends with the last one.
        while chunk := _take(rows, min(_CHUNK_EXAMPLES, self._size - num_examples)):
            first = begin.row + num_rows
            num_rows += len(chunk)
            pairs = self._choose(chunk, is_first=begin.num_passes == 0)
            if pairs.sources:
                numbered = NumberedPairs(first, pairs)
                encoded.append(self._rounds.encode(self._encode, numbered, begin.num_passes).sides)
                num_examples += len(pairs.sources)
        if not encoded:
            return None, num_rows
        self.num_windows += 1
        sources, targets = (_join(side) for side in zip(*encoded, strict=True))
        dataset = EncodedDataset(sources, targets)
        if dataset.largest_id >= self._num_embeddings:
            raise T5TuneError(
                f"model: the tokenizer gives the token {dataset.largest_id:,}, and the model has "
                f"embeddings for {self._num_embeddings:,} tokens only.",
                next_command="a model with its own tokenizer",
            )
        return dataset, num_rows


def _take(rows: Iterator[Example], most: int) -> list[Example]:
    """Return the next rows, fewer if they are long."""
    taken: list[Example] = []
    num_characters = 0
    while len(taken) < most and num_characters <= _CHUNK_CHARACTERS:
        row = next(rows, None)
        if row is None:
            break
        taken.append(row)
        num_characters += len(row.source) + len(row.references[0])
    return taken


def _join(sides: Sequence[EncodedSide]) -> TokenSequences:
    lengths = np.concatenate([side.lengths for side in sides])
    return TokenSequences.from_arrays(lengths, np.concatenate([side.ids for side in sides]))
