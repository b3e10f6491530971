"""A model that translates, whatever its engine: what `t5tune.load` returns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, TypeVar

from t5tune.console import say, track
from t5tune.decoding.scored_pairs import ScoredPair, check_pairs
from t5tune.decoding.translator import (
    DecodingOptions,
    Hypothesis,
    PlainTranslator,
    SearchingTranslator,
    Translator,
)
from t5tune.errors import T5TuneError, did_you_mean

T = TypeVar("T")

PAIRS_TOGETHER = 20_000  # of similar length they form batches, and all of them are in memory
BLANK = Hypothesis("", num_tokens=0, reached_limit=False)


@dataclass(frozen=True)
class ModelChoice:
    """The arguments of `t5tune.load`, which explains them."""

    name: str
    engine: str
    source_lang: str | None = None
    target_lang: str | None = None
    prefix: str | None = None
    allow_code: bool = False
    allow_pickle: bool = False


@dataclass(frozen=True)
class OpenedEngine:
    """A model in an engine."""

    translator: Translator
    options: DecodingOptions  # search settings that apply if the user gives none
    name: str  # name of the run, the directory or the model on the hub
    patience: float | None = None  # of an export; None for torch


class OpenedModel:
    """A model with its default search.

    Args:
        choice: The requested model.
        open_: Function that opens it; called once, when something needs the model.
    """

    def __init__(self, choice: ModelChoice, open_: Callable[[ModelChoice], OpenedEngine]) -> None:
        self.choice = choice
        self._open = open_
        self._opened: OpenedEngine | None = None
        self._languages: tuple[str | None, str | None] | None = None  # those of the translator

    @property
    def is_open(self) -> bool:
        """Whether the weights are in memory."""
        return self._opened is not None

    def open(self) -> OpenedEngine:
        """Open the model if it is not open yet.

        Raises:
            T5TuneError: The model is damaged, or does not have the engine.
        """
        if self._opened is None:
            self._opened = self._open(self.choice)
        return self._opened

    @property
    def translator(self) -> Translator:
        """The model in its engine, which translates between the languages that were chosen.

        Raises:
            T5TuneError: It has several directions, and none was chosen.
        """
        return self._direct(None, None)

    def _direct(self, source_lang: str | None, target_lang: str | None) -> Translator:
        """Return the translator between these languages, or those that the model was loaded for."""
        translator = self.open().translator
        choice = self.choice
        languages = source_lang or choice.source_lang, target_lang or choice.target_lang
        if languages != self._languages and isinstance(translator, SearchingTranslator):
            translator.use_direction(*languages)
            self._languages = languages
        return translator

    @property
    def options(self) -> DecodingOptions:
        """Search settings that apply if the user gives none."""
        return self.open().options

    @property
    def name(self) -> str:
        """Name of the run, the directory or the model on the hub."""
        return self.open().name

    @property
    def engine(self) -> str:
        """Name of the engine in reports."""
        return self.open().translator.engine

    def translate(
        self,
        texts: Sequence[str],
        *,
        source_lang: str | None = None,
        target_lang: str | None = None,
        **search: Any,
    ) -> list[Hypothesis]:
        """Translate texts; a blank one has a blank hypothesis.

        Args:
            texts: Texts, without the prefix.
            source_lang: Language of the texts, for a model with several directions; the one that
                the model was loaded for if left out.
            target_lang: Language of the translations, likewise.
            search: Fields of `DecodingOptions`, such as `num_beams=8`; the others keep the
                values of the model.

        Returns:
            The best hypothesis of each text, in their order.

        Raises:
            T5TuneError: A field does not exist.
        """
        options = self.choose_options(search)
        translator = self._direct(source_lang, target_lang)
        return _translate(texts, BLANK, options, translator.translate, translator)

    def translate_n_best(
        self, texts: Sequence[str], num_hypotheses: int, **search: Any
    ) -> list[list[Hypothesis]]:
        """Translate texts, and return several hypotheses of each with their scores, best first.

        Args:
            texts: Texts, without the prefix.
            num_hypotheses: Number of hypotheses of each text.
            search: See `translate`. Without `num_beams` there are at least as many beams as
                hypotheses.

        Raises:
            T5TuneError: A field does not exist, or there are fewer beams than hypotheses.
        """
        options = self.choose_options({**search, "num_hypotheses": num_hypotheses})
        translate = self.translator.translate_n_best
        return _translate(texts, [BLANK], options, translate, self.translator)

    def score_pairs(self, sources: Sequence[str], targets: Sequence[str]) -> list[ScoredPair]:
        """Return the log-probability of each target as the translation of its source.

        A blank text is scored like any other. Pairs that are cut are counted on stderr.

        Args:
            sources: Texts, without the prefix.
            targets: As many texts, in the same order.

        Raises:
            T5TuneError: The engine cannot score targets.
            ValueError: The numbers of texts differ.
        """
        if isinstance(sources, str) or isinstance(targets, str):
            raise T5TuneError(
                "score_pairs takes two lists of texts, but was given one text.",
                next_command="score_pairs([source], [target])",
            )
        return list(self.iterate_pairs(sources, targets))

    def iterate_pairs(self, sources: Sequence[str], targets: Sequence[str]) -> Iterator[ScoredPair]:
        """Yield what `score_pairs` returns, some thousands at a time; few are in memory."""
        check_pairs(sources, targets)
        num_sources_cut = num_targets_cut = 0
        with track("scoring", len(sources), "pairs") as advance:
            for start in range(0, len(sources), PAIRS_TOGETHER):
                some = slice(start, start + PAIRS_TOGETHER)
                for pair in self.translator.score_pairs(sources[some], targets[some], advance):
                    num_sources_cut += pair.source_is_cut
                    num_targets_cut += pair.target_is_cut
                    yield pair
        warn_of_cut_pairs(len(sources), num_sources_cut, num_targets_cut)

    def translate_file(
        self,
        source: str | Path | Sequence[str],
        output: str | Path,
        *,
        format: str | None = None,
        column: str | int | None = None,
        into: str = "translation",
        is_document: bool = False,
        as_json: bool = False,
        num_hypotheses: int | None = None,
        **search: Any,
    ) -> None:
        """Translate an input of any size in order, as `t5tune translate --input` does.

        Memory holds a few thousand lines however many there are. An output file is written as
        FILE.partial until it is complete, and the same call continues it after an interruption.
        A model that was loaded with `is_lazy` is opened when the first text arrives.

        Args:
            source: File with one text per line, `-` for standard input, or texts.
            output: File, or `-` for standard output.
            format: Format of both, as `t5tune translate --help` lists them; None means the one
                that the ending of `source` names, else `text`.
            column: Column or field of the source, for tables and JSON lines: its name or, in
                tables, its number, counted from 1.
            into: Column or field of the translation.
            is_document: Whether the input is a document, to be split into sentences.
            as_json: Whether to write an object with source and translation for each text.
            num_hypotheses: Number of translations of each text, to be written with their scores;
                None means the best one without its score.
            search: See `translate`.

        Raises:
            T5TuneError: Input, output or model cannot be used, or they do not fit together.
            BrokenPipeError: The reader of standard output has closed the pipe.
        """
        from t5tune.decoding.streaming.input_format import Layout
        from t5tune.decoding.streaming.input_formats import choose_format
        from t5tune.decoding.streaming.lines import open_input
        from t5tune.decoding.streaming.streamed_translation import translate_input

        _check_names(search)
        chosen = choose_format(
            format, source if isinstance(source, Path | str) else "", is_document=is_document
        )
        layout = Layout(
            chosen.name, None if column is None else str(column), into, is_document, as_json
        )
        translate_input(
            open_input(source),
            None if output == "-" else Path(output),
            layout,
            self,
            {**search, "num_hypotheses": num_hypotheses},
        )

    def choose_options(self, search: Mapping[str, Any]) -> DecodingOptions:
        """Return the model's options with these changes; None keeps the model's own value.

        Raises:
            T5TuneError: A field does not exist.
        """
        _check_names(search)
        given = {name: value for name, value in search.items() if value is not None}
        if "num_hypotheses" in given:
            given = {"num_beams": max(self.options.num_beams, given["num_hypotheses"]), **given}
        return replace(self.options, **given)


def _check_names(search: Iterable[str]) -> None:
    known = [field.name for field in fields(DecodingOptions)]
    for name in search:
        if name not in known:
            raise T5TuneError(
                f"{name} is not a setting of the search{did_you_mean(name, known) or '.'}",
                next_command=f"use {', '.join(known)}",
            )


def _translate(
    texts: Sequence[str],
    blank: T,
    options: DecodingOptions,
    translate: Callable[[Sequence[str], DecodingOptions, Callable[[int], None]], list[T]],
    translator: PlainTranslator,
) -> list[T]:
    """Translate the texts that are not blank."""
    if isinstance(texts, str):
        raise T5TuneError(
            "translate takes a list of texts, but was given one text.",
            next_command="translate([text])",
        )
    indices = [i for i, text in enumerate(texts) if text.strip()]
    with track("translating", len(indices), "texts") as advance:
        found = translate([texts[i] for i in indices], options, advance)
    warn_of_truncation(translator)
    translations = [blank] * len(texts)
    for index, translation in zip(indices, found, strict=True):
        translations[index] = translation
    return translations


def warn_of_truncation(translator: PlainTranslator) -> None:
    """Warn of sources of the last call that were too long."""
    if translator.num_chunked:
        say(
            f"{translator.num_chunked:,} sources were longer than the model's max_source_length; "
            "they were read in chunks, and the outputs joined"
        )
    if translator.num_truncated:
        say(
            f"{translator.num_truncated:,} sources were cut to the model's max_source_length; "
            "their translations lack the rest"
        )


def warn_of_cut_pairs(num_pairs: int, num_sources_cut: int, num_targets_cut: int) -> None:
    """Warn of pairs that were too long."""
    for side, num_cut in (("sources", num_sources_cut), ("targets", num_targets_cut)):
        if num_cut:
            say(
                f"{num_cut:,} of {num_pairs:,} {side} were cut to what the model takes; the "
                "scores are those of what is left"
            )
