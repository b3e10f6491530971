"""Translation of an input of any size: lines, columns, fields or documents."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any

from t5tune.console import say, track
from t5tune.decoding.documents.sentences import SentenceTranslator
from t5tune.decoding.opening import load
from t5tune.decoding.streaming.cells import ColumnsFormat, Csv, Tsv
from t5tune.decoding.streaming.choices import Layout, ModelChoice, SearchChoice, describe_origin
from t5tune.decoding.streaming.formats import JsonLinesFormat, TextFormat
from t5tune.decoding.streaming.items import Document, Item, Kind, Lines, Rows
from t5tune.decoding.streaming.lines import FileFacts, TextInput, inspect
from t5tune.decoding.streaming.output import Output, OutputFile, Progress, StandardOutput
from t5tune.decoding.streaming.windows import LARGEST_WINDOW, stream
from t5tune.decoding.translator import DecodingOptions, Hypothesis, Translator
from t5tune.errors import T5TuneError
from t5tune.run.directory import RunDirectory

SMALLEST_LIMIT = 1024  # lines in the largest window of a search with many beams


def translate_input(
    source: TextInput,
    output: Path | None,
    layout: Layout,
    model: ModelChoice,
    search: SearchChoice,
) -> None:
    """Translate an input in order, as it arrives.

    Args:
        source: A file, standard input or texts.
        output: A file; None for standard output.
        layout: Form of both.
        model: Model to load when the first text arrives.
        search: Search settings.

    Raises:
        T5TuneError: Any of them cannot be read, written or used, or they do not fit together.
        BrokenPipeError: The reader of standard output has closed the pipe.
    """
    kind = _choose_kind(layout, search, model, source.name)
    _check_places(source, output)
    facts = None
    if not source.is_live and source.status is not None:
        with track(f"reading {source.name}", None, kind.unit) as advance:
            facts = inspect(source, kind.check, advance)
        kind.end_check()
    lazy = _LazyTranslator(model, search, is_document=layout.is_document)
    target: Output = StandardOutput()
    if output is not None:
        origin = None
        if facts is not None:
            engine = lazy.open().engine if facts.num_lines else model.engine
            origin = describe_origin(facts, layout, model, search, engine, lazy.patience)
        target = OutputFile(output, origin)
        if target.progress.num_items:
            say(f"continuing after {target.progress.num_items:,} {kind.unit} in {target.partial}")
    _run(source, target, kind, lazy, facts)


def _choose_kind(layout: Layout, search: SearchChoice, model: ModelChoice, name: str) -> Kind[Any]:
    with_n_best = search.num_hypotheses is not None
    if layout.as_json and layout.format != "text":
        raise T5TuneError("--json is for lines of text.", next_command="--format jsonl")
    if layout.is_document:
        if with_n_best or layout.as_json or layout.format not in ("text", "markdown"):
            raise T5TuneError(
                "--documents cannot be combined with --n-best or --json; it needs --format text "
                "or markdown.",
                next_command="t5tune translate --documents --input FILE",
            )
        return Document(_find_language(model), is_markdown=layout.format == "markdown")
    if layout.format == "markdown":
        raise T5TuneError("--format markdown is for documents.", next_command="--documents")
    if layout.format == "text":
        if layout.column is not None:
            raise T5TuneError(
                "--column is for TSV, CSV and JSON lines.", next_command="--format tsv"
            )
        return Lines(TextFormat(as_json=layout.as_json, with_n_best=with_n_best))
    if layout.column is None:
        raise T5TuneError(
            f"--format {layout.format} needs the place of the source.",
            next_command="--column NAME" + ("" if layout.format == "jsonl" else " or --column 1"),
        )
    if layout.format == "jsonl":
        return Lines(
            JsonLinesFormat(layout.column, layout.into, with_n_best=with_n_best, name=name)
        )
    if with_n_best:
        raise T5TuneError("--n-best does not fit into a column.", next_command="--format jsonl")
    if layout.format == "csv":
        return Rows(ColumnsFormat(layout.column, layout.into, Csv(), name), name)
    return Lines(ColumnsFormat(layout.column, layout.into, Tsv(), name))


def _find_language(model: ModelChoice) -> str | None:
    """Return the language of the source, for splitting it into sentences."""
    for directory in (Path(model.name), Path(model.name).parent):
        run = RunDirectory(directory)
        if model.source_lang is None and run.is_run:
            from t5tune.recipe.loading import load_resolved_recipe

            return load_resolved_recipe(run.recipe).source_lang
    return model.source_lang


def _check_places(source: TextInput, output: Path | None) -> None:
    """Refuse to write into the file that is read."""
    if source.status is None or source.is_live:
        return
    try:
        target = os.fstat(sys.stdout.fileno()) if output is None else output.stat()
    except (OSError, ValueError):  # does not exist yet, or is not a real file
        return
    if os.path.samestat(source.status, target):
        raise T5TuneError(
            f"{source.name} is both input and output.",
            next_command="t5tune translate --input FILE --output ANOTHER",
        )


class _LazyTranslator:
    """A translator that is opened when there is something to translate.

    Args:
        model: Model to open.
        search: Search settings.
        is_document: Whether sentences may be of any length.
    """

    def __init__(self, model: ModelChoice, search: SearchChoice, *, is_document: bool) -> None:
        self._model = model
        self._search = search
        self._is_document = is_document
        self.translator: Translator | None = None
        self.options: DecodingOptions | None = None
        self.patience: float | None = None

    def open(self) -> Translator:
        """Open the translator if it is not open yet."""
        if self.translator is None:
            opened = load(
                self._model.name,
                engine=self._model.engine,
                source_lang=self._model.source_lang,
                target_lang=self._model.target_lang,
                prefix=self._model.prefix,
            )
            self.options = self._search.apply(opened.options)
            self.patience = opened.patience
            translator = opened.translator
            self.translator = SentenceTranslator(translator) if self._is_document else translator
        return self.translator

    def largest_window(self) -> int:
        """Number of lines that are translated together: as many batches for any number of beams."""
        beams = 1 if self.options is None else self.options.num_beams
        return max(LARGEST_WINDOW // beams, SMALLEST_LIMIT)

    def translate(
        self, sources: Sequence[str], on_progress: Callable[[int], None]
    ) -> Sequence[list[Hypothesis]]:
        """Return the hypotheses of each source; only the best one unless more are asked for."""
        translator = self.open()
        assert self.options is not None
        if self._search.num_hypotheses is not None:
            return translator.translate_n_best(sources, self.options, on_progress)
        return [[best] for best in translator.translate(sources, self.options, on_progress)]


def _run(
    source: TextInput,
    target: Output,
    kind: Kind[Any],
    lazy: _LazyTranslator,
    facts: FileFacts | None,
) -> None:
    start = target.progress
    warnings = _Warnings(kind, lazy)
    has_terminal = sys.stdout.isatty() and isinstance(target, StandardOutput)
    with track(
        "translating",
        kind.count(facts),
        kind.unit,
        done=start.num_items,
        with_rate=True,
        # On a terminal the translations themselves show the progress.
        is_silent=has_terminal,
    ) as advance:

        def translate(items: Sequence[Item], check: Callable[[], None]) -> list[list[Hypothesis]]:
            reported = 0

            def on_progress(num: int) -> None:
                nonlocal reported
                check()
                num = min(num, len(items) - reported)
                reported += num
                advance(num)

            indices = [i for i, item in enumerate(items) if item.source.strip()]
            found: list[list[Hypothesis]] = [[] for _ in items]
            if indices:
                if lazy.options is None:
                    lazy.open()
                    advance(0)
                hypotheses = lazy.translate([items[i].source for i in indices], on_progress)
                for i, of_source in zip(indices, hypotheses, strict=True):
                    found[i] = of_source
                warnings.note([items[i] for i in indices], hypotheses)
            advance(len(items) - reported)
            return found

        blocks = _skip(kind.read(source), start.num_items)
        windows = stream(
            blocks,
            translate,
            kind.weigh,
            is_live=source.is_live,
            window=start.window,
            largest=lazy.largest_window,
        )
        done = start.num_items
        with closing(windows):
            for items, found in windows:
                done += len(items)
                text = "".join(map(kind.render, items, found))
                target.write(text, Progress(done, len(items)))
    target.finish()
    warnings.sum_up()


def _skip(blocks: Iterator[list[Any]], num: int) -> Iterator[list[Any]]:
    """Yield all items but the first ones."""
    for block in blocks:
        if num < len(block):
            yield block[num:]
        num = max(num - len(block), 0)


class _Warnings:
    """Warnings about translations that are not complete."""

    def __init__(self, kind: Kind[Any], lazy: _LazyTranslator) -> None:
        self._kind = kind
        self._lazy = lazy
        self.num_truncated = 0
        self.num_limited = 0

    def note(self, items: Sequence[Any], hypotheses: Sequence[Sequence[Hypothesis]]) -> None:
        """Count a warning; the first one of each kind is printed at once."""
        translator, options = self._lazy.open(), self._lazy.options
        assert options is not None
        if translator.num_truncated and not self.num_truncated:
            limit = translator.max_source_length or 0
            long = [item for item in items if len(item.source) * 4 > limit]
            counts = translator.count_tokens([item.source for item in long])
            cut = (item for item, num in zip(long, counts, strict=True) if num > limit)
            for item in islice(cut, 1):
                say(
                    f"{self._kind.name(item)} was cut to the model's max_source_length of {limit} "
                    "tokens; its translation lacks the rest (--documents splits long texts)"
                )
        self.num_truncated += translator.num_truncated
        limited = [i for i, found in enumerate(hypotheses) if found[0].reached_limit]
        if limited and not self.num_limited:
            say(
                f"the translation of {self._kind.name(items[limited[0]])} ended at the limit of "
                f"{options.max_new_tokens} tokens (--max-new-tokens)"
            )
        self.num_limited += len(limited)

    def sum_up(self) -> None:
        """Print the number of warnings of each kind, if there was more than one."""
        if self.num_truncated > 1:
            say(f"{self.num_truncated:,} sources were cut to the model's max_source_length")
        if self.num_limited > 1:
            say(f"{self.num_limited:,} translations ended at the length limit")
        translator = self._lazy.translator
        if isinstance(translator, SentenceTranslator) and translator.num_marks_lost:
            say(f"marks of emphasis lost in translation: {translator.num_marks_lost:,}")
