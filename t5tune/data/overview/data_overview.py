"""What is in the data of a recipe, ready for every form in which it is shown, and as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any, NamedTuple

from t5tune.data.augmentation.augmentation_kind import TextPair
from t5tune.data.cleaning.cleaning_report import CleaningReport
from t5tune.data.examples import Examples
from t5tune.data.overlap import TrainingOverlap
from t5tune.data.overview.encoded_examples import EncodedExample, EncodedText
from t5tune.data.overview.length_counts import LengthBin, LengthCounts
from t5tune.data.overview.lost_characters import ChangedCharacter, name_character

QUANTILES = {"median": 0.5, "p95": 0.95, "p99": 0.99}
MOST_CHARACTERS = 20  # lost characters that are named
_MOST_NUMBERS = 20  # leaked examples that are named


@dataclass(frozen=True)
class SideOverview:
    """Sources or targets of a split, as the tokenizer encodes them.

    Attributes:
        limit: Number of tokens to which training cuts them.
        lengths: Lengths of those that were looked at, before they are cut, special tokens and
            prefix counted.
        num_tokens: Number of tokens of all examples, after they are cut; None for a stream.
        is_estimate: Whether it follows from those that were looked at.
        num_cut: Number of texts over the limit.
        num_unknown: Number of unknown tokens.
        num_with_unknown: Number of texts that have one.
        unknown: How often unknown characters occur, or words where words are tokens.
        changed: Characters that decoding does not give back.
    """

    limit: int
    lengths: LengthCounts
    num_tokens: int | None
    is_estimate: bool
    num_cut: int
    num_unknown: int
    num_with_unknown: int
    unknown: Mapping[str, int]
    changed: Sequence[ChangedCharacter]

    @property
    def bins(self) -> list[LengthBin]:
        """Histogram of the lengths."""
        return self.lengths.bins(self.limit)

    def to_json(self) -> dict[str, Any]:
        """Return JSON values."""
        lengths = self.lengths
        return {
            "num_texts": lengths.num_texts,
            "num_tokens": self.num_tokens,
            "is_estimate": self.is_estimate,
            "lengths": {
                "mean": round(lengths.mean, 3),
                **{name: lengths.find_quantile(share) for name, share in QUANTILES.items()},
                "longest": lengths.longest,
                "histogram": [one._asdict() for one in self.bins],
            },
            "limit": self.limit,
            "num_cut": self.num_cut,
            "num_tokens_cut_off": lengths.count_cut_off(self.limit),
            "num_unknown_tokens": self.num_unknown,
            "num_texts_with_unknown": self.num_with_unknown,
            "unknown": [
                {"text": one, "name": name_character(one), "count": count}
                for one, count in islice(self.unknown.items(), MOST_CHARACTERS)
            ],
            "changed": [
                {**asdict(one), "name": name_character(one.character)}
                for one in self.changed[:MOST_CHARACTERS]
            ],
        }


@dataclass(frozen=True)
class SplitOverview:
    """A split, or an entry of one that has several.

    Attributes:
        name: Its key in the recipe.
        title: Its name for people.
        place: Where its examples come from.
        num_examples: Number of them; None if they are streamed.
        num_blank: Number of training examples that are left out, because a side is blank.
        prefix: Text before every source.
        source: Its sources.
        target: Its targets; of several references the first ones.
    """

    name: str
    title: str
    place: str
    num_examples: int | None
    num_blank: int
    prefix: str
    source: SideOverview
    target: SideOverview

    @property
    def sides(self) -> dict[str, SideOverview]:
        """Both sides by their names."""
        return {"source": self.source, "target": self.target}

    @property
    def is_training(self) -> bool:
        """Whether it is data that the model learns from."""
        return self.name.partition("[")[0] == "train"

    @property
    def is_sample(self) -> bool:
        """Whether not all examples were looked at."""
        return self.num_examples is None or self.source.lengths.num_texts < self.num_examples

    def to_json(self) -> dict[str, Any]:
        """Return JSON values."""
        return {
            "name": self.name,
            "title": self.title,
            "place": self.place,
            "num_examples": self.num_examples,
            "num_blank": self.num_blank,
            "prefix": self.prefix,
            **{name: side.to_json() for name, side in self.sides.items()},
        }


class Change(NamedTuple):
    """An example before and after.

    Attributes:
        num_kinds: Number of kinds that have changed it.
        before: The example in the data.
        after: What training sees.
    """

    num_kinds: int
    before: TextPair
    after: TextPair


@dataclass(frozen=True)
class KindPreview:
    """A kind of augmentation.

    Attributes:
        name: Its key in the recipe.
        sides: Texts that it changes.
        asked: Share of the examples that the recipe asks for.
        num_changed: Number of examples that it changes, of those that were looked at; None for
            subwords, which are drawn when texts are tokenized.
        examples: Some of them.
    """

    name: str
    sides: str
    asked: float
    num_changed: int | None
    examples: Sequence[Change]

    def to_json(self) -> dict[str, Any]:
        """Return JSON values."""
        examples = [
            {"before": one.before._asdict(), "after": one.after._asdict()} for one in self.examples
        ]
        return {
            "name": self.name,
            "sides": self.sides,
            "share": self.asked,
            "num_changed": self.num_changed,
            "examples": examples,
        }


@dataclass(frozen=True)
class AugmentationPreview:
    """What becomes of training examples.

    Attributes:
        rounds: Number of variants of the training data; None if they are streamed.
        seed: Seed of the augmentation.
        looked_at: Number of examples whose augmentation was counted, in the first round.
        kinds: Kinds of augmentation in the order in which they are applied.
    """

    rounds: int | None
    seed: int
    looked_at: int
    kinds: Sequence[KindPreview]

    def to_json(self) -> dict[str, Any]:
        """Return JSON values."""
        return {
            "rounds": self.rounds,
            "seed": self.seed,
            "looked_at": self.looked_at,
            "kinds": [kind.to_json() for kind in self.kinds],
        }


@dataclass(frozen=True)
class DataOverview:
    """What training would see.

    Attributes:
        recipe: Name of the recipe.
        tokenizer: What encodes the texts: a model's name, or how its vocabulary is made.
        unknown_token: How it writes what it does not know; None if it knows everything.
        rows: Number of pairs of each training entry that were encoded at most; None for all.
        splits: Splits of the recipe.
        cleaning: What the rules of the recipe leave out of each training entry, or of the
            beginning of a stream; empty without rules.
        mixture: Shares of the entries, by phase, as environment.json has them; empty without a
            mixture.
        sets: Sets that the model will translate.
        overlaps: Their overlaps with the training data.
        compared: Number of pairs that they were compared with, where these are not all.
        examples: Some pairs, encoded.
        augmentation: What becomes of training examples; None if they stay as they are.
    """

    recipe: str
    tokenizer: str
    unknown_token: str | None
    rows: int | None
    splits: Sequence[SplitOverview]
    cleaning: Mapping[str, CleaningReport]
    mixture: Sequence[Mapping[str, Any]]
    sets: Sequence[Examples]
    overlaps: Sequence[TrainingOverlap]
    compared: int | None = None
    examples: Sequence[EncodedExample] = ()
    augmentation: AugmentationPreview | None = None

    def by_split(self) -> dict[str, list[SplitOverview]]:
        """Return the entries of `train`, `validation` and `test`."""
        found: dict[str, list[SplitOverview]] = {}
        for split in self.splits:
            found.setdefault(split.name.partition("[")[0], []).append(split)
        return found

    def to_json(self) -> dict[str, Any]:
        """Return JSON values, in the key order that other programs see."""
        augmentation = self.augmentation
        return {
            "recipe": self.recipe,
            "tokenizer": self.tokenizer,
            "rows": self.rows,
            "splits": [split.to_json() for split in self.splits],
            "mixture": list(self.mixture) or None,
            "cleaning": {key: report.to_json() for key, report in self.cleaning.items()} or None,
            "leaks": [
                _leaks_to_json(examples, overlap)
                for examples, overlap in zip(self.sets, self.overlaps, strict=True)
            ],
            "compared_with": self.compared,
            "examples": [_example_to_json(one) for one in self.examples],
            "augmentation": None if augmentation is None else augmentation.to_json(),
        }


def _leaks_to_json(examples: Examples, overlap: TrainingOverlap) -> dict[str, Any]:
    numbers = (i for i, agreement in enumerate(overlap.agreement) if agreement != "clean")
    worst = overlap.worst
    return {
        "split": examples.split,
        "num_examples": len(overlap.agreement),
        "exact": overlap.count("exact"),
        "same_source": overlap.count("same_source"),
        "near": overlap.count("near"),
        "first_numbers": list(islice(numbers, _MOST_NUMBERS)),
        "worst": worst
        and {
            "number": worst.number,
            "source": examples.sources[worst.number],
            "training_source": worst.training_source,
            "training_target": worst.training_target,
            "place": worst.place,
        },
    }


def _example_to_json(example: EncodedExample) -> dict[str, Any]:
    def side(text: EncodedText) -> dict[str, Any]:
        return {**asdict(text), "is_same": text.is_same}

    return {
        "entry": example.entry,
        "number": example.number,
        "reason": example.reason,
        "source": side(example.source),
        "target": side(example.target),
    }
