"""Hypotheses that were cut, are empty, or are much shorter or longer than the references."""

from __future__ import annotations

from t5tune.scoring.diagnosis.evidence import Evidence
from t5tune.scoring.diagnosis.sightings import NOT_CHECKED, Sightings

# Half and double are far outside of what translators do with the same sentence, and ten letters
# keep single words out, whose translations do differ that much ("Rad", "bicycle").
SHORT_RATIO = 0.5
LONG_RATIO = 2.0
_MIN_DIFFERENCE = 10


def count_characters(text: str) -> int:
    """Count characters without white space: words would mean nothing in Chinese or Thai."""
    return sum(map(len, text.split()))


def shortest_reference(evidence: Evidence, index: int) -> int:
    """Return the length of an example's shortest reference."""
    return min(map(count_characters, evidence.references[index]))


def longest_reference(evidence: Evidence, index: int) -> int:
    """Return the length of an example's longest reference."""
    return max(map(count_characters, evidence.references[index]))


def find_cut(evidence: Evidence) -> Sightings:
    """Find hypotheses that were cut at the length limit, those far from the reference first."""
    if evidence.reached_limit is None:
        return NOT_CHECKED
    clarity = {}
    for index, is_cut in enumerate(evidence.reached_limit):
        if is_cut:  # the share that is missing; negative where nothing is
            longest = longest_reference(evidence, index)
            length = count_characters(evidence.hypotheses[index])
            clarity[index] = 1 - length / longest if longest else 0.0
    return Sightings(len(evidence.hypotheses), clarity)


def find_empty(evidence: Evidence) -> Sightings:
    """Find blank hypotheses without a blank reference, those with the longest references first."""
    num_checked = 0
    clarity = {}
    for index, hypothesis in enumerate(evidence.hypotheses):
        shortest = shortest_reference(evidence, index)
        num_checked += shortest > 0
        if shortest > 0 and not hypothesis.strip():
            clarity[index] = float(shortest)
    return Sightings(num_checked, clarity)


def find_short(evidence: Evidence) -> Sightings:
    """Find hypotheses below half of their shortest reference's length, but not empty ones."""
    num_checked = 0
    clarity = {}
    for index, hypothesis in enumerate(evidence.hypotheses):
        shortest = shortest_reference(evidence, index)
        if shortest * (1 - SHORT_RATIO) < _MIN_DIFFERENCE:
            continue
        num_checked += 1
        length = count_characters(hypothesis)
        if 0 < length < SHORT_RATIO * shortest:
            clarity[index] = shortest / length
    return Sightings(num_checked, clarity)


def find_long(evidence: Evidence) -> Sightings:
    """Find hypotheses above twice their longest reference's length."""
    num_checked = 0
    clarity = {}
    for index, hypothesis in enumerate(evidence.hypotheses):
        longest = longest_reference(evidence, index)
        num_checked += longest > 0
        length = count_characters(hypothesis)
        if longest and length > LONG_RATIO * longest and length - longest >= _MIN_DIFFERENCE:
            clarity[index] = length / longest
    return Sightings(num_checked, clarity)
