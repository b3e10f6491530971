"""`t5tune translate`: translate texts, files, columns, fields and documents."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperOption

from t5tune.cli.completion import complete_format, complete_run
from t5tune.cli.shared_options import (
    MODEL_HELP,
    AllowModelCode,
    AllowPickle,
    Engine,
    Prefix,
    SourceLang,
    TargetLang,
    proposing_permission,
)
from t5tune.cli.streams import READER_IS_GONE
from t5tune.console import say

_FORMATS = "FORMATS"


class TranslateCommand(TyperCommand):
    """The command `translate`, which looks for the formats only to show them in its help."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help with the formats in it."""
        from t5tune.decoding.streaming.input_formats import describe_formats

        for option in self.params:
            if isinstance(option, TyperOption) and option.help is not None:
                option.help = option.help.replace(_FORMATS, describe_formats())
        super().format_help(ctx, formatter)


def translate(
    texts: Annotated[
        list[str] | None,
        typer.Argument(metavar="[TEXT]...", help="Texts to translate; standard input if left out."),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            help=MODEL_HELP,
            autocompletion=complete_run,
        ),
    ] = None,
    input_file: Annotated[
        Path | None, typer.Option("--input", help="Input file, one text per line.")
    ] = None,
    output_file: Annotated[
        Path | None,
        typer.Option(
            "--output", help="Output file; the same command continues it after an interruption."
        ),
    ] = None,
    documents: Annotated[
        bool,
        typer.Option(
            "--documents", help="Treat the input as a document and split it into sentences."
        ),
    ] = False,
    format_name: Annotated[
        str | None,
        typer.Option(
            "--format",
            help=f"{_FORMATS} (default: by the ending of --input).",
            autocompletion=complete_format,
        ),
    ] = None,
    column: Annotated[
        str | None, typer.Option(help="Source column: a name or, in TSV and CSV, a number.")
    ] = None,
    into: Annotated[str, typer.Option(help="Column or field for the translation.")] = "translation",
    json_output: Annotated[
        bool, typer.Option("--json", help="Print one JSON object per line: source and translation.")
    ] = False,
    n_best: Annotated[
        int | None,
        typer.Option(min=1, help="Number of translations per source: line number, score, text."),
    ] = None,
    num_beams: Annotated[
        int | None, typer.Option(min=1, help="Beam size; 1 is greedy search.")
    ] = None,
    length_penalty: Annotated[
        float | None,
        typer.Option(help="Above 1 favours longer translations, below 1 shorter ones."),
    ] = None,
    no_repeat_ngram: Annotated[
        int | None, typer.Option(min=0, help="Repeat no n-gram of this many tokens; 0 allows it.")
    ] = None,
    max_new_tokens: Annotated[
        int | None, typer.Option(min=1, help="Length limit of a translation, in tokens.")
    ] = None,
    source_lang: SourceLang = None,
    target_lang: TargetLang = None,
    prefix: Prefix = None,
    engine: Engine = "auto",
    allow_code: AllowModelCode = False,
    allow_pickle: AllowPickle = False,
) -> None:
    """Translate texts, a file or standard input, keeping order and blank lines."""
    import t5tune

    source = _choose_source(texts, input_file)
    chosen = t5tune.load(
        model,
        engine=engine,
        source_lang=source_lang,
        target_lang=target_lang,
        prefix=prefix,
        allow_code=allow_code,
        allow_pickle=allow_pickle,
        is_lazy=True,
    )
    try:
        with proposing_permission():
            chosen.translate_file(
                source,
                output_file or "-",
                format=format_name,
                column=column,
                into=into,
                is_document=documents,
                as_json=json_output,
                num_hypotheses=n_best,
                num_beams=num_beams,
                max_new_tokens=max_new_tokens,
                length_penalty=length_penalty,
                no_repeat_ngram_size=no_repeat_ngram,
            )
    except BrokenPipeError:
        raise typer.Exit(READER_IS_GONE) from None


def _choose_source(texts: list[str] | None, input_file: Path | None) -> str | Path | list[str]:
    from t5tune.errors import T5TuneError

    if texts and input_file is not None:
        raise T5TuneError(
            "texts and --input were both given.", next_command="t5tune translate --input FILE"
        )
    if texts:
        _look_for_files(texts)
        return texts
    if input_file is not None:
        return input_file
    if sys.stdin is not None and sys.stdin.isatty():
        say("reading from the terminal; Ctrl-D ends the input")
    return "-"


def _look_for_files(texts: list[str]) -> None:
    """Refuse names of files, which would be translated as text; only warn about bare words."""
    import os
    import shlex

    from t5tune.errors import T5TuneError

    for text in texts:
        if not os.path.isfile(text):  # noqa: PTH113 (a text may be too long for a path)
            continue
        command = f"t5tune translate --input {shlex.quote(text)}"
        if Path(text).suffix or "/" in text:
            raise T5TuneError(
                f"{text} is a file, and arguments are translated as texts.", next_command=command
            )
        say(f"{text!r} is translated as a text; for the file of that name: {command}")
