"""A comparison as Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from t5tune.reporting.comparisons.comparison_text import (
    ScoreRow,
    describe_examples,
    score_tables,
    state_caveats,
)
from t5tune.reporting.markdown import cell, code, escape, table_of
from t5tune.scoring.significance.comparison import ComparedSystem, Comparison


def render_markdown(comparison: Comparison) -> str:
    """Return the complete document, with a newline at its end."""
    names = ", ".join(escape(system.name) for system in comparison.systems)
    split = f" on {escape(comparison.split)}" if comparison.split else ""
    blocks = [f"# Comparison{split}: {names}", f"{comparison.num_examples:,} examples."]
    tests = comparison.resampling.tests
    for score, rows in score_tables(comparison):
        blocks += [f"## {escape(score.name)}", code(score.signature), _score_table(rows, tests)]
    blocks.append("\n".join(f"- {line}" for line in state_caveats(comparison)))
    for system in comparison.systems[1:]:
        blocks += _examples(comparison, system)
    return "\n\n".join(blocks) + "\n"


def _score_table(rows: Sequence[ScoreRow], tests: Sequence[str]) -> str:
    header = ["system", "score", "95 % interval", "difference", "95 % interval"]
    cells = [
        [
            escape(row.system),
            row.value,
            row.interval,
            row.difference,
            row.difference_interval,
            *row.p_values,
            escape(row.verdict),
        ]
        for row in rows
    ]
    return table_of([*header, *(f"p ({test})" for test in tests), "verdict"], cells)


def _examples(comparison: Comparison, system: ComparedSystem) -> list[str]:
    metric = escape(comparison.example_metric_names[0])
    blocks = [
        f"## {escape(system.name)} against {escape(comparison.baseline.name)}",
        escape(describe_examples(comparison, system)) + ".",
    ]
    for title, indices in (
        ("wins", comparison.largest_wins(system)),
        ("losses", comparison.largest_losses(system)),
    ):
        if indices:
            table = _example_table(comparison, system, indices)
            blocks += [f"### Largest {title} by {metric}", table]
    return blocks


def _example_table(comparison: Comparison, system: ComparedSystem, indices: Sequence[int]) -> str:
    baseline = comparison.baseline
    sources = comparison.sources
    header = ["number (from 0)", "score", *(["source"] if sources is not None else [])]
    rows = []
    for index in indices:
        values = [one.example_scores[0][index] for one in (baseline, system)]
        row = [str(index), f"{values[0]:.2f} → {values[1]:.2f}"]
        row += [cell(sources[index])] if sources is not None else []
        row += ["<br>".join(map(cell, comparison.references[index]))]
        rows.append([*row, cell(baseline.hypotheses[index]), cell(system.hypotheses[index])])
    names = [escape(baseline.name), escape(system.name)]
    return table_of([*header, "reference", *names], rows)
