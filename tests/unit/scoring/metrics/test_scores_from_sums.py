"""Test scores from sums of many resampled test sets, and values of single examples."""

from __future__ import annotations

import numpy as np
import pytest
from sacrebleu.metrics.bleu import BLEU

from t5tune.scoring.metrics.additive_metric import AdditiveMetric
from t5tune.scoring.metrics.edit_distance import error_rates
from t5tune.scoring.registry import build_metric
from t5tune.scoring.score import ScoringOptions
from t5tune.scoring.system_output import SystemOutput
from tests.unit.scoring.sample_texts import OWN_METRICS, SampleTexts


def random_sums(columns: int, seed: int = 0) -> np.ndarray:
    """Return small and large sums, with zeros in all places."""
    rng = np.random.default_rng(seed)
    sums = rng.integers(0, [[3], [50], [100_000]] * 200, size=(600, columns)).astype(float)
    sums[rng.random(sums.shape) < 0.2] = 0
    return sums


def test_bleu_of_an_example_has_the_orders_that_fit() -> None:
    sums = random_sums(10)
    sums[:, 6:] += sums[:, 2:6]  # no more matches than n-grams
    sums[:, 6] += sums[:, 2:6].sum(axis=1)  # and words wherever anything matches
    scorer = build_metric("bleu", ScoringOptions())
    assert isinstance(scorer, AdditiveMetric)
    statistics = scorer.build_statistics(sums)  # type: ignore[arg-type]
    corpus, single = BLEU(), BLEU(effective_order=True)
    expected = [corpus._compute_score_from_stats(list(row)).score for row in sums]
    assert statistics.compute(sums)[:, 0].tolist() == expected
    expected = [single._compute_score_from_stats(list(row)).score for row in sums]
    assert statistics.segment_scores().tolist() == expected
    assert len(set(expected)) > 300


def test_empty_references_of_error_rates() -> None:
    assert error_rates(np.array([[0.0, 0], [2, 0], [1, 4]])).tolist() == [[0], [100], [25]]


@pytest.mark.parametrize("metric", OWN_METRICS)
@pytest.mark.parametrize("num_references", [1, 2])
def test_all_examples_once_give_the_score(metric: str, num_references: int) -> None:
    texts = SampleTexts(3, 40, num_references)
    hypotheses = texts.system()
    scorer = build_metric(metric, ScoringOptions())
    statistics = scorer.collect_statistics(SystemOutput(hypotheses, texts.references))
    recomputed = statistics.compute_scores(np.arange(40)[None])[0]
    values = [
        score.value for score in scorer.score_corpus(SystemOutput(hypotheses, texts.references))
    ]
    assert recomputed == pytest.approx(values, rel=1e-13, abs=1e-13)
    if metric in ("bleu", "chrf", "ter"):
        assert recomputed.tolist() == values


@pytest.mark.parametrize("metric", OWN_METRICS)
def test_values_of_examples(metric: str) -> None:
    texts = SampleTexts(4, 30, 2)
    hypotheses = texts.system()
    scorer = build_metric(metric, ScoringOptions())
    values = scorer.collect_statistics(SystemOutput(hypotheses, texts.references)).segment_scores()  # type: ignore[attr-defined]
    assert values.tolist() == scorer.score_segments(SystemOutput(hypotheses, texts.references))
    if metric in ("wer", "cer", "chrf", "ter", "exact_match", "token_f1"):
        for index in (0, 7, 21):
            alone = scorer.score_corpus(
                SystemOutput([hypotheses[index]], [texts.references[index]])
            )
            assert values[index] == pytest.approx(alone[0].value)
