"""What every engine that turns sources into hypotheses has in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import MISSING, Field, dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, Protocol

from t5tune.errors import T5TuneError

if TYPE_CHECKING:
    from t5tune.recipe.schema import DecodingSection


@dataclass(frozen=True)
class Hypothesis:
    """One output of a model.

    Attributes:
        text: Without special tokens.
        num_tokens: Generated tokens, end of sequence included.
        reached_limit: Generation stopped at the length limit, not at the end of sequence.
        score: Log-probability divided by num_tokens ** length_penalty, as beams are ranked;
            None where nobody asked for it.
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
        of_beams: Has an effect in a beam search alone.
        is_always_named: Stands in every report and every key of the cache, whatever its value.
    """
    metadata = {
        "ctranslate2": ctranslate2,
        "of_beams": of_beams,
        "is_always_named": is_always_named,
    }
    return field(default=default, metadata=metadata)


@dataclass(frozen=True)
class DecodingOptions:
    """How to search. Names as in `transformers.GenerationConfig`.

    Every engine and every report takes its options from here; CONTRIBUTING.md says how to add one.

    Attributes:
        max_new_tokens: Length limit of a hypothesis in tokens.
        num_beams: 1 is greedy search.
        length_penalty: Exponent of the length that a beam's log-probability is divided by.
        no_repeat_ngram_size: n-grams of this size appear once; 0 allows any.
        tokens_per_batch: Source tokens times beams of one batch, padding counted.
        num_hypotheses: How many `translate_n_best` gives for each source, `num_beams` at most.
    """

    max_new_tokens: int = _option("max_decoding_length", is_always_named=True)
    num_beams: int = _option("beam_size", 4, is_always_named=True)
    length_penalty: float = _option("length_penalty", 1.0, of_beams=True, is_always_named=True)
    no_repeat_ngram_size: int = _option("no_repeat_ngram_size", 0, is_always_named=True)
    tokens_per_batch: int = 4096
    num_hypotheses: int = 1

    def for_generate(self) -> dict[str, Any]:
        """Return the search as `transformers.GenerationConfig` takes it.

        A penalty of beams has no effect without them, and the library refuses to save it then.
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

        An option that was added later is left out where it has its default: hypotheses of before
        then are still those of the same search.
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
    """Turns sources into their best hypotheses.

    Attributes:
        engine: Its name, for reports.
        num_truncated: Sources of the last call that were cut to the model's length.
    """

    engine: str
    num_truncated: int

    def translate(
        self,
        sources: Sequence[str],
        options: DecodingOptions,
        on_progress: Callable[[int], None] | None = None,
    ) -> list[Hypothesis]:
        """Translate.

        Args:
            sources: Texts, without the prefix.
            options: How to search.
            on_progress: Called with the number of sources done since the last call.

        Returns:
            One hypothesis a source, the best one, in the order of the sources.
        """
        ...


class Translator(PlainTranslator, Protocol):
    """A model that is there, whatever engine it has."""

    @property
    def max_source_length(self) -> int | None:
        """How many tokens of a source are read; None if there is no limit."""
        ...

    def translate_n_best(
        self,
        sources: Sequence[str],
        options: DecodingOptions,
        on_progress: Callable[[int], None] | None = None,
    ) -> list[list[Hypothesis]]:
        """Translate, and give `num_hypotheses` for each source, with their scores, best first.

        The first ones are those of `translate` with the same options. Arguments as there.

        Raises:
            T5TuneError: More hypotheses are wanted than there are beams.
        """
        ...

    def count_tokens(self, sources: Sequence[str]) -> list[int]:
        """How many tokens the model would read of each source, prefix included, uncut."""
        ...


class SearchingTranslator(ABC):
    """A translator whose best hypotheses are n-best lists of one."""

    def translate(
        self,
        sources: Sequence[str],
        options: DecodingOptions,
        on_progress: Callable[[int], None] | None = None,
    ) -> list[Hypothesis]:
        """See `PlainTranslator.translate`."""
        options = replace(options, num_hypotheses=1)
        found = self._search(sources, options, on_progress, with_scores=False)
        return [best for (best,) in found]

    def translate_n_best(
        self,
        sources: Sequence[str],
        options: DecodingOptions,
        on_progress: Callable[[int], None] | None = None,
    ) -> list[list[Hypothesis]]:
        """See `Translator.translate_n_best`."""
        check_num_hypotheses(options)
        return self._search(sources, options, on_progress, with_scores=True)

    @abstractmethod
    def _search(
        self,
        sources: Sequence[str],
        options: DecodingOptions,
        on_progress: Callable[[int], None] | None,
        *,
        with_scores: bool,
    ) -> list[list[Hypothesis]]:
        """`num_hypotheses` for each source, in the order of the sources."""


def check_num_hypotheses(options: DecodingOptions) -> None:
    """Refuse more hypotheses than beams: a search keeps no others."""
    if options.num_hypotheses > options.num_beams:
        raise T5TuneError(
            f"{options.num_hypotheses} hypotheses need as many beams; there are "
            f"{options.num_beams}.",
            next_command=f"--num-beams {options.num_hypotheses}",
        )


def options_of_recipe(section: DecodingSection, max_new_tokens: int) -> DecodingOptions:
    """Return the search of a recipe's decoding section.

    Args:
        section: Gives all but the limit, which it may leave open.
        max_new_tokens: Length limit in tokens.
    """
    return DecodingOptions(**{**section.model_dump(), "max_new_tokens": max_new_tokens})


def limit_from_references(lengths: Sequence[int]) -> int:
    """The length limit that fits references of these lengths (tokens).

    Hypotheses are somewhat longer than references now and then; a quarter more than the
    longest leaves room, and a model that never stops is still stopped soon.
    """
    longest = max(lengths, default=20)
    return longest + max(8, longest // 4)
