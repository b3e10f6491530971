"""p-values in words that claim only what they show."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from t5tune.scoring.significance.comparison import Test

LEVEL = 0.05


def state_verdict(
    difference: float,
    p_values: Mapping[Test, float],
    *,
    lower_is_better: bool,
    num_different: int,
    num_comparisons: int,
) -> str:
    """Return the verdict on a system compared with the baseline.

    Args:
        p_values: p-values by test. sacreBLEU's bootstrap test looks at one direction, so its
            p-value is doubled; the randomisation test looks at both.
        num_different: Number of examples whose hypotheses differ. Of their 2 ** n exchanges two are
            always as extreme as the observed one (itself and its mirror image), so an exact
            test of n = 5 cannot get below 2 / 2 ** 5 = 0.06; sacreBLEU's tests can.
        num_comparisons: Number of systems compared with the baseline: the more there are, the
            more likely one of them has a small p-value by chance, so each has to be below
            0.05 / num_comparisons (Bonferroni's correction; Dunn 1961).
    """
    if num_different == 0:
        return "the same outputs"
    if difference == 0:
        return "the same score"
    if not p_values:
        return "not tested"
    if 2.0 ** (1 - num_different) >= LEVEL / num_comparisons:
        return f"too few outputs differ to tell ({num_different})"
    two_sided = [p * (2 if test == "bootstrap" else 1) for test, p in p_values.items()]
    direction = "better" if (difference < 0) == lower_is_better else "worse"
    corrected = f"after correction for {num_comparisons} comparisons"
    if max(two_sided) < LEVEL / num_comparisons:
        return f"{direction} (p < {LEVEL}{' ' + corrected if num_comparisons > 1 else ''})"
    if max(two_sided) < LEVEL:
        return f"perhaps {direction} (p < {LEVEL}, but not {corrected})"
    if min(two_sided) < LEVEL:
        return "unclear (the two tests disagree)"
    return "no evidence of a difference"
