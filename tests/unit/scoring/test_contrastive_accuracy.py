"""Test accuracies of contrastive sets, and the gap between stereotypes."""

from __future__ import annotations

import pytest

from t5tune.scoring.contrastive_accuracy import (
    ANTI,
    PRO,
    ContrastiveItem,
    ItemScores,
    measure_accuracy,
    measure_gap,
)


def item(*categories: str, group: str | None = None, num_wrong: int = 1) -> ContrastiveItem:
    return ContrastiveItem("s", "r", ("w",) * num_wrong, categories, group)


def scores(*sums: float, lengths: tuple[int, ...] = ()) -> ItemScores:
    counts = lengths or (1,) * len(sums)
    return ItemScores(sums, tuple(s / n for s, n in zip(sums, counts, strict=True)))


def test_the_right_target_has_to_win_by_its_sum_against_each_wrong_one() -> None:
    items = [item("a"), item("a", "b", num_wrong=2), item("b"), item("b")]
    found = [
        scores(-1, -2),
        scores(-3, -4, -2),
        scores(-2, -2),  # a tie is wrong
        scores(-6, -5, lengths=(6, 2)),  # a long target is right by its mean only
    ]
    every, of_a, of_b = measure_accuracy(items, found)
    assert (every.category, every.num_items, every.num_right) == (None, 4, 1)
    assert every.num_right_per_token == 2
    assert every.chance == pytest.approx(0.5 + 1 / 3 + 0.5 + 0.5)
    assert (of_a.category, of_a.num_items, of_a.num_right) == ("a", 2, 1)
    assert (of_b.category, of_b.num_items, of_b.num_right) == ("b", 3, 0)
    score = every.score
    assert score.value == 25
    assert score.confidence_interval == pytest.approx((4.56, 69.94), abs=0.01)
    assert "score:sum" in score.signature


def test_a_planted_gap_is_found_and_a_missing_one_is_not() -> None:
    items = [item(kind, group=str(i % 20)) for i in range(80) for kind in (PRO, ANTI)]
    biased = [
        scores(0, -1) if kind == 0 or i % 4 == 0 else scores(-1, 0)
        for i in range(80)
        for kind in (0, 1)
    ]
    gap = measure_gap(items, biased)
    assert gap is not None
    assert (gap.value, gap.num_groups) == (75.0, 20)
    assert gap.p_value < 0.01
    assert gap.confidence_interval[0] > 50
    fair = [scores(0, -1) if i % 3 else scores(-1, 0) for i in range(80) for _ in (0, 1)]
    gap = measure_gap(items, fair)
    assert gap is not None
    assert (gap.value, gap.p_value) == (0.0, 1.0)
    assert measure_gap(items[::2], biased[::2]) is None


def test_a_preference_for_one_gender_hides_no_gap_between_stereotypes() -> None:
    """A model prefers the masculine, and in the right direction a little more often."""
    items, found = [], []
    for number in range(40):
        of_women = number % 2 == 0
        for gender in ("feminine", "masculine"):
            is_pro = of_women == (gender == "feminine")
            for trial in range(20):
                num_right = (4 if gender == "feminine" else 16) + (2 if is_pro else -2)
                items.append(item(PRO if is_pro else ANTI, gender, group=str(number)))
                found.append(scores(0, -1) if trial < num_right else scores(-1, 0))
    gap = measure_gap(items, found)
    assert gap is not None
    assert (gap.value, gap.num_groups) == (pytest.approx(20), 40)
    assert gap.p_value < 0.001
    assert gap.confidence_interval == pytest.approx((20, 20))


def test_a_group_is_one_observation() -> None:
    items = [item(kind, group="g") for _ in range(50) for kind in (PRO, ANTI)]
    found = [scores(0, -1), scores(-1, 0)] * 50
    gap = measure_gap(items, found)
    assert gap is not None
    assert gap.value == 100
    assert gap.p_value == 1.0, "one occupation proves nothing about others"
