"""The pairs of the training data, read as training reads them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from random import Random

import numpy as np
from xxhash import xxh3_64_intdigest

from t5tune.console import track
from t5tune.data.normalization import normalize_text
from t5tune.data.pairs import is_usable
from t5tune.data.readers.open_splits import Example, OpenSplit
from t5tune.errors import T5TuneError

MOST_PAIRS = 500_000  # that are read
SAMPLE = 5000  # pairs that are kept, drawn evenly
_MOST_BAD = 0.5  # share of rows


@dataclass
class PairSurvey:
    """What is in the training data.

    Attributes:
        num_read: Number of examples that were read.
        num_bad: Number of rows that cannot be read.
        num_blank: Number of examples of which a side is blank.
        num_repeated: Number of pairs that occurred before.
        num_copied: Number of pairs whose target is their source.
        num_wordless: Number of pairs of which one side has letters and the other one has none.
        wordless: The last of these, which a row of totals would be.
        num_sources: Number of different sources.
        num_targets: Number of different targets.
        remarks: Sentences about what was left out or is not a text.
        source_lengths: Number of characters of each source.
        target_lengths: Number of characters of each target.
        characters: Different characters of both sides.
        sample: Some pairs, drawn evenly.
        is_complete: Whether all were read.
    """

    num_read: int = 0
    num_bad: int = 0
    num_blank: int = 0
    num_repeated: int = 0
    num_copied: int = 0
    num_wordless: int = 0
    wordless: tuple[str, str] = ("", "")
    num_sources: int = 0
    num_targets: int = 0
    remarks: list[str] = field(default_factory=list)
    source_lengths: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    target_lengths: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    characters: set[str] = field(default_factory=set)
    sample: list[tuple[str, str]] = field(default_factory=list)
    is_complete: bool = True

    @property
    def num_pairs(self) -> int:
        """Number of pairs that can be used."""
        return self.num_read - self.num_blank

    def turned(self) -> PairSurvey:
        """Return what is in the pairs with targets as sources."""
        return replace(
            self,
            num_sources=self.num_targets,
            num_targets=self.num_sources,
            source_lengths=self.target_lengths,
            target_lengths=self.source_lengths,
            sample=[(target, source) for source, target in self.sample],
        )


def survey_pairs(split: OpenSplit, seed: int) -> PairSurvey:
    """Read all pairs, or very many.

    Args:
        split: Training data, opened so that bad rows are left out.
        seed: Seed of the sample.

    Raises:
        T5TuneError: It cannot be read, or none of its pairs can be used.
    """
    survey = PairSurvey()
    lengths: tuple[list[int], list[int]] = ([], [])
    seen: tuple[set[int], set[int], set[int]] = (set(), set(), set())
    draw = Random(seed)
    for example in _read(split, survey):
        source, target = example.source, example.references[0]
        survey.num_read += 1
        if not is_usable(source, target):
            survey.num_blank += 1
            continue
        for side, text in zip(lengths, (source, target), strict=True):
            side.append(len(text))
            survey.characters.update(text)
        has_letters, others_have = (any(map(str.isalpha, text)) for text in (source, target))
        if has_letters != others_have:
            survey.num_wordless += 1
            survey.wordless = source, target
        digests = [xxh3_64_intdigest(normalize_text(text).encode()) for text in (source, target)]
        pair = hash((digests[0], digests[1]))
        survey.num_repeated += pair in seen[2]
        survey.num_copied += digests[0] == digests[1]
        for known, digest in zip(seen, (*digests, pair), strict=True):
            known.add(digest)
        if len(survey.sample) < SAMPLE:
            survey.sample.append((source, target))
        elif (place := draw.randrange(survey.num_pairs)) < SAMPLE:
            survey.sample[place] = (source, target)
    survey.num_sources, survey.num_targets = len(seen[0]), len(seen[1])
    survey.source_lengths, survey.target_lengths = (np.array(side, np.int64) for side in lengths)
    survey.num_bad = split.count_bad_rows()
    survey.remarks = split.describe_readings()
    _check(survey, split)
    return survey


def _read(split: OpenSplit, survey: PairSurvey) -> Iterator[Example]:
    with track("looking at the data", split.num_rows, split.unit) as advance:
        examples = split.read()
        for number, example in enumerate(islice(examples, MOST_PAIRS), start=1):
            yield example
            if number % 1000 == 0:
                advance(1000)
        survey.is_complete = next(examples, None) is None


def _check(survey: PairSurvey, split: OpenSplit) -> None:
    if survey.num_read == 0:
        raise split.refuse_empty()
    if survey.num_pairs == 0:
        raise T5TuneError(
            f"Every example of {split.where.removeprefix('data.')} has a blank source or target.",
            next_command="t5tune init FILE --source COLUMN --target COLUMN   # other columns",
        )
    if survey.num_bad > _MOST_BAD * (survey.num_read + survey.num_bad):
        raise T5TuneError(
            f"{survey.num_bad:,} rows cannot be read, more than those that can: "
            + "; ".join(survey.remarks),
            next_command="correct the file, or save it again as CSV in UTF-8",
        )
