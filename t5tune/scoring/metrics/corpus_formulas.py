"""Corpus scores from sums of per-example statistics, for many test sets at once.

The columns are those of sacreBLEU 2.6.0 (Post 2018), and so are all operations and their order: the
results equal sacreBLEU's to the last digit, which a test checks. A logarithm or an exponential of
numpy can differ from the C library's in the last digit, hence the standard library's here.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_BLEU_ORDER = 4
# sacreBLEU's stand-in for the logarithm of 0.
_LOG_OF_ZERO = -9999999999.0
_CHRF_BETA = 2


def bleu_from_sums(sums: Floats, *, effective_order: bool = False) -> Floats:
    """Return BLEU (Papineni et al. 2002), smoothed exponentially (Chen and Cherry 2014, method 3).

    Args:
        sums: Shape (num_samples, 10): length of the hypotheses and the references, matches of 1
            to 4 words, n-grams of 1 to 4 words in the hypotheses.
        effective_order: Whether to skip orders for which a text is too short, as for one example.

    Returns:
        Shape (num_samples, 1).
    """
    hypothesis_length, reference_length = sums[:, 0], sums[:, 1]
    correct, total = sums[:, 2 : 2 + _BLEU_ORDER], sums[:, 2 + _BLEU_ORDER :]
    precisions = np.zeros_like(correct)
    smoothing = np.ones(len(sums))
    counts = np.ones(len(sums), dtype=bool)  # no order counts after one without n-grams
    orders = np.zeros(len(sums), dtype=np.int64)
    for n in range(_BLEU_ORDER):
        counts &= total[:, n] > 0
        orders += counts
        is_smoothed = counts & (correct[:, n] == 0)
        smoothing[is_smoothed] *= 2
        numerator = np.where(is_smoothed, 100.0, 100.0 * correct[:, n])
        denominator = np.where(is_smoothed, smoothing * total[:, n], total[:, n])
        np.divide(numerator, denominator, out=precisions[:, n], where=counts)
    if not effective_order:
        orders[:] = _BLEU_ORDER
    has_matches = correct.sum(axis=1) > 0
    lengths = zip(hypothesis_length.tolist(), reference_length.tolist(), strict=True)
    rows = zip(precisions.tolist(), orders.tolist(), has_matches.tolist(), lengths, strict=True)
    scores = [_bleu(row[:order], *pair) if any_ else 0.0 for row, order, any_, pair in rows]
    return np.array(scores, dtype=np.float64)[:, None]


def sentence_bleu(rows: Floats) -> Floats:
    """Return BLEU of single examples, with effective order: shape (num_examples,)."""
    return bleu_from_sums(rows, effective_order=True)[:, 0]


def _bleu(precisions: list[float], hypothesis_length: float, reference_length: float) -> float:
    penalty = 1.0
    if hypothesis_length < reference_length:
        penalty = math.exp(1 - reference_length / hypothesis_length) if hypothesis_length else 0.0
    return penalty * math.exp(sum(map(_log, precisions)) / len(precisions))


def _log(precision: float) -> float:
    return math.log(precision) if precision else _LOG_OF_ZERO


def chrf_from_sums(sums: Floats) -> Floats:
    """Return chrF (Popović 2015) with sacreBLEU's effective order: the mean over shared orders.

    Args:
        sums: Shape (num_samples, 3 * orders): n-grams in the hypotheses, in the references and in
            both, for each order in turn.

    Returns:
        Shape (num_samples, 1).
    """
    precision, recall = np.zeros(len(sums)), np.zeros(len(sums))
    num_orders = np.zeros(len(sums))
    for column in range(0, sums.shape[1], 3):
        hypothesis, reference, matches = sums[:, column : column + 3].T
        counts = (hypothesis > 0) & (reference > 0)
        precision += _quotient(matches, hypothesis, counts)
        recall += _quotient(matches, reference, counts)
        num_orders += counts
    precision = _quotient(precision, num_orders, num_orders > 0)
    recall = _quotient(recall, num_orders, num_orders > 0)
    factor = _CHRF_BETA**2
    f_score = _quotient(
        (1 + factor) * precision * recall, factor * precision + recall, precision + recall > 0
    )
    return (100 * f_score)[:, None]


def ter_from_sums(sums: Floats) -> Floats:
    """Return TER (Snover et al. 2006).

    Args:
        sums: Shape (num_samples, 2): edits, and length of the references (of several: their mean).

    Returns:
        Shape (num_samples, 1).
    """
    edits, length = sums[:, 0], sums[:, 1]
    rate = np.where(length > 0, _quotient(edits, length, length > 0), (edits > 0).astype(float))
    return (100 * rate)[:, None]


def error_rate_from_sums(sums: Floats) -> Floats:
    """Return WER or CER, with TER's rule for empty references.

    Args:
        sums: Shape (num_samples, 2): edits, and length of the references.

    Returns:
        Shape (num_samples, 1).
    """
    edits, length = sums[:, 0], sums[:, 1]
    # The factor before the quotient, as for a corpus score, for the same last digit.
    rate = _quotient(100.0 * edits, length, length > 0)
    return np.where(length > 0, rate, 100.0 * (edits > 0))[:, None]


def _quotient(numerator: Floats, denominator: Floats, where: NDArray[np.bool_]) -> Floats:
    """Return the quotient where requested, 0 elsewhere."""
    return np.divide(numerator, denominator, out=np.zeros(len(numerator)), where=where)
