"""Test that p-values are sacreBLEU's, from the same random numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF
from sacrebleu.metrics.ter import TER
from sacrebleu.significance import PairedTest

from t5tune.files.text_files import read_lines
from t5tune.scoring.metrics.statistics import MeanStatistics
from t5tune.scoring.score import ScoringOptions, SegmentStatistics
from t5tune.scoring.significance import paired_differences as significance
from t5tune.scoring.significance.comparison import Comparison, Resampling, compare_systems
from t5tune.scoring.significance.paired_differences import bootstrap_p_value, randomization_p_values
from t5tune.scoring.system_output import SystemOutput
from tests.unit.scoring.sample_texts import SampleTexts

BOTH = {"bootstrap": "bs", "randomization": "ar"}


def assert_equals_sacrebleu(
    comparison: Comparison, streams: list[list[str]], with_ter: bool = True
) -> None:
    systems = [(one.name, one.hypotheses) for one in comparison.systems]
    draws = comparison.resampling
    for test, their_name in BOTH.items():
        metrics = {"BLEU": BLEU(), "chrF2++": CHRF(word_order=2)}
        if with_ter:
            metrics["TER"] = TER()
        num = draws.num_resamples if test == "bootstrap" else draws.num_trials
        _, expected = PairedTest(systems, metrics, streams, their_name, num)()
        for number, name in enumerate(metrics):
            for system, theirs in zip(comparison.systems[1:], expected[name][1:], strict=True):
                ours = system.differences[number]
                assert ours.p_values[test] == theirs.p_value, (test, name)  # type: ignore[index]
                assert system.scores[number].value == theirs.score
                if test == "bootstrap":
                    interval = system.scores[number].confidence_interval
                    assert interval is not None
                    half = (interval[1] - interval[0]) / 2
                    assert half == pytest.approx(theirs.ci, rel=1e-4)


@pytest.mark.parametrize("num_references", [1, 2])
@pytest.mark.parametrize("num_examples", [8, 90])
def test_p_values_equal_sacrebleus(
    num_examples: int, num_references: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SACREBLEU_SEED", "7")
    texts = SampleTexts(num_examples, num_examples, num_references)
    systems = [texts.system(0.2), texts.system(0.2), texts.system(0.25)]
    comparison = compare_systems(
        {
            name: SystemOutput(one, texts.references)
            for name, one in zip(["a", "b", "c"], systems, strict=True)
        },
        ["bleu", "chrf", "ter"],
        ScoringOptions(),
        resampling=Resampling(num_resamples=150, num_trials=170, seed=7),
    )
    assert_equals_sacrebleu(comparison, texts.streams)


def test_p_values_of_wmt_systems_equal_sacrebleus(real_data: Path) -> None:
    folder = real_data / "wmt17_systems"
    names = ["LMU-nmt-single.4893", "LIUM-NMT.4900", "KIT.4950"]
    references = read_lines(folder / "reference")[:700]
    systems = [read_lines(folder / f"newstest2017.{name}.en-de")[:700] for name in names]
    comparison = compare_systems(
        {
            name: SystemOutput(one, [[text] for text in references])
            for name, one in zip(names, systems, strict=True)
        },
        ["bleu", "chrf"],
        ScoringOptions(),
        resampling=Resampling(num_resamples=200, num_trials=200),
    )
    assert_equals_sacrebleu(comparison, [references], with_ter=False)
    p_values = [one.p_values["bootstrap"] for one in comparison.systems[1].differences]
    assert (
        max(p_values) > 0.01
    )  # not all are the smallest possible one, or equality would say little


def test_blocks_toss_the_coins_of_one_draw(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = np.random.default_rng(3).integers(2, size=(100, 7), dtype=bool)
    monkeypatch.setattr(significance, "MAX_BLOCK_ELEMENTS", 7 * 40)
    blocks = list(significance._draw_coins(7, 100, seed=3))
    assert [len(block) for block in blocks] == [32, 32, 32, 4]
    assert np.array_equal(np.concatenate(blocks), whole)


class MedianStatistics:
    """Compute a score that is not a function of sums."""

    def __init__(self, values: list[float]) -> None:
        self.values = np.array(values)
        self.num_examples = len(values)

    def compute_scores(self, samples: NDArray[np.int64]) -> NDArray[np.float64]:
        medians: NDArray[np.float64] = np.median(self.values[samples], axis=1)[:, None]
        return medians

    def join(self, other: SegmentStatistics) -> SegmentStatistics:
        assert isinstance(other, MedianStatistics)
        return MedianStatistics([*self.values, *other.values])


class SlowMeanStatistics(MedianStatistics):
    """Compute a mean from the examples and not from sums."""

    def compute_scores(self, samples: NDArray[np.int64]) -> NDArray[np.float64]:
        means: NDArray[np.float64] = np.mean(self.values[samples], axis=1)[:, None]
        return means

    def join(self, other: SegmentStatistics) -> SegmentStatistics:
        assert isinstance(other, SlowMeanStatistics)
        return SlowMeanStatistics([*self.values, *other.values])


def test_statistics_without_sums_are_exchanged_by_example() -> None:
    rng = np.random.default_rng(0)
    first, second = rng.integers(0, 9, 30).tolist(), rng.integers(1, 10, 30).tolist()
    slow = randomization_p_values(
        [SlowMeanStatistics(first)], [SlowMeanStatistics(second)], 500, 1, [True]
    )
    fast = randomization_p_values([MeanStatistics(first)], [MeanStatistics(second)], 500, 1, [True])
    assert slow == fast
    assert 0.01 < slow[0][0] < 0.9
    median = randomization_p_values(
        [MedianStatistics(first)], [MedianStatistics(second)], 500, 1, [True]
    )
    assert 0 < median[0][0] <= 1


def test_statistics_that_cannot_be_joined_are_a_bug() -> None:
    class Lonely:
        num_examples = 1

        def compute_scores(self, samples: NDArray[np.int64]) -> NDArray[np.float64]:
            return np.zeros((len(samples), 1))

    with pytest.raises(TypeError, match="Lonely cannot join"):
        randomization_p_values([Lonely()], [Lonely()], 10, 1, [True])


def test_ties_count_where_the_test_is_to_be_exact() -> None:
    """One example of 30 differs, so every exchange gives the observed difference, and p is 1."""
    baseline, system = [100.0] * 30, [100.0] * 29 + [0.0]
    both = [MeanStatistics(baseline)], [MeanStatistics(system)]
    assert randomization_p_values(*both, 99, 1, [True]) == [[1.0]]
    assert randomization_p_values(*both, 99, 1, [False]) == [[0.01]]  # as sacreBLEU has it


def test_exact_p_value_of_few_differences() -> None:
    """With six examples in one direction, 2 of the 64 exchanges are as extreme."""
    both = [MeanStatistics([1.0] * 6 + [5.0] * 9)], [MeanStatistics([2.0] * 6 + [5.0] * 9)]
    ((p_value,),) = randomization_p_values(*both, 20_000, 3, [True])
    assert p_value == pytest.approx(2 / 64, abs=0.005)


def test_bootstrap_p_value_by_hand() -> None:
    baseline, system = np.zeros(4), np.array([1.0, 2.0, 3.0, 10.0])
    # The mean difference is 4; only the last one is more than 3 above it.
    assert bootstrap_p_value(baseline, system, -3.0) == 2 / 5
    assert bootstrap_p_value(baseline, system, 6.0) == 1 / 5
