"""What every engine that turns sources into hypotheses has in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

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


@dataclass(frozen=True)
class DecodingOptions:
    """How to search. Names as in `transformers.GenerationConfig`.

    Attributes:
        max_new_tokens: Length limit of a hypothesis in tokens.
        num_beams: 1 is greedy search.
        length_penalty: Exponent of the length that a beam's log-probability is divided by.
        no_repeat_ngram_size: n-grams of this size appear once; 0 allows any.
        tokens_per_batch: Source tokens times beams of one batch, padding counted.
        num_hypotheses: How many `translate_n_best` gives for each source, `num_beams` at most.
    """

    max_new_tokens: int
    num_beams: int = 4
    length_penalty: float = 1.0
    no_repeat_ngram_size: int = 0
    tokens_per_batch: int = 4096
    num_hypotheses: int = 1


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
    """A model that is there, whatever engine it has.

    Attributes:
        max_source_length: In tokens; None if there is no limit.
    """

    max_source_length: int | None

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
    """The search of a recipe's decoding section.

    Args:
        section: Gives all but the limit, which it may leave open.
        max_new_tokens: Length limit in tokens.
    """
    return DecodingOptions(
        max_new_tokens=max_new_tokens,
        num_beams=section.num_beams,
        length_penalty=section.length_penalty,
        no_repeat_ngram_size=section.no_repeat_ngram_size,
        tokens_per_batch=section.tokens_per_batch,
    )


def limit_from_references(lengths: Sequence[int]) -> int:
    """The length limit that fits references of these lengths (tokens).

    Hypotheses are somewhat longer than references now and then; a quarter more than the
    longest leaves room, and a model that never stops is still stopped soon.
    """
    longest = max(lengths, default=20)
    return longest + max(8, longest // 4)
