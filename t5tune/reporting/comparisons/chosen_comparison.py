"""`t5tune.compare`: which systems, by which metrics, and with which paired tests."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

from t5tune.console import say, track
from t5tune.errors import T5TuneError
from t5tune.files.writing import NotWritten
from t5tune.models.permission import Permission, permitting
from t5tune.recipe.resolve import choose_metrics
from t5tune.recipe.schema import Recipe
from t5tune.reporting.comparisons.compared_systems import (
    find_recipe_of_runs,
    find_systems,
    gather_systems,
    write_comparison,
)
from t5tune.reporting.given_texts import References, Texts
from t5tune.reporting.scored_texts import check_options
from t5tune.scoring.registry import (
    build_metric,
    default_metrics,
    is_metric_name,
    ranks_models,
)
from t5tune.scoring.score import Normalization, ScoringOptions
from t5tune.scoring.significance.comparison import (
    TESTS,
    Comparison,
    Resampling,
    compare_systems,
)


class ComparisonNotWritten(NotWritten):
    """Error of a finished comparison whose files cannot be written.

    Callers can still print the comparison.
    """

    def __init__(self, comparison: Comparison, error: NotWritten) -> None:
        super().__init__(error.message, next_command=error.next_command)
        self.comparison = comparison


def compare(
    *systems: str | Path,
    split: str = "test",
    references: References | None = None,
    sources: Texts | None = None,
    metrics: Sequence[str] | None = None,
    test: Literal["bootstrap", "randomization", "both"] = "both",
    num_resamples: int = 1000,
    num_trials: int = 10000,
    seed: int = 12345,
    target_lang: str | None = None,
    tokenize: str | None = None,
    lowercase: bool = False,
    normalize: Normalization | None = None,
    output_dir: str | Path | None = None,
    allow_code: bool = False,
    allow_pickle: bool = False,
) -> Comparison:
    """Compare systems on the same test set with the first one, as `t5tune compare` does.

    Args:
        systems: Runs, files of hypotheses, or `base` (the model that the run started from).
        split: Split whose evaluations are compared.
        references: References of hypothesis files, as `t5tune.score` takes them.
        sources: File or texts to show.
        metrics: Metrics instead of the run's; by default `bleu` and `chrf` for files.
        test: Paired tests to run.
        num_resamples: Number of resampled test sets for the intervals and the bootstrap test.
        num_trials: Number of shuffles for the randomization test.
        seed: Seed of resampling and shuffling.
        target_lang: Language of the hypotheses; selects tokenizers.
        tokenize: sacreBLEU tokenizer for `bleu`.
        lowercase: Whether to ignore case.
        normalize: Normalization for `exact_match`.
        output_dir: Directory for comparison.html, comparison.md and comparison.json.
        allow_code: Whether Python code that `base` brings along may run; the run's own recipe has
            to want it too.
        allow_pickle: Whether weights that `base` has only as a pickle may be read.

    Raises:
        ComparisonNotWritten: The files cannot be written; the error has the comparison.
        T5TuneError: A system cannot be read, or the systems are about different examples.
    """
    names = [os.fspath(system) for system in systems]
    _check_number(names)
    names = find_systems(names)
    recipe = find_recipe_of_runs(names)
    options = _options_of(recipe, ScoringOptions(tokenize, lowercase, target_lang), normalize)
    chosen = _choose_metrics(metrics, recipe)
    check_options(chosen, tokenize, normalize or "none")
    for name in chosen:  # refused before anything is read or translated
        build_metric(name, options)
    wants_code = recipe is not None and recipe.model.trust_remote_code
    has_pickle = recipe is not None and recipe.model.allow_pickle
    with permitting(Permission(allow_code and wants_code, allow_pickle or has_pickle)):
        outputs = gather_systems(names, split, references, sources)
    with track("comparing"):
        comparison = compare_systems(
            outputs,
            chosen,
            options,
            split=split if recipe is not None else None,
            resampling=Resampling(
                TESTS if test == "both" else (test,), num_resamples, num_trials, seed
            ),
        )
    if output_dir is not None:
        try:
            write_comparison(comparison, Path(output_dir))
        except NotWritten as error:
            raise ComparisonNotWritten(comparison, error) from error
        say(f"comparison: {Path(output_dir) / 'comparison.html'}")
    return comparison


def _check_number(systems: list[str]) -> None:
    if not systems:
        raise T5TuneError("no system is named.", next_command="t5tune compare BASELINE SYSTEM")
    if len(systems) < 2:
        raise T5TuneError(
            f"{systems[0]} is the baseline, and there is nothing to compare it with.",
            next_command=f"t5tune compare {systems[0]} SYSTEM   # or base, for a run",
        )


def _options_of(
    recipe: Recipe | None, typed: ScoringOptions, normalize: Normalization | None
) -> ScoringOptions:
    """Return the given options, else those of the run's recipe."""
    if recipe is None:
        return replace(typed, normalize=normalize or "none")
    own = recipe.scoring_options
    return ScoringOptions(
        tokenize=typed.tokenize or own.tokenize,
        lowercase=typed.lowercase or own.lowercase,
        target_lang=typed.target_lang or own.target_lang,
        normalize=normalize or own.normalize,
    )


def _choose_metrics(typed: Sequence[str] | None, recipe: Recipe | None) -> list[str]:
    """Return the given metrics, else those of the run that can rank systems."""
    for name in typed or ():
        if is_metric_name(name) and not ranks_models(name):
            raise T5TuneError(
                f"--metric {name}: it is unknown whether higher is better, so it cannot "
                "compare systems.",
                next_command=f"t5tune score HYPOTHESES --reference FILE --metric {name}",
            )
    if typed or recipe is None:
        return list(typed or default_metrics("translation"))
    return list(filter(ranks_models, choose_metrics(recipe)))
