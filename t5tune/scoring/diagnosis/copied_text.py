"""Hypotheses that repeat the source."""

from __future__ import annotations

from t5tune.scoring.diagnosis.evidence import Evidence
from t5tune.scoring.diagnosis.sightings import NOT_CHECKED, Sightings

# Shares of characters in common (rapidfuzz: 1 - insertions and deletions / both lengths).
_COPY = 0.9
_LIKE_THE_SOURCE = 0.75
_MIN_CHARACTERS = 10  # "Hotel" may be the right translation of "Hotel"


def find_copies(evidence: Evidence) -> Sightings:
    """Find hypotheses that nearly equal their source, where no reference resembles the source."""
    if evidence.sources is None:
        return NOT_CHECKED
    from rapidfuzz.distance import Indel

    num_checked = 0
    clarity = {}
    for index, source in enumerate(evidence.sources):
        plain = _plain(source)
        references = map(_plain, evidence.references[index])
        if len(plain) < _MIN_CHARACTERS or any(
            Indel.normalized_similarity(plain, reference, score_cutoff=_LIKE_THE_SOURCE)
            for reference in references
        ):
            continue
        num_checked += 1
        hypothesis = _plain(evidence.hypotheses[index])
        similarity = Indel.normalized_similarity(plain, hypothesis, score_cutoff=_COPY)
        if similarity >= _COPY:
            # Of equal copies the longer one is clearer.
            clarity[index] = similarity + len(plain) / 1e6
    return Sightings(num_checked, clarity)


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())
