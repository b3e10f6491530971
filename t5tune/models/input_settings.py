"""What a model wants of its input. Imports no model library: exports translate with it too."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class InputSettings:
    """What stands around the sources of one model, whichever engine reads them.

    Attributes:
        prefix: Text before every source.
        max_source_length: In tokens, prefix included; longer sources are cut. None for no limit.
        forced_bos_token_id: First generated token, which tells multilingual models the target
            language; None leaves it to the model's generation configuration.
    """

    prefix: str = ""
    max_source_length: int | None = None
    forced_bos_token_id: int | None = None

    def add_prefix(self, sources: Iterable[str]) -> list[str]:
        """Return the sources as the tokenizer gets them."""
        return [self.prefix + source for source in sources]
