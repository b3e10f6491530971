"""Test wins, losses and verdicts of a comparison."""

from __future__ import annotations

import pytest

from t5tune.reporting.comparisons.comparison_text import comparison_to_json
from t5tune.scoring.score import ScoringOptions
from t5tune.scoring.significance.comparison import Comparison, Resampling, compare_systems
from t5tune.scoring.system_output import SystemOutput

REFERENCES = [["a b c d"], ["one two"], ["x"], ["yes | no"]]
BASELINE = ["a b c d", "one three", "y", "yes | no"]
BETTER = ["a b c d", "one two", "x", "no"]
RESAMPLING = Resampling(num_resamples=50, num_trials=60)


@pytest.fixture
def comparison() -> Comparison:
    return compare_systems(
        {
            "old": SystemOutput(BASELINE, REFERENCES, ["s0", "s1", "s2", "s3"]),
            "new": SystemOutput(BETTER, REFERENCES, ["s0", "s1", "s2", "s3"]),
            "old again": SystemOutput(BASELINE, REFERENCES, ["s0", "s1", "s2", "s3"]),
        },
        ["wer", "exact_match"],
        ScoringOptions(),
        split="test",
        resampling=RESAMPLING,
    )


def test_wins_and_losses_heed_the_direction(comparison: Comparison) -> None:
    _, new, same = comparison.systems
    for tally in new.tallies:  # an error rate and a share of matches
        assert (tally.wins, tally.losses, tally.ties) == (2, 1, 1)
    assert comparison.example_gains(new) == [0, 50, 100, pytest.approx(-200 / 3)]
    assert comparison.largest_wins(new) == [2, 1]
    assert comparison.largest_losses(new) == [3]
    assert new.num_different == 3
    assert (same.num_different, comparison.largest_wins(same)) == (0, [])
    assert {one.verdict for one in same.differences} == {"the same outputs"}
    assert [one.verdict for one in new.differences] == [
        "the same score",
        "too few outputs differ to tell (3)",
    ]


def test_the_same_outputs_have_a_p_value_of_one(comparison: Comparison) -> None:
    """No difference is more likely by chance than none, whatever sacreBLEU's tests count."""
    new, same = comparison.systems[1:]
    for difference in same.differences:
        assert difference.p_values == {"bootstrap": 1.0, "randomization": 1.0}
        assert difference.confidence_interval == (0, 0)
    assert {one.p_values["bootstrap"] for one in new.differences} != {1.0}


def test_differences_are_system_minus_baseline(comparison: Comparison) -> None:
    old, new, _ = comparison.systems
    assert comparison.baseline is old
    assert old.differences == ()
    for number, difference in enumerate(new.differences):
        assert difference.value == new.scores[number].value - old.scores[number].value
        assert difference.confidence_interval[0] <= difference.value
        assert difference.confidence_interval[1] >= difference.value
        assert set(difference.p_values) == {"bootstrap", "randomization"}
    assert new.differences[1].value == 25


def test_one_test_alone(comparison: Comparison) -> None:
    alone = compare_systems(
        {"old": SystemOutput(BASELINE, REFERENCES), "new": SystemOutput(BETTER, REFERENCES)},
        ["wer"],
        ScoringOptions(),
        resampling=Resampling(tests=("bootstrap",), num_resamples=50),
    )
    assert set(alone.systems[1].differences[0].p_values) == {"bootstrap"}
    assert "|ar:" not in alone.systems[1].scores[0].signature
    assert comparison_to_json(alone)["num_trials"] is None
    both = comparison.systems[1].differences[0].p_values["bootstrap"]
    assert alone.systems[1].differences[0].p_values["bootstrap"] == both
