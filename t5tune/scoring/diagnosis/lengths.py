"""Hypotheses that were cut, are empty, or are much shorter or longer than the references."""

from __future__ import annotations

from collections.abc import Sequence

from t5tune.scoring.diagnosis.outputs import NOT_LOOKED_AT, Outputs, Sightings

# A half and twice are far outside of what translators do with the same sentence, and ten letters
# keep single words out, whose translations do differ that much ("Rad", "bicycle").
SHORT_RATIO = 0.5
LONG_RATIO = 2.0
_MIN_DIFFERENCE = 10


def count_characters(text: str) -> int:
    """Characters without white space: words would mean nothing in Chinese or Thai."""
    return sum(map(len, text.split()))


def find_cut(outputs: Outputs) -> Sightings:
    """Hypotheses that ended at the length limit; those far from the reference's length first."""
    if outputs.reached_limit is None:
        return NOT_LOOKED_AT
    clearness = {
        index: _missing_share(outputs.hypotheses[index], outputs.references[index])
        for index, is_cut in enumerate(outputs.reached_limit)
        if is_cut
    }
    return Sightings(len(outputs.hypotheses), clearness)


def find_empty(outputs: Outputs) -> Sightings:
    """Blank hypotheses where no reference is blank; those with the longest references first."""
    num_looked_at = 0
    clearness = {}
    for index, hypothesis in enumerate(outputs.hypotheses):
        shortest = min(map(count_characters, outputs.references[index]), default=0)
        num_looked_at += shortest > 0
        if shortest > 0 and not hypothesis.strip():
            clearness[index] = float(shortest)
    return Sightings(num_looked_at, clearness)


def find_short(outputs: Outputs) -> Sightings:
    """Hypotheses below half of their shortest reference's length; empty ones are not meant."""
    num_looked_at = 0
    clearness = {}
    for index, hypothesis in enumerate(outputs.hypotheses):
        shortest = min(map(count_characters, outputs.references[index]), default=0)
        if shortest * (1 - SHORT_RATIO) < _MIN_DIFFERENCE:
            continue
        num_looked_at += 1
        length = count_characters(hypothesis)
        if 0 < length < SHORT_RATIO * shortest:
            clearness[index] = shortest / length
    return Sightings(num_looked_at, clearness)


def find_long(outputs: Outputs) -> Sightings:
    """Hypotheses above twice their longest reference's length."""
    num_looked_at = 0
    clearness = {}
    for index, hypothesis in enumerate(outputs.hypotheses):
        longest = max(map(count_characters, outputs.references[index]), default=0)
        num_looked_at += longest > 0
        length = count_characters(hypothesis)
        if longest and length > LONG_RATIO * longest and length - longest >= _MIN_DIFFERENCE:
            clearness[index] = length / longest
    return Sightings(num_looked_at, clearness)


def _missing_share(hypothesis: str, references: Sequence[str]) -> float:
    """Of the longest reference; negative if the hypothesis is longer."""
    longest = max(map(count_characters, references), default=0)
    return 1 - count_characters(hypothesis) / longest if longest else 0.0
