"""Confidence intervals by resampling the test set (Koehn 2004, after Efron 1979).

Everything random is drawn as sacreBLEU 2.6.0 draws it, so equal seeds give equal intervals. Its
environment variable SACREBLEU_SEED is not read: a seed is an argument here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from t5tune.scoring.metrics.statistics import MAX_BLOCK_ELEMENTS, AdditiveStatistics, count_examples
from t5tune.scoring.score import Score, SegmentStatistics

Floats = NDArray[np.float64]

# sacreBLEU's interval leaves out one in forty at either end: 95 %.
_ONE_IN = 40


def draw_samples(num_examples: int, num_resamples: int, seed: int) -> Iterator[NDArray[np.int64]]:
    """Yield test sets of the same size, drawn with replacement, a block at a time.

    All blocks together equal one draw of all test sets.

    Yields:
        Shape (size of the block, num_examples): indices of examples.
    """
    rng = np.random.default_rng(seed)
    rows = max(1, MAX_BLOCK_ELEMENTS // num_examples)
    for start in range(0, num_resamples, rows):
        size = (min(rows, num_resamples - start), num_examples)
        yield rng.choice(num_examples, size=size, replace=True)


def bootstrap_scores(
    statistics: Sequence[SegmentStatistics], num_resamples: int, seed: int
) -> list[Floats]:
    """Return scores of the same resampled test sets, for each metric of each system.

    Returns:
        Scores of each of `statistics`, shape (num_resamples, num_scores).
    """
    blocks: list[list[Floats]] = [[] for _ in statistics]
    for samples in draw_samples(statistics[0].num_examples, num_resamples, seed):
        for block, scores in zip(blocks, _score_samples(statistics, samples), strict=True):
            block.append(scores)
    return [np.concatenate(block) for block in blocks]


def _score_samples(
    statistics: Sequence[SegmentStatistics], samples: NDArray[np.int64]
) -> Iterator[Floats]:
    """Yield scores of samples; additive statistics share counts and one matrix product."""
    additive = [one for one in statistics if isinstance(one, AdditiveStatistics)]
    sums: list[Floats] = []
    if additive:
        columns = np.cumsum([one.matrix.shape[1] for one in additive])[:-1]
        side_by_side = np.hstack([one.matrix for one in additive])
        products = [counts @ side_by_side for counts in count_examples(samples, len(side_by_side))]
        sums = np.split(np.concatenate(products), columns, axis=1)
    of_additive = iter(sums)
    for one in statistics:
        if isinstance(one, AdditiveStatistics):
            yield one.compute(next(of_additive))
        else:
            yield one.compute_scores(samples)


def percentile_interval(scores: Floats) -> tuple[float, float]:
    """Return the middle 95 % of resampled scores, shape (num_resamples,), as sacreBLEU takes it.

    Returns:
        Lower and upper end; half their distance is sacreBLEU's `ci`.
    """
    ascending = np.sort(scores)
    num_left_out = len(ascending) // _ONE_IN
    return float(ascending[num_left_out]), float(ascending[len(ascending) - num_left_out - 1])


def add_intervals(
    scored: Sequence[tuple[Sequence[Score], SegmentStatistics]], num_resamples: int, seed: int
) -> list[list[Score]]:
    """Return the scores with confidence intervals and signatures that state the resampling."""
    resampled = bootstrap_scores([statistics for _, statistics in scored], num_resamples, seed)
    return [
        [
            add_interval(score, columns[:, number], seed, bs=num_resamples)
            for number, score in enumerate(scores)
        ]
        for (scores, _), columns in zip(scored, resampled, strict=True)
    ]


def add_interval(score: Score, resampled: Floats, seed: int, **counts: int) -> Score:
    """Return a score with its interval, or without where resampled scores are not finite.

    Its signature states the resampling after `nrefs`, as sacreBLEU's does.

    Args:
        resampled: Resampled scores, shape (num_resamples,).
        counts: Numbers of `bs` (bootstrap resamples), `ar` (approximate randomisations), or both.
    """
    if np.isnan(resampled).any():
        return score
    first, *others = score.signature.split("|")
    drawn = [f"{name}:{count}" for name, count in counts.items()]
    signature = "|".join([first, *drawn, f"seed:{seed}", *others])
    interval = percentile_interval(resampled)
    return replace(score, confidence_interval=interval, signature=signature)
