"""`t5tune compare`: whether one system is better than another, and how sure that is."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from t5tune.cli.completion import complete_metric, complete_system
from t5tune.cli.results import print_data, print_result_table, print_text
from t5tune.cli.shared_options import (
    AllowModelCode,
    AllowPickle,
    AsTable,
    Lowercase,
    proposing_permission,
    refuse_two_forms,
)

if TYPE_CHECKING:
    from t5tune.reporting.tables.result_table import TableFormat
    from t5tune.scoring.significance.comparison import Comparison


def compare(
    systems: Annotated[
        list[str],
        typer.Argument(
            metavar="BASELINE SYSTEM...",
            help="Runs, files of hypotheses, or base (the model that the run started from).",
            autocompletion=complete_system,
        ),
    ],
    split: Annotated[str, typer.Option(help="Split whose evaluations are compared.")] = "test",
    reference: Annotated[
        list[Path] | None,
        typer.Option(help="One reference per line, for files; repeat for more references."),
    ] = None,
    source: Annotated[Path | None, typer.Option(help="One source per line, to be shown.")] = None,
    metric: Annotated[
        list[str] | None,
        typer.Option(
            help="Metric instead of the run's (files: bleu and chrf); repeatable.",
            autocompletion=complete_metric,
        ),
    ] = None,
    test: Annotated[
        Literal["bootstrap", "randomization", "both"], typer.Option(help="Paired tests to run.")
    ] = "both",
    num_resamples: Annotated[
        int, typer.Option(min=40, help="Number of resamples for intervals and bootstrap test.")
    ] = 1000,
    num_trials: Annotated[
        int, typer.Option(min=40, help="Number of trials of the randomization test.")
    ] = 10000,
    seed: Annotated[int, typer.Option(min=0, help="Seed of resampling and shuffling.")] = 12345,
    target_lang: Annotated[
        str | None, typer.Option(help="Language of the hypotheses; selects tokenizers.")
    ] = None,
    tokenize: Annotated[str | None, typer.Option(help="sacreBLEU tokenizer for bleu.")] = None,
    lowercase: Lowercase = False,
    normalize: Annotated[
        Literal["none", "squad"] | None, typer.Option(help="Normalization for exact_match.")
    ] = None,
    json_output: Annotated[
        bool, typer.Option("--json", help="Print the comparison as JSON, every example included.")
    ] = False,
    form: AsTable = None,
    output_dir: Annotated[
        Path | None,
        typer.Option(
            help="Directory for comparison.html (a web page), comparison.md and comparison.json."
        ),
    ] = None,
    allow_code: AllowModelCode = False,
    allow_pickle: AllowPickle = False,
) -> None:
    """Compare systems on the same test set with the first: scores, intervals, p-values.

    With --output-dir, also write comparison.html, a page that shows every example.
    """
    import t5tune
    from t5tune.reporting.comparisons.chosen_comparison import ComparisonNotWritten

    refuse_two_forms(as_json=json_output, form=form)
    try:
        with proposing_permission():
            comparison = t5tune.compare(
                *systems,
                split=split,
                references=reference,
                sources=source,
                metrics=metric,
                test=test,
                num_resamples=num_resamples,
                num_trials=num_trials,
                seed=seed,
                target_lang=target_lang,
                tokenize=tokenize,
                lowercase=lowercase,
                normalize=normalize,
                output_dir=output_dir,
                allow_code=allow_code,
                allow_pickle=allow_pickle,
            )
    except ComparisonNotWritten as error:
        _print(error.comparison, as_json=json_output, form=form)
        raise
    _print(comparison, as_json=json_output, form=form)


def _print(comparison: Comparison, *, as_json: bool, form: TableFormat | None) -> None:
    from t5tune.reporting.comparisons.comparison_table import build_comparison_table
    from t5tune.reporting.comparisons.comparison_text import format_json

    if as_json:
        print_data(format_json(comparison))
    elif form is not None:
        print_result_table(build_comparison_table(comparison), form)
    else:
        print_compared(comparison)


def print_compared(comparison: Comparison) -> None:
    """Print a comparison: tables and examples on a terminal, else plain lines."""
    from t5tune.reporting.comparisons.comparison_text import format_lines

    if sys.stdout.isatty():
        from t5tune.reporting.comparisons.comparison_terminal import print_comparison

        print_comparison(comparison)
    else:
        print_text(format_lines(comparison))
