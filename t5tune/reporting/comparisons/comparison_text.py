"""A comparison as JSON and plain lines; words and numbers that all formats share."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

from t5tune.scoring.registry import format_value
from t5tune.scoring.score import Score
from t5tune.scoring.significance.comparison import ComparedSystem, Comparison, Difference

SCHEMA_VERSION = 1


@dataclass(frozen=True)
class ScoreRow:
    """One score of one system, as text.

    The baseline has no difference. The p-values come in the order of the tests, with `-` where a
    metric does not allow one.
    """

    system: str
    value: str
    interval: str
    difference: str
    difference_interval: str
    p_values: tuple[str, ...]
    verdict: str


def score_tables(comparison: Comparison) -> Iterator[tuple[Score, list[ScoreRow]]]:
    """Return for each score the baseline's, with name and signature, and a row per system."""
    for number, score in enumerate(comparison.baseline.scores):
        yield score, [_score_row(comparison, system, number) for system in comparison.systems]


def _score_row(comparison: Comparison, system: ComparedSystem, number: int) -> ScoreRow:
    score = system.scores[number]
    name = score.name
    interval = ""
    if score.confidence_interval is not None:
        interval = _interval(name, score.confidence_interval)
    tests = comparison.resampling.tests
    if not system.differences:
        blank = tuple("" for _ in tests)
        return ScoreRow(system.name, score.shown, interval, "", "", blank, "baseline")
    difference = system.differences[number]
    return ScoreRow(
        system.name,
        score.shown,
        interval,
        format_value(name, difference.value, "+"),
        _interval(name, difference.confidence_interval, "+"),
        tuple(
            f"{difference.p_values[test]:.4f}" if test in difference.p_values else "-"
            for test in tests
        ),
        difference.verdict,
    )


def _interval(name: str, ends: tuple[float, float], sign: str = "") -> str:
    return f"[{', '.join(format_value(name, end, sign) for end in ends)}]"


def describe_examples(comparison: Comparison, system: ComparedSystem) -> str:
    """Return one line that compares the examples of a system with the baseline's."""
    num_same = comparison.num_examples - system.num_different
    tallies = "; ".join(
        f"{name}: {tally.wins:,} wins, {tally.losses:,} losses, {tally.ties:,} ties"
        for name, tally in zip(comparison.example_metric_names, system.tallies, strict=True)
    )
    return (
        f"{system.name} against {comparison.baseline.name}: {num_same:,} of "
        f"{comparison.num_examples:,} outputs are the same; by example, {tallies}"
    )


def state_caveats(comparison: Comparison) -> list[str]:
    """Return how the numbers were computed and what they do not show."""
    resampling = comparison.resampling
    lines = [
        f"Intervals hold 95 % of {resampling.num_resamples:,} resampled test sets "
        f"(seed {resampling.seed})."
    ]
    if resampling.tests:
        names = {
            "bootstrap": f"bootstrap, {resampling.num_resamples:,} resamples",
            "randomization": f"approximate randomisation, {resampling.num_trials:,} trials",
        }
        tests = " and ".join(names[test] for test in resampling.tests)
        lines.append(
            f"p-values are of paired tests ({tests}): how often the choice of test examples alone "
            "makes a difference as large as this one. They say nothing about another kind of "
            "text, nor about the same training with another seed."
        )
    if "bootstrap" in resampling.tests:
        lines.append(
            "The bootstrap p-value is sacreBLEU's, which counts one direction: verdicts double it."
        )
    num_comparisons = len(comparison.systems) - 1
    if num_comparisons > 1:
        lines.append(
            f"{num_comparisons} systems are compared with the baseline: verdicts ask for "
            f"p < {0.05 / num_comparisons:.4f}."
        )
    return lines


def format_lines(comparison: Comparison) -> str:
    """Return plain lines for files and pipes: scores, then a line for each system's examples."""
    lines = []
    for score, rows in score_tables(comparison):
        lines.append(f"{score.name}  {score.signature}")
        for row in rows:
            cells = [row.system, row.value, row.interval]
            if row.difference:
                cells += [row.difference, row.difference_interval]
                tests = zip(comparison.resampling.tests, row.p_values, strict=True)
                cells += [f"{test} p={value}" for test, value in tests]
            lines.append("  " + "  ".join([*filter(None, cells), row.verdict]))
    lines += [describe_examples(comparison, system) for system in comparison.systems[1:]]
    return "\n".join(lines)


def format_json(comparison: Comparison) -> str:
    """Return the text of comparison.json, without the newline at its end."""
    return json.dumps(comparison_to_json(comparison), ensure_ascii=False, indent=2, allow_nan=False)


def comparison_to_json(comparison: Comparison) -> dict[str, object]:
    """Return the comparison as JSON values, every example included."""
    resampling = comparison.resampling
    return {
        "schema_version": SCHEMA_VERSION,
        "split": comparison.split,
        "num_examples": comparison.num_examples,
        "baseline": comparison.baseline.name,
        "tests": list(resampling.tests),
        "num_resamples": resampling.num_resamples,
        "num_trials": resampling.num_trials if "randomization" in resampling.tests else None,
        "seed": resampling.seed,
        "systems": [_system_to_json(comparison, system) for system in comparison.systems],
        "examples": [_example_to_json(comparison, i) for i in range(comparison.num_examples)],
    }


def summary_to_json(comparison: Comparison) -> dict[str, object]:
    """Return a summary without texts: the baseline's scores and the system's differences."""
    baseline, system = comparison.systems
    return {
        "baseline": baseline.name,
        "scores": [score.to_json() for score in baseline.scores],
        "differences": _differences_to_json(system.scores, system.differences),
        "num_different_outputs": system.num_different,
    }


def _system_to_json(comparison: Comparison, system: ComparedSystem) -> dict[str, object]:
    is_baseline = system is comparison.baseline
    return {
        "name": system.name,
        "scores": [score.to_json() for score in system.scores],
        "differences": _differences_to_json(system.scores, system.differences),
        "num_different_outputs": None if is_baseline else system.num_different,
        "examples": {
            name: asdict(tally)
            for name, tally in zip(comparison.example_metric_names, system.tallies, strict=False)
        },
    }


def _differences_to_json(
    scores: Sequence[Score], differences: Sequence[Difference]
) -> list[dict[str, object]]:
    return [
        {"score": score.name, **asdict(difference)}
        for score, difference in zip(scores, differences, strict=False)  # the baseline has none
    ]


def _example_to_json(comparison: Comparison, index: int) -> dict[str, object]:
    return {
        "index": index,
        "source": comparison.sources[index] if comparison.sources is not None else None,
        "references": list(comparison.references[index]),
        "hypotheses": [system.hypotheses[index] for system in comparison.systems],
        "scores": {
            name: [system.example_scores[number][index] for system in comparison.systems]
            for number, name in enumerate(comparison.example_metric_names)
        },
    }
