"""`t5tune score-pairs`: how probable a model finds given targets."""

from __future__ import annotations

from typing import Annotated

import typer

from t5tune.cli.completion import complete_engine
from t5tune.cli.shared_options import (
    AllowModelCode,
    AllowPickle,
    Model,
    Prefix,
    SourceLang,
    TargetLang,
    proposing_permission,
)


def score_pairs(
    run: Model = None,
    source: Annotated[str | None, typer.Option(help="One source per line; - means stdin.")] = None,
    target: Annotated[str | None, typer.Option(help="One target per line; - means stdin.")] = None,
    pairs: Annotated[
        str | None,
        typer.Option(
            help="A table with both (TSV, CSV, JSONL, Parquet, TMX …) instead of --source and "
            "--target; - means lines of stdin with a source, a tab and a target."
        ),
    ] = None,
    source_column: Annotated[
        str | None, typer.Option(help="Column of the sources in --pairs, or a template.")
    ] = None,
    target_column: Annotated[
        str | None, typer.Option(help="Column of the targets in --pairs, or a template.")
    ] = None,
    source_lang: SourceLang = None,
    target_lang: TargetLang = None,
    prefix: Prefix = None,
    engine: Annotated[
        str,
        typer.Option(
            help="torch (fp32), torch-bf16, ctranslate2, or one export such as ctranslate2-int8.",
            autocompletion=complete_engine,
        ),
    ] = "torch",
    json_output: Annotated[
        bool, typer.Option("--json", help="Print one JSON object with all pairs and their tokens.")
    ] = False,
    json_lines: Annotated[
        bool, typer.Option("--jsonl", help="Print one JSON object per pair, with its tokens.")
    ] = False,
    allow_code: AllowModelCode = False,
    allow_pickle: AllowPickle = False,
) -> None:
    """Print the log-probability of given targets: its sum, per token, and the number of tokens."""
    import t5tune
    from t5tune.cli.results import print_data
    from t5tune.errors import T5TuneError
    from t5tune.reporting.given_pairs import find_languages, read_pairs
    from t5tune.reporting.pair_scores import PairTotals, format_line, format_pair, format_pairs

    if json_output and json_lines:
        raise T5TuneError("--json and --jsonl exclude each other.", next_command="leave one out")
    languages = (source_lang, target_lang) if source_lang or target_lang else find_languages(run)
    given = read_pairs(
        source,
        target,
        pairs,
        source_column=source_column,
        target_column=target_column,
        languages=languages,
    )
    with proposing_permission():
        model = t5tune.load(
            run,
            engine=engine,
            source_lang=source_lang,
            target_lang=target_lang,
            prefix=prefix,
            allow_code=allow_code,
            allow_pickle=allow_pickle,
        )
    scored = model.iterate_pairs(given.sources, given.targets)
    if json_output:
        print_data(format_pairs(model, given.sources, given.targets, list(scored)))
        return
    totals = PairTotals()
    for one_source, one_target, pair in zip(given.sources, given.targets, scored, strict=True):
        totals.add(pair)
        print_data(format_pair(one_source, one_target, pair) if json_lines else format_line(pair))
    totals.say()
