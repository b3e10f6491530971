"""Input settings of a model. Imports no model library, because exports use them too."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

CUT, CHUNK = "cut", "chunk"  # what becomes of sources that are too long


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

    def describe(self) -> dict[str, Any]:
        """Return what differs between models; how long sources are split, only if they are."""
        values = asdict(self)
        if self.long_sources == CUT:
            del values["long_sources"], values["source_lang"]
        return values
