"""Translation of an input of any size: lines, columns, fields or documents."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

from t5tune.console import say, track
from t5tune.decoding.documents.sentences import SentenceTranslator
from t5tune.decoding.opened_model import ModelChoice, OpenedModel
from t5tune.decoding.streaming.input_format import Layout
from t5tune.decoding.streaming.input_formats import FORMATS
from t5tune.decoding.streaming.items import Document, Item, Kind
from t5tune.decoding.streaming.lines import FileFacts, TextInput, inspect
from t5tune.decoding.streaming.origin import describe_origin
from t5tune.decoding.streaming.output import Output, OutputFile, Progress, StandardOutput
from t5tune.decoding.streaming.windows import LARGEST_WINDOW, stream
from t5tune.decoding.translator import DecodingOptions, Hypothesis, PlainTranslator
from t5tune.errors import T5TuneError
from t5tune.run.directory import RunDirectory

SMALLEST_LIMIT = 1024  # lines in the largest window of a search with many beams


def translate_input(
    source: TextInput,
    output: Path | None,
    layout: Layout,
    model: OpenedModel,
    search: Mapping[str, Any],
) -> None:
    """Translate an input in order, as it arrives.

    The model is opened when the first text arrives. Without an output file, translations go to
    standard output; a setting of the search that is None leaves the model's own.

    Raises:
        T5TuneError: Any of them cannot be read, written or used, or they do not fit together.
        BrokenPipeError: The reader of standard output has closed the pipe.
    """
    with_n_best = search.get("num_hypotheses") is not None
    kind = _choose_kind(layout, model.choice, source.name, with_n_best=with_n_best)
    _check_places(source, output)
    facts = None
    if not source.is_live and source.status is not None:
        with track(f"reading {source.name}", None, kind.unit) as advance:
            facts = inspect(source, kind.check, advance)
        kind.end_check()
    target: Output = StandardOutput()
    if output is not None:
        origin = None if facts is None else describe_origin(facts, layout, model, search)
        target = OutputFile(output, origin)
        if target.progress.num_items:
            say(f"continuing after {target.progress.num_items:,} {kind.unit} in {target.partial}")
    decoder = _Decoder(model, search, kind, is_document=layout.is_document)
    _run(source, target, kind, decoder, facts)


def _choose_kind(layout: Layout, model: ModelChoice, name: str, *, with_n_best: bool) -> Kind[Any]:
    found = FORMATS[layout.format]
    if layout.as_json and not found.has_json:
        raise T5TuneError("--json is for lines of text.", next_command="--format jsonl")
    if layout.is_document:
        if with_n_best or layout.as_json or found.find_paragraphs is None:
            able = " or ".join(one.name for one in FORMATS.values() if one.find_paragraphs)
            raise T5TuneError(
                "--documents cannot be combined with --n-best or --json; it needs --format "
                f"{able}.",
                next_command="t5tune translate --documents --input FILE",
            )
        return Document(found.find_paragraphs, _find_language(model))
    if found.build is None:
        raise T5TuneError(f"--format {found.name} is for documents.", next_command="--documents")
    if found.column is None and layout.column is not None:
        able = " or ".join(one.name for one in FORMATS.values() if one.column)
        raise T5TuneError(f"--column is for --format {able}.", next_command="--format tsv")
    if found.column is not None and layout.column is None:
        raise T5TuneError(
            f"--format {found.name} needs the place of the source.", next_command=found.column
        )
    if with_n_best and not found.has_n_best:
        raise T5TuneError(
            f"--n-best does not fit into --format {found.name}.", next_command="--format jsonl"
        )
    return found.build(layout, name, with_n_best)


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


class _Decoder:
    """A model with the requested search, opened when there is something to translate.

    It counts translations that are not complete, and prints the first one of each kind at once.
    """

    def __init__(
        self, model: OpenedModel, search: Mapping[str, Any], kind: Kind[Any], *, is_document: bool
    ) -> None:
        self.model = model
        self._search = search
        self._kind = kind
        self._is_document = is_document
        self._num_truncated = 0
        self._num_chunked = 0
        self._num_limited = 0

    @cached_property
    def _options(self) -> DecodingOptions:
        return self.model.choose_options(self._search)

    @cached_property
    def _translator(self) -> PlainTranslator:
        translator = self.model.translator
        return SentenceTranslator(translator) if self._is_document else translator

    def largest_window(self) -> int:
        """Number of lines that are translated together: as many batches for any number of beams."""
        beams = self._options.num_beams if self.model.is_open else 1
        return max(LARGEST_WINDOW // beams, SMALLEST_LIMIT)

    def translate(
        self, items: Sequence[Item], on_progress: Callable[[int], None]
    ) -> Sequence[list[Hypothesis]]:
        """Return the hypotheses of each item; only the best one unless more are asked for."""
        sources = [item.source for item in items]
        found: Sequence[list[Hypothesis]]
        if self._search.get("num_hypotheses") is not None:
            found = self.model.translator.translate_n_best(sources, self._options, on_progress)
        else:
            best = self._translator.translate(sources, self._options, on_progress)
            found = [[hypothesis] for hypothesis in best]
        self._note(items, found)
        return found

    def _note(self, items: Sequence[Any], hypotheses: Sequence[Sequence[Hypothesis]]) -> None:
        translator = self._translator
        if translator.num_truncated and not self._num_truncated:
            limit = self.model.translator.max_source_length or 0
            long = [item for item in items if len(item.source) * 4 > limit]
            counts = self.model.translator.count_tokens([item.source for item in long])
            cut = (item for item, num in zip(long, counts, strict=True) if num > limit)
            for item in islice(cut, 1):
                say(
                    f"{self._kind.name(item)} was cut to the model's max_source_length of {limit} "
                    "tokens; its translation lacks the rest (--documents splits long texts)"
                )
        self._num_truncated += translator.num_truncated
        self._num_chunked += translator.num_chunked
        limited = [i for i, found in enumerate(hypotheses) if found[0].reached_limit]
        if limited and not self._num_limited:
            say(
                f"the translation of {self._kind.name(items[limited[0]])} ended at the limit of "
                f"{self._options.max_new_tokens} tokens (--max-new-tokens)"
            )
        self._num_limited += len(limited)

    def sum_up(self) -> None:
        """Print the number of warnings of each kind, if there was more than one."""
        if self._num_truncated > 1:
            say(f"{self._num_truncated:,} sources were cut to the model's max_source_length")
        if self._num_chunked:
            say(
                f"{self._num_chunked:,} sources were longer than the model's max_source_length; "
                "they were read in chunks, and the translations joined"
            )
        if self._num_limited > 1:
            say(f"{self._num_limited:,} translations ended at the length limit")
        translator = self._translator if self.model.is_open else None
        if isinstance(translator, SentenceTranslator) and translator.num_marks_lost:
            say(f"marks of emphasis lost in translation: {translator.num_marks_lost:,}")


def _run(
    source: TextInput, target: Output, kind: Kind[Any], decoder: _Decoder, facts: FileFacts | None
) -> None:
    start = target.progress
    has_terminal = sys.stdout.isatty() and isinstance(target, StandardOutput)
    with track(
        "translating",
        None if facts is None else kind.count(facts),
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
                if not decoder.model.is_open:
                    decoder.model.open()
                    advance(0)
                hypotheses = decoder.translate([items[i] for i in indices], on_progress)
                for i, of_source in zip(indices, hypotheses, strict=True):
                    found[i] = of_source
            advance(len(items) - reported)
            return found

        windows = stream(
            _skip(kind.read(source), start.num_items),
            translate,
            kind.weigh,
            is_live=source.is_live,
            window=start.window,
            largest=decoder.largest_window,
        )
        done = start.num_items
        with closing(windows):
            for items, found in windows:
                done += len(items)
                text = "".join(map(kind.render, items, found))
                target.write(text, Progress(done, len(items)))
    target.finish()
    decoder.sum_up()


def _skip(blocks: Iterator[list[Any]], num: int) -> Iterator[list[Any]]:
    """Yield all items but the first ones."""
    for block in blocks:
        if num < len(block):
            yield block[num:]
        num = max(num - len(block), 0)
