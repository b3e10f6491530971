"""`t5tune translate`: one line in, one line out."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer


def translate(
    texts: Annotated[
        list[str] | None,
        typer.Argument(metavar="[TEXT]...", help="Texts; standard input if left out."),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(help="A run, a model directory or a hub id; the newest run if left out."),
    ] = None,
    input_file: Annotated[
        Path | None, typer.Option("--input", help="A text file, one text a line.")
    ] = None,
    source_lang: Annotated[
        str | None, typer.Option(help="For a model that is no run and needs it.")
    ] = None,
    target_lang: Annotated[
        str | None, typer.Option(help="For a model that is no run and needs it.")
    ] = None,
    num_beams: Annotated[int | None, typer.Option(min=1, help="1 is greedy search.")] = None,
    max_new_tokens: Annotated[
        int | None, typer.Option(min=1, help="Length limit of a translation, in tokens.")
    ] = None,
    engine: Annotated[
        str,
        typer.Option(help="auto, torch, ctranslate2 or one export such as ctranslate2-int8."),
    ] = "auto",
    json_output: Annotated[
        bool, typer.Option("--json", help="One JSON object a line: source and translation.")
    ] = False,
) -> None:
    """Translate texts, a file or standard input; order and blank lines are kept."""
    import json

    from t5tune.cli.models import choose_model

    lines = _read_texts(texts, input_file)
    name = choose_model(model)
    if not any(line.strip() for line in lines):
        translations = [""] * len(lines)  # nothing to do: no model is loaded for it
    else:
        translations = _translate(
            lines, name, engine, source_lang, target_lang, num_beams, max_new_tokens
        )
    for line, translation in zip(lines, translations, strict=True):
        if json_output:
            item = {"source": line, "translation": translation}
            sys.stdout.write(json.dumps(item, ensure_ascii=False) + "\n")
        else:
            sys.stdout.write(translation + "\n")
    sys.stdout.flush()


def _read_texts(texts: list[str] | None, input_file: Path | None) -> list[str]:
    from t5tune.errors import T5TuneError
    from t5tune.scoring.text_files import read_lines, read_stdin_lines

    if texts and input_file is not None:
        raise T5TuneError(
            "texts and --input were both given.", next_command="t5tune translate --input FILE"
        )
    if texts:
        # A text with line breaks would come out as a different number of lines.
        return [" ".join(text.split("\n")) for text in texts]
    if input_file is not None:
        return read_lines(input_file)
    if sys.stdin.isatty():
        typer.echo("reading from the terminal, Ctrl-D ends", err=True)
    return read_stdin_lines()


def _translate(
    lines: list[str],
    name: str,
    engine: str,
    source_lang: str | None,
    target_lang: str | None,
    num_beams: int | None,
    max_new_tokens: int | None,
) -> list[str]:
    from t5tune.translation import open_translator, translate_lines

    model = open_translator(name, engine=engine, source_lang=source_lang, target_lang=target_lang)
    return translate_lines(model, lines, num_beams=num_beams, max_new_tokens=max_new_tokens)
