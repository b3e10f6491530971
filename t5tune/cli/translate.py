"""`t5tune translate`: texts, files, columns, fields, documents; one line in, one line out."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from t5tune.cli.completion import complete_engine, complete_run
from t5tune.console import say

if TYPE_CHECKING:
    from t5tune.decoding.streaming.lines import TextInput

BROKEN_PIPE = 141  # 128 + SIGPIPE, as shells show it


def translate(
    texts: Annotated[
        list[str] | None,
        typer.Argument(metavar="[TEXT]...", help="Texts; standard input if left out."),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            help="A run, a model directory or a hub id; the newest run if left out.",
            autocompletion=complete_run,
        ),
    ] = None,
    input_file: Annotated[
        Path | None, typer.Option("--input", help="A file, one text a line.")
    ] = None,
    output_file: Annotated[
        Path | None,
        typer.Option("--output", help="A file; the same command goes on after an interruption."),
    ] = None,
    documents: Annotated[
        bool,
        typer.Option("--documents", help="The input is a document: sentences are found in it."),
    ] = False,
    format_name: Annotated[
        str | None,
        typer.Option(
            "--format",
            help="text, tsv, csv, jsonl, and for documents markdown; by the name of --input.",
        ),
    ] = None,
    column: Annotated[
        str | None, typer.Option(help="Of the source: a name or, in TSV and CSV, a number.")
    ] = None,
    into: Annotated[str, typer.Option(help="Column or field of the translation.")] = "translation",
    json_output: Annotated[
        bool, typer.Option("--json", help="One JSON object a line: source and translation.")
    ] = False,
    n_best: Annotated[
        int | None,
        typer.Option(min=1, help="So many translations each: line number, score, text."),
    ] = None,
    num_beams: Annotated[int | None, typer.Option(min=1, help="1 is greedy search.")] = None,
    length_penalty: Annotated[
        float | None, typer.Option(help="Above 1 beams favour long translations, below short.")
    ] = None,
    no_repeat_ngram: Annotated[
        int | None, typer.Option(min=0, help="No sequence of so many tokens twice; 0 allows it.")
    ] = None,
    max_new_tokens: Annotated[
        int | None, typer.Option(min=1, help="Length limit of a translation, in tokens.")
    ] = None,
    source_lang: Annotated[
        str | None, typer.Option(help="For a model that is not a run and needs it.")
    ] = None,
    target_lang: Annotated[
        str | None, typer.Option(help="For a model that is not a run and needs it.")
    ] = None,
    prefix: Annotated[
        str | None,
        typer.Option(
            help="Before every text, for a model that is not a run; '' for texts that have theirs."
        ),
    ] = None,
    engine: Annotated[
        str,
        typer.Option(
            help="auto, torch, torch-bf16, ctranslate2 or one export such as ctranslate2-int8.",
            autocompletion=complete_engine,
        ),
    ] = "auto",
) -> None:
    """Translate texts, a file or standard input; order and blank lines are kept."""
    from t5tune.decoding.streaming.choices import Layout, ModelChoice, SearchChoice, choose_format
    from t5tune.decoding.streaming.streamed_translation import translate_input
    from t5tune.models.model_names import choose_model

    layout = Layout(
        format=choose_format(format_name, input_file, is_document=documents),
        column=column,
        into=into,
        is_document=documents,
        as_json=json_output,
    )
    search = SearchChoice(
        {
            "num_beams": num_beams,
            "max_new_tokens": max_new_tokens,
            "length_penalty": length_penalty,
            "no_repeat_ngram_size": no_repeat_ngram,
            "num_hypotheses": n_best,
        }
    )
    source = _open_input(texts, input_file)
    chosen = ModelChoice(choose_model(model), engine, source_lang, target_lang, prefix)
    try:
        translate_input(source, output_file, layout, chosen, search)
    except BrokenPipeError:
        raise typer.Exit(BROKEN_PIPE) from None


def _open_input(texts: list[str] | None, input_file: Path | None) -> TextInput:
    from t5tune.decoding.streaming.lines import from_texts, open_file, open_stdin
    from t5tune.errors import T5TuneError

    if texts and input_file is not None:
        raise T5TuneError(
            "texts and --input were both given.", next_command="t5tune translate --input FILE"
        )
    if texts:
        _look_for_files(texts)
        return from_texts(texts)
    if input_file is not None:
        return open_file(input_file)
    if sys.stdin is not None and sys.stdin.isatty():
        say("reading from the terminal, Ctrl-D ends")
    return open_stdin()


def _look_for_files(texts: list[str]) -> None:
    """Refuse the name of a file, which would be translated as text; a word may be one by chance."""
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
