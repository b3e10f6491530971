"""Whether the metrics of a recipe can be computed on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from t5tune.errors import T5TuneError
from t5tune.recipe.resolve import choose_metrics
from t5tune.recipe.schema import Recipe
from t5tune.scoring.metrics.comet import find_comet
from t5tune.scoring.metrics.sacrebleu_metrics import check_tokenizer
from t5tune.scoring.registry import find_metric


def check_scoring(recipe: Recipe) -> None:
    """Look for the tokenizer and the programs that the metrics use. Downloads nothing.

    Raises:
        T5TuneError: The tokenizer does not exist or needs a package, or COMET is not installed.
    """
    if "comet" in choose_metrics(recipe):
        find_comet()
    if recipe.evaluation.tokenize is None and not any(
        find_metric(name).takes_tokenizer for name in choose_metrics(recipe)
    ):
        return
    with _naming_key(recipe):
        check_tokenizer(recipe.scoring_options)


def rehearse_recipe_scoring(recipe: Recipe) -> None:
    """Compute the recipe's metrics on two made-up examples; some download their tokenizers.

    Raises:
        T5TuneError: A metric cannot be computed here.
    """
    from t5tune.scoring.metric_rehearsal import rehearse_scoring

    with _naming_key(recipe):
        rehearse_scoring(choose_metrics(recipe), recipe.scoring_options)


@contextmanager
def _naming_key(recipe: Recipe) -> Iterator[None]:
    """Prefix errors about scoring with the recipe key that selects the tokenizer."""
    try:
        yield
    except T5TuneError as error:
        key, value = "evaluation.tokenize", recipe.evaluation.tokenize
        if value is None:
            key, value = "target_lang", recipe.target_lang
        raise T5TuneError(
            f"{key}: {value}: {error.message}", next_command=error.next_command
        ) from error
