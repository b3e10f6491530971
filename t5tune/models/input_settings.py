"""Input settings of a model. Imports no model library, because exports use them too."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from t5tune.data.text_normalizers import Normalizer
from t5tune.errors import T5TuneError

CUT, CHUNK = "cut", "chunk"  # what becomes of sources that are too long
_OF_SPLITTING = ("long_sources", "source_lang")
_DIRECTIONS = "directions"
_START = "decoder_start_token_id"


@dataclass(frozen=True)
class Beginning:
    """How a model begins a text; None leaves a part to its generation configuration."""

    # First generated token, which tells multilingual models the target language.
    forced_bos_token_id: int | None = None
    # Token that the decoder starts from, where it is the language's, as in the first mBART.
    decoder_start_token_id: int | None = None


OWN = Beginning()  # as the model's generation configuration says


@dataclass(frozen=True)
class Direction:
    """Languages that a model translates between, and what says so."""

    source_lang: str | None
    target_lang: str | None
    prefix: str = ""
    has_tokens: bool = False  # of its tokenizer, that name languages
    normalization: Sequence[str] = ()  # of sources; names as in `Normalizer`

    @property
    def languages(self) -> tuple[str | None, str | None]:
        """Codes of source and target."""
        return self.source_lang, self.target_lang

    def __str__(self) -> str:
        return f"{self.source_lang} to {self.target_lang}"


@dataclass(frozen=True)
class InputSettings:
    """Input settings of one model, the same for every engine."""

    prefix: str = ""  # text before every source
    max_source_length: int | None = None  # limit in tokens, prefix included; None for no limit
    forced_bos_token_id: int | None = None  # see `Beginning`
    long_sources: str = CUT
    source_lang: str | None = None  # for splitting sources into sentences, with `chunk` alone
    decoder_start_token_id: int | None = None  # see `Beginning`
    normalization: tuple[str, ...] = ()  # of sources; names as in `Normalizer`
    # Directions of a model that has several, the one of these settings first.
    directions: Sequence[Direction] = ()

    @property
    def beginning(self) -> Beginning:
        """How the model begins a text."""
        return Beginning(self.forced_bos_token_id, self.decoder_start_token_id)

    def add_prefix(self, sources: Iterable[str]) -> list[str]:
        """Return the sources as the tokenizer gets them."""
        texts = Normalizer(self.normalization).normalize_all(list(sources))
        return [self.prefix + text for text in texts]

    @property
    def special(self) -> dict[str, Any]:
        """Settings that few models have, as files keep them: those that are in force."""
        found: dict[str, Any] = {}
        if self.long_sources != CUT:
            found |= {"long_sources": self.long_sources, "source_lang": self.source_lang}
        if self.normalization:
            found["normalization"] = list(self.normalization)
        return found

    def turned(self, direction: Direction) -> InputSettings:
        """Return the settings for another direction; what is told by tokens is left as it is."""
        return replace(
            self,
            prefix=direction.prefix,
            source_lang=direction.source_lang,
            normalization=tuple(direction.normalization),
        )

    def add_prefixes(self, sources: Sequence[str]) -> list[str]:
        """Return the sources as the tokenizer gets them, the prefixes of all directions in turn."""
        turns = [self.turned(one) for one in self.directions] or [self]
        return [
            text
            for place, source in enumerate(sources)
            for text in turns[place % len(turns)].add_prefix([source])
        ]

    def choose(self, source_lang: str | None, target_lang: str | None) -> Direction:
        """Return the direction of a model with several that these languages mean.

        Raises:
            T5TuneError: They mean none, or several.
        """
        found = [
            one
            for one in self.directions
            if source_lang in (None, one.source_lang) and target_lang in (None, one.target_lang)
        ]
        if len(found) == 1:
            return found[0]
        names = ", ".join(map(str, self.directions))
        given = source_lang is not None or target_lang is not None
        problem = "none of them was asked for" if given and not found else "which one is wanted?"
        example = (found or self.directions)[0]
        raise T5TuneError(
            f"this model translates in several directions ({names}); {problem}",
            next_command=f"--source-lang {example.source_lang} --target-lang {example.target_lang}",
        )

    def describe(self) -> dict[str, Any]:
        """Return what differs between models; what few of them have, only if this one has it."""
        return without_unused(asdict(replace(self, directions=())))


def without_unused(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of settings but those that few models have, where this one lacks them."""
    unused: tuple[str, ...] = _OF_SPLITTING if values["long_sources"] == CUT else ()
    unused += (_START,) if values[_START] is None else ()
    unused += () if values["normalization"] else ("normalization",)
    unused += () if values[_DIRECTIONS] else (_DIRECTIONS,)
    return {key: value for key, value in values.items() if key not in unused}
