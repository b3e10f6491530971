"""Test resampled test sets as matrix products."""

from __future__ import annotations

import numpy as np
import pytest

from t5tune.scoring.metrics import statistics as module
from t5tune.scoring.metrics.statistics import AdditiveStatistics, MeanStatistics, count_examples


def test_counts_are_how_often_each_example_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    samples = np.random.default_rng(1).integers(0, 7, size=(23, 7))
    whole = np.concatenate(list(count_examples(samples, 7)))
    assert whole.tolist() == [[row.tolist().count(i) for i in range(7)] for row in samples]
    monkeypatch.setattr(module, "MAX_BLOCK_ELEMENTS", 30)
    blocks = list(count_examples(samples, 7))
    assert [len(block) for block in blocks] == [4, 4, 4, 4, 4, 3]
    assert np.array_equal(np.concatenate(blocks), whole)


def test_means_of_samples() -> None:
    statistics = MeanStatistics([[1.0, 10.0], [2.0, 20.0], [6.0, 60.0]], main=1)
    scores = statistics.compute_scores(np.array([[0, 1, 2], [2, 2, 2], [0, 0, 1]]))
    assert scores.tolist() == [[3, 30], [6, 60], [4 / 3, 40 / 3]]
    assert statistics.segment_scores().tolist() == [10, 20, 60]
    assert MeanStatistics([5.0, 7.0]).compute_scores(np.array([[0], [1]])).tolist() == [[5], [7]]


def test_joined_examples_come_after_ones_own() -> None:
    joined = MeanStatistics([1.0, 2.0]).join(MeanStatistics([10.0, 20.0]))
    assert joined.num_examples == 4
    assert joined.compute_scores(np.array([[0, 3], [2, 1]])).tolist() == [[10.5], [6]]


def test_a_flat_matrix_is_a_bug() -> None:
    with pytest.raises(ValueError, match="one row an example"):
        AdditiveStatistics(np.zeros(3), lambda sums: sums)
