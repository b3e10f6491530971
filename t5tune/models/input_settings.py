"""Input settings of a model. Imports no model library, because exports use them too."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

CUT, CHUNK = "cut", "chunk"  # what becomes of sources that are too long
_OF_SPLITTING = ("long_sources", "source_lang")


@dataclass(frozen=True)
class InputSettings:
    """Input settings of one model, the same for every engine."""

    prefix: str = ""  # text before every source
    max_source_length: int | None = None  # limit in tokens, prefix included; None for no limit
    # First generated token, which tells multilingual models the target language; None leaves it to
    # the model's generation configuration.
    forced_bos_token_id: int | None = None
    long_sources: str = CUT
    source_lang: str | None = None  # for splitting sources into sentences, with `chunk` alone

    def add_prefix(self, sources: Iterable[str]) -> list[str]:
        """Return the sources as the tokenizer gets them."""
        return [self.prefix + source for source in sources]

    @property
    def splitting(self) -> dict[str, Any]:
        """How long sources are split, as files keep it: nothing where they are cut."""
        if self.long_sources == CUT:
            return {}
        return {"long_sources": self.long_sources, "source_lang": self.source_lang}

    def describe(self) -> dict[str, Any]:
        """Return what differs between models; how long sources are split, only if they are."""
        return {**without_splitting(asdict(self)), **self.splitting}


def without_splitting(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of settings but those about long sources."""
    return {key: value for key, value in values.items() if key not in _OF_SPLITTING}
