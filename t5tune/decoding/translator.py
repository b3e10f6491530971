"""The protocol of all engines that turn sources into hypotheses."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import MISSING, Field, dataclass, field, fields, replace
from itertools import islice
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from t5tune.decoding.documents.chunks import join_outputs, split_long_sources
from t5tune.decoding.scored_pairs import TOKENS_PER_BATCH, ScoredPair
from t5tune.errors import T5TuneError
from t5tune.models.input_settings import CHUNK, InputSettings

if TYPE_CHECKING:
    from t5tune.recipe.schema import DecodingSection

# Called with the number of sources done since the last call.
OnProgress: TypeAlias = Callable[[int], None] | None


@dataclass(frozen=True)
class Hypothesis:
    """One output of a model.

    Attributes:
        text: Text without special tokens.
        num_tokens: Number of generated tokens, end of sequence included.
        reached_limit: Whether generation stopped at the length limit, not at the end of sequence.
        score: Log-probability divided by num_tokens ** length_penalty, as beams are ranked;
            None if it was not requested.
    """

    text: str
    num_tokens: int
    reached_limit: bool
    score: float | None = None


def _option(
    ctranslate2: str,
    default: Any = MISSING,
    *,
    of_beams: bool = False,
    is_always_named: bool = False,
) -> Any:
    """Return a field of `DecodingOptions` that decides which hypotheses are found.

    Args:
        ctranslate2: Name in `ctranslate2.Translator.translate_batch`.
        default: Value that changes nothing.
        of_beams: Whether it has an effect in a beam search alone.
        is_always_named: Whether all reports and keys of the cache name it, whatever its value.
    """
    metadata = {"ctranslate2": ctranslate2, "of_beams": of_beams}
    return field(default=default, metadata={**metadata, "is_always_named": is_always_named})


@dataclass(frozen=True)
class DecodingOptions:
    """Options of the search, named as in `transformers.GenerationConfig`.

    Every engine and every report takes its options from here; CONTRIBUTING.md says how to add one.

    Attributes:
        max_new_tokens: Length limit of a hypothesis in tokens.
        num_beams: Number of beams; 1 is greedy search.
        length_penalty: Exponent of the length that a beam's log-probability is divided by.
        no_repeat_ngram_size: Size of n-grams that may not repeat; 0 allows any.
        tokens_per_batch: Number of source tokens times beams in a batch, padding included.
        num_hypotheses: Number of hypotheses of `translate_n_best` per source, at most `num_beams`.
    """

    max_new_tokens: int = _option("max_decoding_length", is_always_named=True)
    num_beams: int = _option("beam_size", 4, is_always_named=True)
    length_penalty: float = _option("length_penalty", 1.0, of_beams=True, is_always_named=True)
    no_repeat_ngram_size: int = _option("no_repeat_ngram_size", 0, is_always_named=True)
    tokens_per_batch: int = 4096
    num_hypotheses: int = 1

    def without_beams(self) -> DecodingOptions:
        """Return the greedy search with the options that do not need beams."""
        of_beams: dict[str, Any] = {
            option.name: option.default
            for option in fields(self)
            if option.metadata.get("of_beams")
        }
        return replace(self, num_beams=1, **of_beams)

    def for_generate(self) -> dict[str, Any]:
        """Return the search as `transformers.GenerationConfig` takes it.

        Without beams, a penalty for them has no effect, and the library refuses to save it.
        """
        return {
            option.name: value
            for option, value in self._of_search()
            if self.num_beams > 1 or not option.metadata["of_beams"]
        }

    def for_ctranslate2(self) -> dict[str, Any]:
        """Return the search as `ctranslate2.Translator.translate_batch` takes it."""
        return {option.metadata["ctranslate2"]: value for option, value in self._of_search()}

    def describe(self) -> dict[str, Any]:
        """Return what decides the best hypothesis, as reports and keys of the cache have it.

        An option that was added later is left out if it has its default, so that older
        hypotheses still belong to the same search.
        """
        return {
            option.name: value
            for option, value in self._of_search()
            if option.metadata["is_always_named"] or value != option.default
        }

    def _of_search(self) -> Iterator[tuple[Field[Any], Any]]:
        """Yield the options that decide which hypotheses are found, with their values."""
        for option in fields(self):
            if option.metadata:
                yield option, getattr(self, option.name)


class PlainTranslator(Protocol):
    """A translator that returns the best hypothesis of each source."""

    engine: str  # name of the engine in reports
    num_truncated: int  # sources of the last call that were cut to the model's length
    num_chunked: int  # those that were read in chunks

    def translate(
        self, sources: Sequence[str], options: DecodingOptions, on_progress: OnProgress = None
    ) -> list[Hypothesis]:
        """Return the best hypothesis of each source, a text without the prefix, in their order."""
        ...


class Translator(PlainTranslator, Protocol):
    """A translator whose model is loaded, whatever its engine."""

    @property
    def max_source_length(self) -> int | None:
        """Number of tokens of a source that are read; None if there is no limit."""
        ...

    def translate_n_best(
        self, sources: Sequence[str], options: DecodingOptions, on_progress: OnProgress = None
    ) -> list[list[Hypothesis]]:
        """Return `num_hypotheses` hypotheses of each source with their scores, best first.

        The first ones are those of `translate` with the same options.

        Raises:
            T5TuneError: There are fewer beams than hypotheses.
        """
        ...

    def count_tokens(self, sources: Sequence[str]) -> list[int]:
        """Return the number of tokens of each source, prefix included, before it is cut."""
        ...

    def score_pairs(
        self,
        sources: Sequence[str],
        targets: Sequence[str],
        on_progress: OnProgress = None,
        *,
        tokens_per_batch: int = TOKENS_PER_BATCH,
    ) -> list[ScoredPair]:
        """Return the probability of each target as the output for its source, in their order.

        Args:
            sources: Texts without the prefix.
            targets: As many texts; the end of sequence is added.
            on_progress: Called with the number of pairs done since the last call.
            tokens_per_batch: Tokens of sources and targets in a batch, padding included.

        Raises:
            T5TuneError: The engine cannot, as an export of an earlier version cannot.
        """
        ...


class SearchingTranslator(ABC):
    """A translator whose best hypotheses are n-best lists of one.

    If its settings say so, sources that are too long are read in chunks, and the outputs joined;
    n-best lists are of sources that are cut.
    """

    settings: InputSettings
    num_chunked = 0

    def translate(
        self, sources: Sequence[str], options: DecodingOptions, on_progress: OnProgress = None
    ) -> list[Hypothesis]:
        options = replace(options, num_hypotheses=1)
        self.num_chunked, limit = 0, self.settings.max_source_length
        if self.settings.long_sources != CHUNK or limit is None:
            return self._find_best(sources, options, on_progress)
        language = self.settings.source_lang
        chunks = split_long_sources(sources, self.count_tokens, limit, language=language)
        self.num_chunked = sum(len(of_one) > 1 for of_one in chunks)
        if not self.num_chunked:
            return self._find_best(sources, options, on_progress)
        pieces = [piece for of_one in chunks for piece in of_one]
        num_done = 0

        def count_sources(num: int) -> None:
            nonlocal num_done
            before = num_done * len(sources) // len(pieces)
            num_done += num
            if on_progress is not None:
                on_progress(num_done * len(sources) // len(pieces) - before)

        found = iter(self._find_best(pieces, options, count_sources))
        return [_join(list(islice(found, len(of_one)))) for of_one in chunks]

    def use_direction(self, source_lang: str | None, target_lang: str | None) -> None:
        """Translate from now on between these languages, if the model has several directions.

        Raises:
            T5TuneError: The languages name none of them, or several.
        """
        if self.settings.directions:
            chosen = self.settings.choose(source_lang, target_lang)
            self.settings = self.settings.turned(chosen)

    def _find_best(
        self, sources: Sequence[str], options: DecodingOptions, on_progress: OnProgress
    ) -> list[Hypothesis]:
        found = self._search(sources, options, on_progress, with_scores=False)
        return [best for (best,) in found]

    def translate_n_best(
        self, sources: Sequence[str], options: DecodingOptions, on_progress: OnProgress = None
    ) -> list[list[Hypothesis]]:
        self.num_chunked, num = 0, options.num_hypotheses
        if num > options.num_beams:  # a search keeps no others
            raise T5TuneError(
                f"{num} hypotheses need as many beams; there are {options.num_beams}.",
                next_command=f"--num-beams {num}",
            )
        return self._search(sources, options, on_progress, with_scores=True)

    @abstractmethod
    def count_tokens(self, sources: Sequence[str]) -> list[int]:
        """See `Translator.count_tokens`."""

    @abstractmethod
    def _search(
        self,
        sources: Sequence[str],
        options: DecodingOptions,
        on_progress: OnProgress,
        *,
        with_scores: bool,
    ) -> list[list[Hypothesis]]:
        """Return `num_hypotheses` hypotheses for each source, in their order."""


def _join(parts: Sequence[Hypothesis]) -> Hypothesis:
    """Return the hypothesis for a source from those for its chunks."""
    if len(parts) == 1:
        return parts[0]
    return Hypothesis(
        join_outputs([part.text for part in parts]),
        sum(part.num_tokens for part in parts),
        any(part.reached_limit for part in parts),
    )


def build_hypothesis(
    text: str, num_tokens: int, limit: int, *, is_finished: bool, score: float | None = None
) -> Hypothesis:
    """Return a hypothesis on one line, since a source is one: a line break becomes a blank."""
    reached_limit = not is_finished and num_tokens >= limit
    return Hypothesis(text.replace("\n", " ").strip(), num_tokens, reached_limit, score)


def options_of_recipe(section: DecodingSection, max_new_tokens: int) -> DecodingOptions:
    """Return the search of a recipe's decoding section, which may leave the limit open."""
    return DecodingOptions(**{**section.model_dump(), "max_new_tokens": max_new_tokens})


def limit_from_references(lengths: Sequence[int]) -> int:
    """Return the length limit that fits references of these lengths in tokens.

    Hypotheses are sometimes a little longer than references: a quarter more than the longest
    leaves room, and a model that never stops is still stopped soon.
    """
    longest = max(lengths, default=20)
    return longest + max(8, longest // 4)
