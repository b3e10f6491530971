"""`--allow-code`, and a look at the metrics of others before anything takes long."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterable
from typing import Annotated

import typer

AllowCode = Annotated[
    bool,
    typer.Option(
        "--allow-code",
        help="Load metrics named evaluate:NAME, which runs Python code from the hub or a script.",
    ),
]


def check_code(metrics: Iterable[str], allow_code: bool) -> None:
    """Refuse metrics that run code unless the user has allowed it.

    Raises:
        T5TuneError: With this command and `--allow-code`.
    """
    from t5tune.scoring.metrics.evaluate_loading import check_code_allowed

    command = shlex.join(["t5tune", *sys.argv[1:], "--allow-code"])
    check_code_allowed(metrics, allow_code=allow_code, command=command)


def check_foreign_metrics(metrics: Iterable[str], allow_code: bool) -> None:
    """Refuse now what would fail after the training or the translating.

    Raises:
        T5TuneError: Code is not allowed, a metric of `evaluate` cannot be loaded, or COMET is not
            installed.
    """
    from t5tune.scoring.metrics.evaluate_loading import load_metric
    from t5tune.scoring.registry import build_metric, is_computed_here, is_evaluate_metric
    from t5tune.scoring.score import ScoringOptions

    metrics = list(metrics)
    check_code(metrics, allow_code)
    for metric in metrics:
        if is_evaluate_metric(metric):
            load_metric(metric)
        elif not is_computed_here(metric):
            build_metric(metric, ScoringOptions())
