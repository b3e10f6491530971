"""Hypotheses that are the source once more."""

from __future__ import annotations

from t5tune.scoring.diagnosis.outputs import NOT_LOOKED_AT, Outputs, Sightings

# Shares of characters in common (rapidfuzz: 1 - insertions and deletions / both lengths).
_COPY = 0.9
_LIKE_THE_SOURCE = 0.75
_MIN_CHARACTERS = 10  # "Hotel" may be the right translation of "Hotel"


def find_copies(outputs: Outputs) -> Sightings:
    """Hypotheses that are nearly their source, where no reference is much like the source."""
    if outputs.sources is None:
        return NOT_LOOKED_AT
    from rapidfuzz.distance import Indel

    num_looked_at = 0
    clearness = {}
    for index, source in enumerate(outputs.sources):
        plain = _plain(source)
        references = map(_plain, outputs.references[index])
        if len(plain) < _MIN_CHARACTERS or any(
            Indel.normalized_similarity(plain, reference, score_cutoff=_LIKE_THE_SOURCE)
            for reference in references
        ):
            continue
        num_looked_at += 1
        hypothesis = _plain(outputs.hypotheses[index])
        similarity = Indel.normalized_similarity(plain, hypothesis, score_cutoff=_COPY)
        if similarity >= _COPY:
            # Of equal copies the longer one is clearer.
            clearness[index] = similarity + len(plain) / 1e6
    return Sightings(num_looked_at, clearness)


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())
