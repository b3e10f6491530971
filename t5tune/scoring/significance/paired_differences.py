"""Tests of whether the difference of two systems exceeds what the choice of examples explains.

Two paired tests, as in sacreBLEU 2.6.0 (its `PairedTest`), with its random numbers and thus its
p-values: bootstrap resampling (P. Koehn, "Statistical Significance Tests for Machine
Translation Evaluation", EMNLP 2004), and approximate randomisation (E. W. Noreen,
"Computer-Intensive Methods for Testing Hypotheses", 1989; S. Riezler and J. T. Maxwell, "On Some
Pitfalls in Automatic Evaluation and Significance Testing for MT", 2005, who find the second less
prone to call chance a difference).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from t5tune.scoring.metrics.statistics import (
    MAX_BLOCK_ELEMENTS,
    AdditiveStatistics,
    JoinableStatistics,
)
from t5tune.scoring.score import SegmentStatistics

Floats = NDArray[np.float64]

# numpy draws booleans from words of 32 bits and begins a new word with each call.
_BITS_OF_A_DRAW = 32
# Differences within this are equal up to rounding, on a scale to 100.
_TOLERANCE = 1e-9


def bootstrap_p_value(baseline: Floats, system: Floats, difference: float) -> float:
    """Return the p-value of a paired bootstrap test.

    Args:
        baseline: Scores of the resampled test sets, shape (num_resamples,).
        system: Scores of the other system, on the same test sets.
        difference: Difference of the two scores of the full test set.

    Returns:
        Share of test sets whose difference exceeds the mean difference by more than the
        difference itself, with 1 added to numerator and denominator.
    """
    differences = np.abs(system - baseline)
    num_beyond = int(np.sum(differences - differences.mean() > abs(difference)))
    return (num_beyond + 1) / (len(differences) + 1)


def randomization_p_values(
    baseline: Sequence[SegmentStatistics],
    system: Sequence[SegmentStatistics],
    num_trials: int,
    seed: int,
    counts_ties: Sequence[bool],
) -> list[list[float]]:
    """Return p-values of a paired approximate randomisation test, two-sided.

    In each trial a coin decides for every example which system its hypothesis counts for; the
    share of trials whose difference is as large as the true one is the p-value.

    Args:
        counts_ties: Whether a trial with exactly the true difference counts, for each metric.
            An exact test requires it, above all where scores take few values (exact match);
            sacreBLEU does not count it, so it must not count where p-values are sacreBLEU's.

    Returns:
        p-values of each metric, one for each of its scores.

    Raises:
        TypeError: Statistics of one system cannot be joined with the other's.
    """
    pairs = [_Pair(*both) for both in zip(baseline, system, strict=True)]
    true = [np.abs(pair.difference) for pair in pairs]
    num_beyond = [np.zeros(len(one), dtype=np.int64) for one in true]
    for coins in _draw_coins(baseline[0].num_examples, num_trials, seed):
        keeps = coins.astype(np.float64)  # once, for the products of all metrics
        for number, pair in enumerate(pairs):
            differences = np.abs(pair.mixed_differences(keeps))
            if counts_ties[number]:
                is_beyond = differences >= true[number] - _TOLERANCE
            else:
                is_beyond = differences > true[number]
            num_beyond[number] += is_beyond.sum(axis=0)
    return [((num + 1) / (num_trials + 1)).tolist() for num in num_beyond]


def _draw_coins(num_examples: int, num_trials: int, seed: int) -> Iterator[NDArray[np.bool_]]:
    """Yield True where an example stays with its system, shape (size of the block, num_examples).

    All blocks together equal one draw: all but the last hold whole words of bits.
    """
    rng = np.random.default_rng(seed)
    rows = max(1, MAX_BLOCK_ELEMENTS // num_examples // _BITS_OF_A_DRAW) * _BITS_OF_A_DRAW
    for start in range(0, num_trials, rows):
        size = (min(rows, num_trials - start), num_examples)
        yield rng.integers(2, size=size, dtype=bool)


class _Pair:
    """One metric of two systems, whose examples can be exchanged."""

    def __init__(self, baseline: SegmentStatistics, system: SegmentStatistics) -> None:
        self._num_examples = baseline.num_examples
        self._baseline, self._system = baseline, system
        if isinstance(baseline, AdditiveStatistics) and isinstance(system, AdditiveStatistics):
            self._sum_of_both = (baseline.matrix.sum(axis=0) + system.matrix.sum(axis=0))[None]
        elif isinstance(baseline, JoinableStatistics):
            self._joined = baseline.join(system)
        else:
            raise TypeError(f"{type(baseline).__name__} cannot join another system's examples")

    @property
    def difference(self) -> Floats:
        """Return baseline minus system on the full test set, shape (num_scores,)."""
        everything = np.arange(self._num_examples)[None]
        of_baseline, of_system = (
            one.compute_scores(everything) for one in (self._baseline, self._system)
        )
        difference: Floats = (of_baseline - of_system)[0]
        return difference

    def mixed_differences(self, keeps: Floats) -> Floats:
        """Return differences after the exchange, shape (num_trials, num_scores).

        Args:
            keeps: 1 where an example stays with its system, 0 where it is exchanged.
        """
        baseline, system = self._baseline, self._system
        if isinstance(baseline, AdditiveStatistics) and isinstance(system, AdditiveStatistics):
            exchanged = keeps @ (baseline.matrix - system.matrix) + system.matrix.sum(axis=0)
            return baseline.compute(exchanged) - baseline.compute(self._sum_of_both - exchanged)
        own = np.arange(self._num_examples)
        stays, others = keeps > 0, own + self._num_examples
        first = self._joined.compute_scores(np.where(stays, own, others))
        return first - self._joined.compute_scores(np.where(stays, others, own))
