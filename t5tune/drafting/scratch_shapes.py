"""Sizes of models from scratch by the number of pairs: those of the recipes that were measured.

`docs/init.md` has the measurements for few pairs (3,000 and 10,000 captions), `docs/benchmarks.md`
the others: 10,200 pairs of the phrasebook, 29,000 of Multi30k, 8,000 words of SIGMORPHON 2021, and
the speed of the larger shape.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class ScratchShape:
    """Sizes that suit a number of pairs.

    Attributes:
        most_pairs: Number of pairs up to which they are used; None for all.
        sizes: Keys of `model.from_scratch`.
        vocab_size: Size of the vocabulary, unless the texts have more characters.
        dropout: Dropout rate.
        tokens_per_batch: Source plus target tokens of a batch.
        learning_rate: Peak for Adafactor relative to the size of the weights; None for the default.
        warmup_steps: Steps to that peak; None for the default.
        num_steps: Optimizer steps that such data was trained for.
        fewest_epochs: Fewest passes over the data.
        most_epochs: Most passes over the data.
        origin: What these sizes were measured on.
    """

    most_pairs: int | None
    sizes: Mapping[str, int]
    vocab_size: int
    dropout: float
    tokens_per_batch: int
    learning_rate: float | None
    warmup_steps: int | None
    num_steps: int
    fewest_epochs: int
    most_epochs: int
    origin: str


_SMALL: dict[str, Any] = {"d_model": 128, "d_ff": 256, "num_layers": 4, "num_heads": 4}
_MEDIUM: dict[str, Any] = {"d_model": 256, "d_ff": 1024, "num_layers": 4, "num_heads": 4}
_CAPTIONS = "those of recipes/multi30k-en-de.yaml"
SHAPES = (
    ScratchShape(3_000, _SMALL, 1000, 0.15, 2000, 3e-2, 200, 6000, 12, 200, _CAPTIONS),
    ScratchShape(15_000, _SMALL, 2500, 0.15, 2000, 3e-2, 200, 6000, 12, 40, _CAPTIONS),
    ScratchShape(80_000, _SMALL, 4000, 0.15, 2000, 3e-2, 400, 6500, 12, 24, _CAPTIONS),
    ScratchShape(
        None, _MEDIUM, 8000, 0.1, 4096, None, None, 20_000, 3, 12,
        "9 million parameters; their score was not measured",
    ),
)  # fmt: skip
# Spelling to pronunciation, and other words to short symbols.
PHONES = ScratchShape(
    None, {"d_model": 128, "d_ff": 256, "num_layers": 2, "num_heads": 4}, 0, 0.1, 1000, 3e-2, 200,
    5000, 10, 60, "those of recipes/g2p.yaml",
)  # fmt: skip


def choose_shape(num_pairs: int) -> ScratchShape:
    """Return the sizes for a number of training pairs."""
    return next(
        shape for shape in SHAPES if shape.most_pairs is None or num_pairs <= shape.most_pairs
    )
