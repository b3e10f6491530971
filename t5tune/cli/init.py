"""`t5tune init`: a recipe for data of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer


def init(
    data: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE|HUB_ID [FILE]",
            help="A table, two parallel text files, or a data set on the hub.",
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="Recipe to write, or its directory; here, named after the data, if left out.",
        ),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing.")] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a recipe that exists.")
    ] = False,
    source: Annotated[
        str | None, typer.Option(help="Column of the sources, or a template.")
    ] = None,
    target: Annotated[str | None, typer.Option(help="Column of the targets.")] = None,
    source_lang: Annotated[str | None, typer.Option(help="Language of the sources.")] = None,
    target_lang: Annotated[str | None, typer.Option(help="Language of the targets.")] = None,
    task: Annotated[
        Literal["translation", "summarization", "text2text"] | None,
        typer.Option(help="What is made of a source; recognized if left out."),
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="A hub id, a directory, or scratch for random weights.")
    ] = None,
    minutes: Annotated[
        float | None, typer.Option(min=0.01, help="How long training may take.")
    ] = None,
    config: Annotated[
        str | None, typer.Option(help="Configuration of a data set on the hub.")
    ] = None,
    encoding: Annotated[str | None, typer.Option(help="Encoding of text files.")] = None,
    header: Annotated[
        bool | None,
        typer.Option(
            "--header/--no-header",
            help="Whether the first row names the columns; recognized if left out.",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Another number holds out other examples.")] = 0,
    json_output: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """Look at data and write a recipe for it, with the reason for each value.

    On a terminal it asks at most four questions, and none with --yes.
    """
    import json
    import sys

    from t5tune.cli.results import print_data, print_text
    from t5tune.drafting import Wishes
    from t5tune.drafting.drafted_file import draft_file
    from t5tune.drafting.questions import Silent, Terminal

    is_silent = yes or json_output or not sys.stdin.isatty()
    wishes = Wishes(
        tuple(data), source, target, source_lang, target_lang, task, model, minutes, config,
        encoding, header, seed, output,
    )  # fmt: skip
    drafted = draft_file(wishes, Silent() if is_silent else Terminal(), overwrite=overwrite)
    if json_output:
        print_data(json.dumps(drafted.to_json(), ensure_ascii=False, indent=2))
        return
    for line in drafted.format():
        print_text(line)
