"""`t5tune score`: compare a file of hypotheses with references, without a model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from t5tune.cli.completion import complete_metric
from t5tune.cli.shared_options import (
    AllowCode,
    AsTable,
    JsonReport,
    Lowercase,
    proposing_permission,
    refuse_two_forms,
)
from t5tune.scoring.registry import METRICS, default_metrics, name_metrics_with


def score(
    hypotheses: Annotated[
        str, typer.Argument(metavar="HYPOTHESES", help="One hypothesis per line; - means stdin.")
    ],
    reference: Annotated[
        list[str],
        typer.Option(help="One reference per line; repeat for more references."),
    ],
    metric: Annotated[
        list[str] | None,
        typer.Option(
            help=f"{', '.join(METRICS)} or evaluate:NAME; repeatable "
            f"(default: {' and '.join(default_metrics('translation'))}).",
            autocompletion=complete_metric,
        ),
    ] = None,
    source: Annotated[
        str | None, typer.Option(help="One source per line, for metrics that need sources (comet).")
    ] = None,
    tokenize: Annotated[
        str | None,
        typer.Option(
            help=f"sacreBLEU tokenizer for {name_metrics_with('tokenize')} (default: 13a, or the "
            "one for --target-lang)."
        ),
    ] = None,
    lowercase: Lowercase = False,
    normalize: Annotated[
        Literal["none", "squad"],
        typer.Option(help="For exact_match: squad ignores case, punctuation and English articles."),
    ] = "none",
    target_lang: Annotated[
        str | None,
        typer.Option(help="Language of the hypotheses, such as de; selects tokenizers."),
    ] = None,
    json_output: JsonReport = False,
    form: AsTable = None,
    allow_code: AllowCode = False,
) -> None:
    """Score a file of hypotheses against one or more files of references.

    Every number comes with the signature that makes it comparable.
    """
    import t5tune
    from t5tune.cli.results import print_result, print_result_table

    refuse_two_forms(as_json=json_output, form=form)
    with proposing_permission():
        report = t5tune.score(
            hypotheses,
            [Path(path) for path in reference],
            metrics=metric,
            sources=source,
            tokenize=tokenize,
            lowercase=lowercase,
            normalize=normalize,
            target_lang=target_lang,
            allow_code=allow_code,
        )
    if form is None:
        print_result(report, as_json=json_output)
        return
    from t5tune.reporting.reports.report_table import build_score_table

    print_result_table(build_score_table(report), form)
