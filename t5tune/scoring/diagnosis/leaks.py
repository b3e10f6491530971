"""Test examples that the model was trained on."""

from __future__ import annotations

from collections.abc import Mapping

from t5tune.scoring.diagnosis.evidence import Evidence
from t5tune.scoring.diagnosis.sightings import NOT_CHECKED, Sightings

LEAKED = "leaked"
LEAK_RATE = 0.01  # from which a leak is notable

_CLARITY = {"exact": 3.0, "same_source": 2.0, "near": 1.0}


def find_leaks(evidence: Evidence) -> Sightings:
    """Find examples whose source, or nearly the same one, is in the training data."""
    if evidence.overlap is None:
        return NOT_CHECKED
    agreement = evidence.overlap.agreement
    leaked = {index: _CLARITY[one] for index, one in enumerate(agreement) if one in _CLARITY}
    return Sightings(len(agreement), leaked)


def mend_leaks(_evidence: Evidence, _seen: Mapping[str, Sightings]) -> str:
    """Return what removes them, from either side."""
    return (
        "take these examples out of data.train and train anew, or evaluate on other data   # the "
        "model may know them by heart, so that only the score of the clean part says what it can do"
    )
