"""`t5tune score`: compare a file of hypotheses with references. Needs no model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from t5tune.cli.completion import complete_metric
from t5tune.cli.foreign_metrics import AllowCode, check_code
from t5tune.console import say, track
from t5tune.scoring.registry import METRICS, default_metrics

if TYPE_CHECKING:
    from collections.abc import Sequence

_TOKENIZED = [name for name, spec in METRICS.items() if spec.takes_tokenizer]
_NORMALIZED = [name for name, spec in METRICS.items() if spec.takes_normalization]


def _join(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else names[0]


def score(
    hypotheses: Annotated[
        str, typer.Argument(metavar="HYPOTHESES", help="One hypothesis a line; - means stdin.")
    ],
    reference: Annotated[
        list[str],
        typer.Option(help="One reference a line; give the option again for more references."),
    ],
    metric: Annotated[
        list[str] | None,
        typer.Option(
            help=f"{', '.join(METRICS)} or evaluate:NAME; give the option again for more "
            f"(default: {' and '.join(default_metrics('translation'))}).",
            autocompletion=complete_metric,
        ),
    ] = None,
    source: Annotated[
        str | None, typer.Option(help="One source a line, for metrics that want them (comet).")
    ] = None,
    tokenize: Annotated[
        str | None,
        typer.Option(
            help=f"sacreBLEU tokenizer for {_join(_TOKENIZED)} (default: 13a, or the one for "
            "--target-lang)."
        ),
    ] = None,
    lowercase: Annotated[bool, typer.Option("--lowercase", help="Ignore case.")] = False,
    normalize: Annotated[
        Literal["none", "squad"],
        typer.Option(help="For exact_match: squad drops case, punctuation and English articles."),
    ] = "none",
    target_lang: Annotated[
        str | None,
        typer.Option(help="Language of the hypotheses, such as de; chooses tokenizers."),
    ] = None,
    json_output: Annotated[
        bool, typer.Option("--json", help="Print the report as JSON, as in report.json.")
    ] = False,
    allow_code: AllowCode = False,
) -> None:
    """Score a file of hypotheses against one or more files of references.

    Every number comes with the signature that makes it comparable.
    """
    from t5tune.cli.results import print_result
    from t5tune.reporting.report_building import build_report
    from t5tune.scoring.compute import DEFAULT_NUM_RESAMPLES
    from t5tune.scoring.diagnosis.evidence import Evidence
    from t5tune.scoring.score import ScoringOptions

    metrics = metric or list(default_metrics("translation"))
    check_options(metrics, tokenize, normalize)
    check_code(metrics, allow_code)
    hypothesis_lines, references = _read_examples(hypotheses, reference)
    sources = None if source is None else _read_sources(source, hypotheses, len(references))
    if "rouge" in metrics and target_lang is None:
        _warn_about_lost_letters(references)
    with track("scoring"):
        report = build_report(
            Evidence(hypothesis_lines, references, sources, target_lang=target_lang),
            metrics,
            ScoringOptions(tokenize, lowercase, target_lang, normalize, allow_code),
            num_resamples=DEFAULT_NUM_RESAMPLES,
        )
    print_result(report, as_json=json_output)


def check_options(metrics: Sequence[str], tokenize: str | None, normalize: str) -> None:
    """Refuse an option that no chosen metric heeds."""
    from t5tune.errors import T5TuneError

    if tokenize is not None and not set(_TOKENIZED) & set(metrics):
        raise T5TuneError(
            f"--tokenize changes {_join(_TOKENIZED)} only, and none of them is among the metrics.",
            next_command=f"add --metric {_TOKENIZED[0]} or leave --tokenize out",
        )
    if normalize != "none" and not set(_NORMALIZED) & set(metrics):
        raise T5TuneError(
            f"--normalize changes {_join(_NORMALIZED)} only, and it is not among the metrics.",
            next_command=f"add --metric {_NORMALIZED[0]} or leave --normalize out",
        )


def _read_examples(
    hypotheses: str, references: Sequence[str]
) -> tuple[list[str], list[tuple[str, ...]]]:
    """Hypotheses and, for each of them, its references, one from every file."""
    import shlex

    from t5tune.errors import T5TuneError
    from t5tune.files.text_files import read_lines, read_stdin_lines

    name = "standard input" if hypotheses == "-" else hypotheses
    hypothesis_lines = read_stdin_lines() if hypotheses == "-" else read_lines(hypotheses)
    files = [read_lines(reference) for reference in references]
    for path, lines in [(name, hypothesis_lines), *zip(references, files, strict=True)]:
        if not lines:
            raise T5TuneError(f"{path} is empty.", next_command="t5tune score --help")
    for path, lines in zip(references, files, strict=True):
        if len(lines) != len(hypothesis_lines):
            raise T5TuneError(
                f"{name} has {len(hypothesis_lines)} lines, but {path} has {len(lines)}.",
                next_command=f"wc -l {shlex.join([hypotheses, *references])}",
            )
    return hypothesis_lines, list(zip(*files, strict=True))


def _read_sources(source: str, hypotheses: str, num_hypotheses: int) -> list[str]:
    import shlex

    from t5tune.errors import T5TuneError
    from t5tune.files.text_files import read_lines

    lines = read_lines(source)
    if len(lines) != num_hypotheses:
        name = "standard input" if hypotheses == "-" else hypotheses
        raise T5TuneError(
            f"{name} has {num_hypotheses} lines, but {source} has {len(lines)}.",
            next_command=f"wc -l {shlex.join([hypotheses, source])}",
        )
    return lines


def _warn_about_lost_letters(references: Sequence[Sequence[str]]) -> None:
    from t5tune.scoring.metrics.rouge import loses_letters

    if loses_letters(references):
        say(
            "Warning: ROUGE's English tokenizer deletes letters outside a-z, and the references "
            "have many; name the language with --target-lang."
        )
