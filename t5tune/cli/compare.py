"""`t5tune compare`: whether one system is better than another, and how sure that is."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from t5tune.cli.completion import complete_metric, complete_system
from t5tune.cli.results import print_data, print_text
from t5tune.console import say, track

if TYPE_CHECKING:
    from t5tune.recipe.schema import Recipe
    from t5tune.scoring.score import ScoringOptions
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
    split: Annotated[str, typer.Option(help="Which evaluation of the runs.")] = "test",
    reference: Annotated[
        list[Path] | None,
        typer.Option(help="One reference a line, for files; again for more references."),
    ] = None,
    source: Annotated[Path | None, typer.Option(help="One source a line, to be shown.")] = None,
    metric: Annotated[
        list[str] | None,
        typer.Option(
            help="Instead of the run's (of files: bleu and chrf); again for more.",
            autocompletion=complete_metric,
        ),
    ] = None,
    test: Annotated[
        Literal["bootstrap", "randomization", "both"], typer.Option(help="Paired tests to make.")
    ] = "both",
    num_resamples: Annotated[
        int, typer.Option(min=40, help="Of the intervals and the bootstrap test.")
    ] = 1000,
    num_trials: Annotated[int, typer.Option(min=40, help="Of the randomization test.")] = 10000,
    seed: Annotated[int, typer.Option(min=0, help="Of everything random.")] = 12345,
    target_lang: Annotated[
        str | None, typer.Option(help="Language of the hypotheses; chooses tokenizers.")
    ] = None,
    tokenize: Annotated[str | None, typer.Option(help="sacreBLEU tokenizer for bleu.")] = None,
    lowercase: Annotated[bool, typer.Option("--lowercase", help="Ignore case.")] = False,
    normalize: Annotated[
        Literal["none", "squad"] | None, typer.Option(help="For exact_match.")
    ] = None,
    json_output: Annotated[
        bool, typer.Option("--json", help="Print the comparison as JSON, every example included.")
    ] = False,
    output_dir: Annotated[
        Path | None,
        typer.Option(
            help="Where comparison.html, a page to look at, comparison.md and comparison.json go."
        ),
    ] = None,
) -> None:
    """Compare systems on the same test set with the first: scores, intervals, p-values.

    With --output-dir also as a page to look at, comparison.html, which shows every example.
    """
    from t5tune.cli.score import check_options
    from t5tune.reporting.compared_systems import (
        find_recipe_of_runs,
        find_systems,
        gather_systems,
        write_comparison,
    )
    from t5tune.scoring.score import ScoringOptions
    from t5tune.scoring.significance.comparison import TESTS, Resampling, compare_systems

    _check_number(systems)
    systems = find_systems(systems)
    recipe = find_recipe_of_runs(systems)
    options = _options_of(recipe, ScoringOptions(tokenize, lowercase, target_lang), normalize)
    metrics = _choose_metrics(metric, recipe)
    check_options(metrics, tokenize, normalize or "none")
    _check_metrics(metrics, options)
    outputs = gather_systems(systems, split, reference or (), source)
    with track("comparing"):
        comparison = compare_systems(
            outputs,
            metrics,
            options,
            split=split if recipe is not None else None,
            resampling=Resampling(
                TESTS if test == "both" else (test,), num_resamples, num_trials, seed
            ),
        )
    try:
        if output_dir is not None:
            write_comparison(comparison, output_dir)
            say(f"comparison: {output_dir / 'comparison.html'}")
    finally:  # also where it cannot be written, which is said afterwards
        _print(comparison, as_json=json_output)


def _check_number(systems: list[str]) -> None:
    from t5tune.errors import T5TuneError

    if len(systems) < 2:
        raise T5TuneError(
            f"{systems[0]} is the baseline, and there is nothing to compare it with.",
            next_command=f"t5tune compare {systems[0]} SYSTEM   # or base, for a run",
        )


def _options_of(
    recipe: Recipe | None, typed: ScoringOptions, normalize: Literal["none", "squad"] | None
) -> ScoringOptions:
    """What was typed, else what the run's recipe says."""
    from t5tune.scoring.score import ScoringOptions

    if recipe is None:
        return ScoringOptions(
            typed.tokenize, typed.lowercase, typed.target_lang, normalize or "none"
        )
    own = recipe.scoring_options
    return ScoringOptions(
        tokenize=typed.tokenize or own.tokenize,
        lowercase=typed.lowercase or own.lowercase,
        target_lang=typed.target_lang or own.target_lang,
        normalize=normalize or own.normalize,
    )


def _choose_metrics(typed: list[str] | None, recipe: Recipe | None) -> list[str]:
    """What was typed, else what the run's recipe says; only metrics that know better from worse."""
    from t5tune.errors import T5TuneError
    from t5tune.recipe.resolve import choose_metrics
    from t5tune.scoring.registry import default_metrics, is_metric_name, ranks_models

    for name in typed or []:
        if is_metric_name(name) and not ranks_models(name):
            raise T5TuneError(
                f"--metric {name}: nothing says that more of it is better, so it cannot compare "
                "systems.",
                next_command=f"t5tune score HYPOTHESES --reference FILE --metric {name}",
            )
    if typed or recipe is None:
        return typed or list(default_metrics("translation"))
    return list(filter(ranks_models, choose_metrics(recipe)))


def _check_metrics(metrics: list[str], options: ScoringOptions) -> None:
    """Before anything is read or translated."""
    from t5tune.scoring.registry import build_metric

    for name in metrics:
        build_metric(name, options)


def _print(comparison: Comparison, *, as_json: bool) -> None:
    from t5tune.reporting.comparison_text import format_json, format_lines

    if as_json:
        print_data(format_json(comparison))
    elif sys.stdout.isatty():
        from t5tune.reporting.comparison_terminal import print_comparison

        print_comparison(comparison)
    else:
        print_text(format_lines(comparison))
