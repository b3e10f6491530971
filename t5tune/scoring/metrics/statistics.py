"""Statistics of each example, from which resampled test sets are scored by arithmetic alone.

BLEU, chrF, TER and the error rates are functions of sums over the examples (n-gram matches,
edits, lengths); other scores are plain means. Both are one matrix with a row for each example: a
resampled test set is a vector of how often each example occurs, many of them are a matrix, and
all their sums are one matrix product.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from t5tune.scoring.score import SegmentStatistics

# Elements of one block of counts: 32 MiB in float64, whatever the size of the test set.
MAX_BLOCK_ELEMENTS = 1 << 22

ComputeScores = Callable[[NDArray[np.float64]], NDArray[np.float64]]


@runtime_checkable
class JoinableStatistics(SegmentStatistics, Protocol):
    """Statistics that a paired randomisation test can mix.

    `compute_scores` then takes samples of any number of columns, not of `num_examples` alone.
    """

    def join(self, other: SegmentStatistics) -> SegmentStatistics:
        """Return the examples of both systems as one test set, these first."""
        ...


class AdditiveStatistics:
    """Statistics whose sums over a test set determine the scores.

    Args:
        matrix: Shape (num_examples, num_columns), one row per example. Whole numbers stay exact:
            their sums are exact in float64 up to 2 ** 53.
        compute: From sums of shape (num_samples, num_columns) to scores of shape
            (num_samples, num_scores), in the order of the metric's `score_corpus`.
        compute_segments: From rows of shape (num_examples, num_columns) to the values of single
            examples, shape (num_examples,), where other rules score a single example than
            a corpus; by default the first score of `compute`.
    """

    def __init__(
        self,
        matrix: ArrayLike,
        compute: ComputeScores,
        compute_segments: ComputeScores | None = None,
    ) -> None:
        self.matrix: NDArray[np.float64] = np.asarray(matrix, dtype=np.float64)
        if self.matrix.ndim != 2:
            raise ValueError(f"one row an example, not an array of shape {self.matrix.shape}")
        self.num_examples: int = self.matrix.shape[0]
        self.compute = compute
        self.compute_segments = compute_segments

    def compute_scores(self, samples: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return corpus scores of resampled test sets.

        Args:
            samples: Shape (num_samples, any): the examples, counted from 0, of each test set.

        Returns:
            Shape (num_samples, num_scores).
        """
        blocks = [
            self.compute(counts @ self.matrix)
            for counts in count_examples(samples, self.num_examples)
        ]
        return np.concatenate(blocks)

    def segment_scores(self) -> NDArray[np.float64]:
        """Return the value of every example, shape (num_examples,), as `score_segments` does."""
        if self.compute_segments is not None:
            return self.compute_segments(self.matrix)
        return self.compute(self.matrix)[:, 0]

    def join(self, other: SegmentStatistics) -> AdditiveStatistics:
        """Return the examples of both systems as one test set, these first."""
        if not isinstance(other, AdditiveStatistics):
            raise TypeError(f"{type(other).__name__} has no matrix to add to this one")
        both = np.concatenate([self.matrix, other.matrix])
        return AdditiveStatistics(both, self.compute, self.compute_segments)


class MeanStatistics(AdditiveStatistics):
    """Numbers of each example whose means are the corpus scores.

    Args:
        values: Shape (num_examples,) or (num_examples, num_scores).
        main: Index of the score that stands for a single example.
    """

    def __init__(self, values: ArrayLike, main: int = 0) -> None:
        columns = np.asarray(values, dtype=np.float64)
        columns = columns.reshape(len(columns), -1)
        ones = np.ones((len(columns), 1))  # their sum is the number of examples
        super().__init__(np.hstack([columns, ones]), _divide_by_last, lambda rows: rows[:, main])


def _divide_by_last(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    means: NDArray[np.float64] = sums[:, :-1] / sums[:, -1:]
    return means


def count_examples(samples: NDArray[np.int64], num_examples: int) -> Iterator[NDArray[np.float64]]:
    """Yield how often each example occurs in each test set, a block of test sets at a time.

    Args:
        samples: Shape (num_samples, any).

    Yields:
        Shape (size of the block, num_examples), as floats for a matrix product.
    """
    rows = max(1, MAX_BLOCK_ELEMENTS // max(num_examples, samples.shape[1]))
    for start in range(0, len(samples), rows):
        block = samples[start : start + rows]
        # One count over the block: each test set has its own range of numbers.
        numbers = block + num_examples * np.arange(len(block))[:, None]
        counts = np.bincount(numbers.ravel(), minlength=len(block) * num_examples)
        yield counts.reshape(len(block), num_examples).astype(np.float64)
