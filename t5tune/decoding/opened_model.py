"""A model that is ready to translate, whatever its engine: what `t5tune.load` returns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar

from t5tune.console import say, track
from t5tune.decoding.translator import (
    DecodingOptions,
    Hypothesis,
    PlainTranslator,
    Translator,
)
from t5tune.errors import T5TuneError, did_you_mean

T = TypeVar("T")

BLANK = Hypothesis("", num_tokens=0, reached_limit=False)


@dataclass(frozen=True)
class OpenedModel:
    """A model with its default search.

    Attributes:
        translator: The model in its engine.
        options: Search settings that apply if the user gives none.
        name: Name of the run, the directory or the model on the hub.
        patience: Patience of an export; None for torch.
    """

    translator: Translator
    options: DecodingOptions
    name: str
    patience: float | None = None

    @property
    def engine(self) -> str:
        """Name of the engine in reports."""
        return self.translator.engine

    def translate(self, texts: Sequence[str], **search: Any) -> list[Hypothesis]:
        """Translate texts; a blank one has a blank hypothesis.

        Args:
            texts: Texts, without the prefix.
            search: Fields of `DecodingOptions`, such as `num_beams=8`; the others keep the
                values of the model.

        Returns:
            The best hypothesis of each text, in their order.

        Raises:
            T5TuneError: A field does not exist.
        """
        options = self._choose_options(search)
        return _translate(texts, BLANK, options, self.translator.translate, self.translator)

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
        beams = max(self.options.num_beams, num_hypotheses)
        search = {"num_beams": beams, **search, "num_hypotheses": num_hypotheses}
        options = self._choose_options(search)
        translate = self.translator.translate_n_best
        return _translate(texts, [BLANK], options, translate, self.translator)

    def _choose_options(self, search: dict[str, Any]) -> DecodingOptions:
        known = [field.name for field in fields(DecodingOptions)]
        for name in search:
            if name not in known:
                raise T5TuneError(
                    f"{name} is not a setting of the search{did_you_mean(name, known) or '.'}",
                    next_command=f"use {', '.join(known)}",
                )
        return replace(self.options, **search)


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
    if translator.num_truncated:
        say(
            f"{translator.num_truncated:,} sources were cut to the model's max_source_length; "
            "their translations lack the rest"
        )
