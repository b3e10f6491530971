"""What was left out of training data: counts and examples by rule."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import xxhash
from numpy.typing import NDArray

from t5tune.data.pairs import BLANK, Pairs, refuse_blank
from t5tune.errors import T5TuneError, visible

KEY = "data.cleaning"
NUM_EXAMPLES = 5
_MOST_CHARACTERS = 300  # of a text that is shown
_NOTABLE = 0.5  # share of the pairs from which a rule may be a mistake


@dataclass(frozen=True, order=True)
class DroppedPair:
    """A pair that was left out.

    Attributes:
        draw: Random number of its row, by which examples are chosen.
        row: Number of the pair in the data, from 1.
        source: Its source, cut if it is long.
        target: Its target, likewise.
    """

    draw: int
    row: int
    source: str
    target: str


@dataclass
class CleaningReport:
    """Counts and examples; the same ones for the same data, however it was read.

    Attributes:
        num_read: Number of pairs that were judged.
        counts: Number of pairs that each rule has left out, in the order of the rules; a pair is
            left out by the first one.
        examples: Some of them, drawn evenly.
        key: Key of the rules in the recipe, which is not stored.
    """

    num_read: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    examples: dict[str, list[DroppedPair]] = field(default_factory=dict)
    key: str = KEY

    @classmethod
    def of_rules(cls, names: Sequence[str], key: str) -> CleaningReport:
        """Return the report on no pairs."""
        return cls(0, dict.fromkeys(names, 0), {name: [] for name in names}, key)

    @property
    def num_dropped(self) -> int:
        """Number of pairs that were left out."""
        return sum(self.counts.values())

    def add(self, pairs: Pairs, verdicts: NDArray[np.uint8]) -> None:
        """Count the next pairs.

        Args:
            pairs: Some pairs.
            verdicts: Number of the rule that leaves out each, from 1; 0 for a pair that stays.
        """
        names = list(self.counts)
        for i in np.flatnonzero(verdicts):
            name, row = names[verdicts[i] - 1], self.num_read + int(i) + 1
            self.counts[name] += 1
            draw = xxhash.xxh3_64_intdigest(str(row).encode())
            kept = self.examples[name]
            if len(kept) < NUM_EXAMPLES or draw < kept[-1].draw:
                texts = (_shorten(side[i]) for side in pairs)
                kept.append(DroppedPair(draw, row, *texts))
                kept.sort()
                del kept[NUM_EXAMPLES:]
        self.num_read += len(verdicts)

    def check_some_are_left(self) -> None:
        """Check that rules have left a pair.

        Raises:
            T5TuneError: They have not; the error names the rule that leaves out most.
        """
        if self.num_dropped < self.num_read or not self.num_read:
            return
        name = max(self.counts, key=lambda name: self.counts[name])
        if self.counts[BLANK] == self.num_read:
            raise refuse_blank()
        example = min(self.examples[name])
        raise T5TuneError(
            f"{self.key}.{name} leaves out {self.counts[name]:,} of {self.num_read:,} training "
            "pairs, and no rule leaves any: for example "
            f"{visible(example.source, one_line=True)[:80]!r} with "
            f"{visible(example.target, one_line=True)[:80]!r}.",
            next_command=f"give {self.key}.{name} other settings, or leave it out",
        )

    def describe(self) -> Iterator[str]:
        """Describe in sentences what was left out."""
        found = {name: count for name, count in self.counts.items() if count}
        share = 100 * self.num_dropped / max(1, self.num_read)
        parts = ", ".join(f"{name} {count:,}" for name, count in found.items())
        yield (
            f"cleaning left out {self.num_dropped:,} of {self.num_read:,} pairs ({share:.1f}%)"
            + (f": {parts}" if parts else "")
        )
        for name, count in found.items():
            if count >= _NOTABLE * self.num_read:
                yield (
                    f"warning: the rule {name} alone leaves out "
                    f"{100 * count / self.num_read:.0f}% of the pairs; t5tune data RECIPE shows "
                    "some"
                )

    def to_json(self) -> dict[str, Any]:
        """Return the JSON values that `from_json` reads."""
        rules = {
            name: {
                "num_dropped": count,
                "examples": [_without_draw(one) for one in sorted(self.examples[name], key=_row)],
            }
            for name, count in self.counts.items()
        }
        return {"num_read": self.num_read, "num_dropped": self.num_dropped, "rules": rules}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> CleaningReport:
        """Read the values of `to_json`."""
        rules = values["rules"]
        return cls(
            values["num_read"],
            {name: of_rule["num_dropped"] for name, of_rule in rules.items()},
            {
                name: [DroppedPair(0, **one) for one in of_rule["examples"]]
                for name, of_rule in rules.items()
            },
        )


def _row(example: DroppedPair) -> int:
    return example.row


def _without_draw(example: DroppedPair) -> dict[str, Any]:
    values = asdict(example)
    del values["draw"]
    return values


def _shorten(text: str) -> str:
    if len(text) > _MOST_CHARACTERS:
        text = text[: _MOST_CHARACTERS - 1] + "…"
    return text.encode("utf-8", "replace").decode()  # JSON has no halves of characters
