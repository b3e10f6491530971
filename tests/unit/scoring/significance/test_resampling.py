"""Test that confidence intervals are sacreBLEU's."""

from __future__ import annotations

import numpy as np
import pytest
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF
from sacrebleu.metrics.ter import TER

from t5tune.scoring.compute import score_hypotheses
from t5tune.scoring.score import Score
from t5tune.scoring.significance import resampling
from t5tune.scoring.significance.resampling import (
    add_interval,
    draw_samples,
    percentile_interval,
)
from t5tune.scoring.system_output import SystemOutput
from tests.unit.scoring.sample_texts import OWN_METRICS, SampleTexts

METRICS = {"bleu": BLEU, "chrf": lambda: CHRF(word_order=2), "ter": TER}


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("seed", [12345, 7])
def test_interval_and_signature_equal_sacrebleus(
    metric: str, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SACREBLEU_SEED", str(seed))
    texts = SampleTexts(5, 60, 2)
    hypotheses = texts.system()
    theirs = METRICS[metric]()
    expected = theirs.corpus_score(hypotheses, texts.streams, n_bootstrap=200)
    monkeypatch.setenv("SACREBLEU_SEED", "99")  # is sacreBLEU's, not ours
    (score,) = score_hypotheses(
        [metric], SystemOutput(hypotheses, texts.references), num_resamples=200, seed=seed
    )
    assert score.confidence_interval is not None
    lower, upper = score.confidence_interval
    # sacreBLEU computes in 24 bits here.
    assert (upper - lower) / 2 == pytest.approx(expected._ci, rel=1e-4)
    assert lower < score.value < upper
    assert score.value == expected.score
    assert score.signature == str(theirs.get_signature())


def test_every_metric_has_intervals_and_keeps_its_value() -> None:
    texts = SampleTexts(6, 30)
    hypotheses = texts.system()
    plain = score_hypotheses(OWN_METRICS, SystemOutput(hypotheses, texts.references))
    with_intervals = score_hypotheses(
        OWN_METRICS, SystemOutput(hypotheses, texts.references), num_resamples=100
    )
    for before, after in zip(plain, with_intervals, strict=True):
        assert after.value == before.value
        assert before.confidence_interval is None
        assert after.confidence_interval is not None
        lower, upper = after.confidence_interval
        assert lower <= after.value <= upper
        assert "|bs:100|seed:12345|" in after.signature
        assert after.signature.replace("|bs:100|seed:12345", "") == before.signature


def test_blocks_draw_what_one_draw_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = np.random.default_rng(3).choice(7, size=(50, 7), replace=True)
    monkeypatch.setattr(resampling, "MAX_BLOCK_ELEMENTS", 21)
    blocks = list(draw_samples(7, 50, seed=3))
    assert len(blocks) == 17
    assert np.array_equal(np.concatenate(blocks), whole)


def test_interval_leaves_out_one_in_forty_at_either_end() -> None:
    assert percentile_interval(np.arange(1000.0)[::-1]) == (25, 974)
    assert percentile_interval(np.array([3.0, 1.0])) == (1, 3)


def test_signature_says_all_that_was_drawn() -> None:
    score = add_interval(Score("BLEU", 1.0, "nrefs:1|case:lc"), np.ones(10), 3, bs=10, ar=20)
    assert score.signature == "nrefs:1|bs:10|ar:20|seed:3|case:lc"
