"""Input settings of a model. Imports no model library, because exports use them too."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class InputSettings:
    """Input settings of one model, the same for every engine."""

    prefix: str = ""  # text before every source
    max_source_length: int | None = None  # limit in tokens, prefix included; None for no limit
    # First generated token, which tells multilingual models the target language; None leaves it to
    # the model's generation configuration.
    forced_bos_token_id: int | None = None

    def add_prefix(self, sources: Iterable[str]) -> list[str]:
        """Return the sources as the tokenizer gets them."""
        return [self.prefix + source for source in sources]
