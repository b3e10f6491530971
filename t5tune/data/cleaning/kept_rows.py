"""Which rows of training data the rules of a recipe keep, found in one pass by all cores."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from t5tune.data.cleaning.cleaner import Cleaner
from t5tune.data.cleaning.cleaning_report import CleaningReport
from t5tune.data.executors.chosen_executor import map_in_order
from t5tune.data.pairs import Pairs


@dataclass(frozen=True)
class KeptRows:
    """Rows that stay.

    Attributes:
        is_kept: Whether each row stays, shape (num_rows,): a byte for each.
        report: What was left out.
    """

    is_kept: NDArray[np.bool_]
    report: CleaningReport


class SeenKeys:
    """Keys that have occurred, in 8 bytes each, and up to three times that while they are merged.

    They are kept in sorted arrays, each at least twice as long as the next one.
    """

    def __init__(self) -> None:
        self._sorted: list[NDArray[np.uint64]] = []

    def add(self, keys: NDArray[np.uint64]) -> NDArray[np.bool_]:
        """Return which of some keys occurred before, among them or in an earlier call."""
        is_seen = np.ones(len(keys), np.bool_)
        is_seen[np.unique(keys, return_index=True)[1]] = False
        for known in self._sorted:
            places = np.searchsorted(known, keys).clip(max=len(known) - 1)
            is_seen |= known[places] == keys
        new = np.sort(keys[~is_seen])
        while self._sorted and len(self._sorted[-1]) < 2 * len(new):
            new = np.sort(np.concatenate([self._sorted.pop(), new]), kind="stable")
        if len(new):
            self._sorted.append(new)
        return is_seen


def find_kept_rows(cleaner: Cleaner, chunks: Iterable[Pairs]) -> KeptRows:
    """Judge all pairs; of those that repeat each other the first one stays.

    Args:
        cleaner: Rules.
        chunks: All pairs, some at a time.

    Raises:
        T5TuneError: No pair is left, or the pairs cannot be read.
    """
    report = CleaningReport.of_rules(cleaner.names, cleaner.key)
    seen = [SeenKeys() for _ in cleaner.keys]
    kept = []
    for pairs, (verdicts, keys) in map_in_order(cleaner.judge, chunks):
        verdicts = verdicts.copy()
        for number, of_rule, known in zip(range(len(seen)), keys, seen, strict=True):
            rows = np.flatnonzero(verdicts == 0)
            repeated = rows[known.add(of_rule[rows])]
            verdicts[repeated] = len(cleaner.drops) + number + 1
        report.add(pairs, verdicts)
        kept.append(verdicts == 0)
    report.check_some_are_left()
    return KeptRows(np.concatenate(kept) if kept else np.zeros(0, np.bool_), report)


def join_kept_rows(parts: Sequence[KeptRows]) -> KeptRows:
    """Return the rows of several data sets that follow each other, with the counts of all."""
    report = CleaningReport()
    for part in parts:
        report.num_read += part.report.num_read
        for name, count in part.report.counts.items():
            report.counts[name] = report.counts.get(name, 0) + count
    return KeptRows(np.concatenate([part.is_kept for part in parts]), report)
