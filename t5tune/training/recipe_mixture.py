"""The mixture that a recipe asks for: which examples each epoch has, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from t5tune.data.batching.epoch_rows import MixedPart, MixedRows, count_examples
from t5tune.data.encoding import EncodedDataset
from t5tune.errors import T5TuneError
from t5tune.training.random_numbers import derive_seed

if TYPE_CHECKING:
    from t5tune.recipe.sections.data_section import DataSection
    from t5tune.recipe.sections.mixed_entry import MixedEntry


@dataclass(frozen=True)
class Share:
    """Share of an entry in the epochs of a phase.

    Attributes:
        name: Name of the entry.
        asked: Share of the examples that its weight asks for.
        examples: Number of its examples.
        examples_per_epoch: Number of examples of an epoch that are from it.
        share: Their share of the examples.
        token_share: Their share of the source and target tokens, in the first epoch.
        is_limited: Whether `max_repeats` allows no more.
    """

    name: str
    asked: float
    examples: int
    examples_per_epoch: int
    share: float
    token_share: float
    is_limited: bool

    def __str__(self) -> str:
        repeats = self.examples_per_epoch / self.examples
        asked = f", max_repeats; {100 * self.asked:.1f} % asked for" if self.is_limited else ""
        return (
            f"{self.name} {100 * self.share:.1f} % ({self.examples_per_epoch:,} of "
            f"{self.examples:,} examples, {repeats:.2f} times each{asked}; "
            f"{100 * self.token_share:.1f} % of the tokens)"
        )


@dataclass(frozen=True)
class Phase:
    """Steps that use the same entries.

    Attributes:
        begin: Number of steps before the first one.
        seed: Seed of its order.
        rows: Examples of each of its epochs.
        shares: Shares of its entries.
    """

    begin: int
    seed: int
    rows: MixedRows
    shares: Sequence[Share]

    def to_json(self) -> dict[str, Any]:
        """Return values for environment.json."""
        return {"from_step": self.begin, "entries": [asdict(share) for share in self.shares]}

    def __str__(self) -> str:
        start = f" from step {self.begin:,}" if self.begin else ""
        return f"mixture{start}: {', '.join(map(str, self.shares))}"


def plan_phases(data: DataSection, dataset: EncodedDataset, seed: int) -> list[Phase]:
    """Return the phases of a run with a mixture, at least one; none where there is no mixture.

    Raises:
        T5TuneError: A weight is so small that an epoch would not have an example of its entry.
    """
    if not data.mixture:
        return []
    lengths = dataset.sources.lengths + dataset.targets.lengths
    phases = []
    for number, step in enumerate(data.changes):
        # The order of each phase is its own; the first one has that of the run.
        own = derive_seed(seed, number) if number else seed
        used = [place for place, one in enumerate(data.mixture) if one.is_used_after(step)]
        asked, parts = _divide(data, dataset, used)
        rows = MixedRows(parts, lengths, own, dataset.num_rounds)
        entries = [data.mixture[place] for place in used]
        phases.append(Phase(step, own, rows, _find_shares(entries, asked, rows, lengths)))
    return phases


def _divide(
    data: DataSection, dataset: EncodedDataset, used: Sequence[int]
) -> tuple[list[float], list[MixedPart]]:
    """Return the shares that are asked for, and how many examples of each entry an epoch has."""
    firsts = np.cumsum([0, *dataset.part_sizes]).tolist()
    entries = [data.mixture[place] for place in used]
    sizes = [dataset.part_sizes[place] // dataset.num_rounds for place in used]
    weights = _weigh(data, entries, sizes)
    asked = [weight / sum(weights) for weight in weights]
    most = [
        size * (entry.max_repeats or float("inf"))
        for entry, size in zip(entries, sizes, strict=True)
    ]
    counts = count_examples(sizes, weights, most)
    for place, count, share in zip(used, counts, asked, strict=True):
        if not count:
            raise T5TuneError(
                f"data.train[{place}].weight: {100 * share:.2g} % of the {sum(sizes):,} examples "
                f"of an epoch is less than one example of {data.mixture[place].title}.",
                next_command="a larger weight, or a recipe without the entry",
            )
    parts = [
        MixedPart(firsts[place], size, count)
        for place, size, count in zip(used, sizes, counts, strict=True)
    ]
    return asked, parts


def _weigh(data: DataSection, entries: Sequence[MixedEntry], sizes: Sequence[int]) -> list[float]:
    temperature = data.mixing.temperature if data.mixing is not None else 1.0
    return [
        float(size) ** (1 / temperature) if entry.weight is None else entry.weight
        for entry, size in zip(entries, sizes, strict=True)
    ]


def _find_shares(
    entries: Sequence[MixedEntry], asked: Sequence[float], rows: MixedRows, lengths: Any
) -> list[Share]:
    tokens = lengths[rows.find(0)]
    ends = np.cumsum([part.count for part in rows.parts])[:-1]
    return [
        Share(
            entry.title,
            wanted,
            part.num_examples,
            part.count,
            part.count / rows.num_examples,
            float(of_part.sum() / tokens.sum()),
            part.count == part.num_examples * (entry.max_repeats or 0)
            and part.count < wanted * rows.num_examples,
        )
        for entry, wanted, part, of_part in zip(
            entries, asked, rows.parts, np.split(tokens, ends), strict=True
        )
    ]
