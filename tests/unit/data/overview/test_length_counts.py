"""Test counts of lengths against the lengths themselves."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from t5tune.data.overview.length_counts import LengthCounts

some_lengths = st.lists(st.integers(0, 3000), min_size=1, max_size=20)


@settings(max_examples=30)
@given(some_lengths, some_lengths, st.integers(1, 3500))
def test_counts_say_what_the_lengths_say(first: list[int], second: list[int], limit: int) -> None:
    counts = LengthCounts.of([np.array(first)]) + LengthCounts.of([np.array(second)])
    lengths = first + second
    assert (counts.num_texts, counts.num_tokens) == (len(lengths), sum(lengths))
    assert counts.longest == max(lengths)
    assert counts.count_longer(limit) == sum(length > limit for length in lengths)
    assert counts.count_cut_off(limit) == sum(max(length - limit, 0) for length in lengths)
    for share in (0.5, 0.95, 1.0):
        quantile = counts.find_quantile(share)
        assert sum(length <= quantile for length in lengths) >= share * len(lengths) - 1e-6
        assert sum(length < quantile for length in lengths) < share * len(lengths)


@settings(max_examples=30)
@given(some_lengths, st.integers(1, 3500))
def test_every_text_is_in_one_bin(lengths: list[int], limit: int) -> None:
    bins = LengthCounts.of([np.array(lengths)]).bins(limit)
    assert len(bins) <= 32
    for one in bins:
        last = one.last or max(lengths)
        assert one.num_texts == sum(one.first <= length <= last for length in lengths)
    assert sum(one.num_texts for one in bins) == len(lengths)


def test_a_tail_is_one_bin_and_what_is_over_the_limit_can_be_seen() -> None:
    counts = LengthCounts.of([np.array([20] * 995 + [5000])])
    assert counts.bins(64)[-1] == (81, None, 1)
    assert [one.last for one in counts.bins(10_000)][-2:] == [20, None]
    assert LengthCounts.of([]).bins(64) == []
