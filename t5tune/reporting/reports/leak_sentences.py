"""What is said about examples in the training data: before training, and in a report."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from t5tune.scoring.diagnosis.breakdown import AGREEMENT, MIN_EXAMPLES
from t5tune.scoring.diagnosis.findings import Breakdown
from t5tune.scoring.diagnosis.leaks import LEAKED

if TYPE_CHECKING:
    from t5tune.data.examples import Examples
    from t5tune.data.overlap import LeakedExample, TrainingOverlap
    from t5tune.reporting.reports.report import Report
    from t5tune.scoring.score import Score

_MOST_CHARACTERS = 80  # of a quoted text
# By agreement, as in `TrainingOverlap`.
_KINDS = {"exact": "as the same pair", "same_source": "with the same source", "near": "nearly"}


def describe_leaks(sets: Sequence[Examples], overlaps: Sequence[TrainingOverlap]) -> list[str]:
    """Return lines for the start of a training: counts, and each leak with an example.

    Args:
        sets: Sets that the model will translate.
        overlaps: Their overlaps with the training data.
    """
    counts = [
        f"{overlap.num_leaked:,} of {len(overlap.agreement):,} {examples.split} examples"
        for examples, overlap in zip(sets, overlaps, strict=True)
    ]
    lines = [f"data: {' and '.join(counts)} are in the training data, exactly or nearly"]
    for examples, overlap in zip(sets, overlaps, strict=True):
        if overlap.worst is None or not overlap.is_notable:
            continue
        numbers = {kind: overlap.agreement.count(kind) for kind in (*_KINDS, "clean")}
        lines += [
            f"leak: {_share(numbers)} of the {examples.split} set is {_say_where(numbers)}. "
            f"{_consequence(examples.split, numbers['clean'])}",
            f"leak: for example, {quote_leak(examples, overlap, overlap.worst)}",
        ]
    return lines


def describe_leak(report: Report) -> str | None:
    """Return what a report says first if many of its examples are in the training data."""
    is_notable = any(one.name == LEAKED and one.is_notable for one in report.findings)
    breakdown = next((one for one in report.breakdowns if one.name == AGREEMENT), None)
    if not is_notable or breakdown is None:
        return None
    kinds = (*_KINDS, "clean")
    numbers = {
        kind: bucket.num_examples for kind, bucket in zip(kinds, breakdown.buckets, strict=True)
    }
    return (
        f"{_share(numbers)} of the {report.num_examples:,} examples are {_say_where(numbers)}. "
        f"{_about_clean_part(report, breakdown)}"
    )


def find_clean_score(report: Report) -> Score | None:
    """Return the main score of the clean part, if much has leaked and there are enough examples."""
    breakdown = next((one for one in report.breakdowns if one.name == AGREEMENT), None)
    if breakdown is None or describe_leak(report) is None:
        return None
    main = report.scores[0].name
    return next((one for one in breakdown.buckets[-1].scores if one.name == main), None)


def _about_clean_part(report: Report, breakdown: Breakdown) -> str:
    clean = breakdown.buckets[-1]
    if not clean.num_examples:
        return (
            "There is no clean part, so that no score here says what the model does with texts "
            "that it has not seen."
        )
    if not clean.scores:
        return (
            f"Only {clean.num_examples} are clean, too few for a score of their own "
            f"(at least {MIN_EXAMPLES})."
        )
    full = {score.name: score for score in report.scores}
    score = next((score for score in clean.scores if score.name in full), clean.scores[0])
    spread = ""
    if score.shown_interval is not None:
        spread = f" (95 % interval {' to '.join(score.shown_interval)})"
    on_all = f"{full[score.name].shown} on all, and " if score.name in full else ""
    return (
        f"{score.name} is {on_all}{score.shown}{spread} on the {clean.num_examples:,} clean ones: "
        "only the latter says what the model does with texts that it has not seen."
    )


def _share(numbers: Mapping[str, int]) -> str:
    total = sum(numbers.values())
    return f"{100 * (total - numbers['clean']) / total:.1f} %"


def _say_where(numbers: Mapping[str, int]) -> str:
    found = [f"{numbers[kind]:,} {text}" for kind, text in _KINDS.items() if numbers[kind]]
    if found == [f"{numbers['near']:,} {_KINDS['near']}"]:
        return (
            "nearly in the training data: a few words differ, or the source is part of a longer one"
        )
    return f"in the training data: {', '.join(found)}"


def _consequence(split: str, num_clean: int) -> str:
    if split.startswith("validation"):
        return "Validation scores and the choice of the best checkpoint favour learning by heart."
    if split.startswith("test-"):  # another direction than that of the report
        return "Its scores favour learning by heart."
    if not num_clean:
        return "There is no clean part to report a score on."
    return f"The report will have a score of the {num_clean:,} clean ones too."


def quote_leak(examples: Examples, overlap: TrainingOverlap, worst: LeakedExample) -> str:
    """Return a sentence about a leaked example and the training pair that it agrees with."""
    source, training_source, target = (
        f'"{textwrap.shorten(text, _MOST_CHARACTERS, placeholder=" …")}"'
        for text in (examples.sources[worst.number], worst.training_source, worst.training_target)
    )
    example = f"{examples.split} example {worst.number:,} (from 0)"
    pair = (
        f"{worst.place} (from 1)"
        if worst.place
        else f"training pair {worst.training_number:,} (from 0)"
    )
    agreement = overlap.agreement[worst.number]
    if agreement == "exact":
        return f"{example} is {pair}: {training_source} → {target}"
    if agreement == "same_source":
        return f"{example} has the source of {pair}: {training_source}"
    return f"{example} is nearly {pair}: {source}, and there {training_source}"
