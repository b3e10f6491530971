"""The table of faults that t5tune looks for, with everything about each.

A fault is an entry of `DETECTORS` and a module that finds it and names its remedy.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from t5tune.scoring.diagnosis import remedies
from t5tune.scoring.diagnosis.copied_text import find_copies
from t5tune.scoring.diagnosis.evidence import Evidence
from t5tune.scoring.diagnosis.leaks import LEAK_RATE, LEAKED, find_leaks, mend_leaks
from t5tune.scoring.diagnosis.lengths import find_cut, find_empty, find_long, find_short
from t5tune.scoring.diagnosis.numbers_and_names import find_lost_names, find_lost_numbers
from t5tune.scoring.diagnosis.repetition import find_loops
from t5tune.scoring.diagnosis.sightings import Sightings
from t5tune.scoring.diagnosis.special_tokens import find_special, find_unknown
from t5tune.scoring.diagnosis.undertraining import (
    UNDERTRAINED,
    find_undertraining,
    mend_undertraining,
)
from t5tune.scoring.diagnosis.wrong_language import find_wrong_language


@dataclass(frozen=True)
class Detector:
    """Detector of one kind of fault.

    Attributes:
        remedy: Function that names the remedy, given the sightings of all kinds.
        min_found: Number of examples below which it is not notable: one is not a pattern.
        seen_in: Counted items as in `Finding`. A fault that is seen in validations needs a known
            run, one that is seen in examples a known overlap with the training data.
    """

    name: str
    title: str
    notable_rate: float
    find: Callable[[Evidence], Sightings]
    remedy: Callable[[Evidence, Mapping[str, Sightings]], str]
    min_found: int = 2
    seen_in: str = "hypotheses"


# In the order of report.json. Rates: beyond the highest of the 16 systems of newstest2017
# English-German, and 1 in 1000 for what none of their 48064 hypotheses does; docs/diagnosis.md has
# the numbers. Chosen, not measured: those of copies, lost names and the length limit.
DETECTORS: dict[str, Detector] = {
    detector.name: detector
    for detector in (
        Detector(
            LEAKED,
            "in the training data",
            LEAK_RATE,
            find_leaks,
            mend_leaks,
            min_found=1,
            seen_in="examples",
        ),
        Detector(
            UNDERTRAINED,
            "undertrained",
            0.0,
            find_undertraining,
            mend_undertraining,
            min_found=1,
            seen_in="validations",
        ),
        Detector(
            "hit_length_limit",
            "stopped at the length limit",
            0.005,
            find_cut,
            remedies.against_limit,
        ),
        Detector("empty", "empty", 0.001, find_empty, remedies.against_empty),
        Detector(
            "source_copied",
            "the source, not translated",
            0.01,
            find_copies,
            remedies.against_copies,
        ),
        Detector(
            "wrong_language",
            "in another language or script",
            0.01,
            find_wrong_language,
            remedies.against_language,
        ),
        Detector(
            "loop", "the same words again and again", 0.01, find_loops, remedies.against_loops
        ),
        Detector(
            "unknown_tokens",
            "unknown tokens in the text",
            0.001,
            find_unknown,
            remedies.against_unknown,
        ),
        Detector(
            "special_tokens",
            "sentinels or language codes in the text",
            0.001,
            find_special,
            remedies.against_special,
        ),
        Detector(
            "numbers_lost",
            "a number of the source is missing",
            0.1,
            find_lost_numbers,
            remedies.against_lost_spelling,
        ),
        Detector(
            "names_lost",
            "a name of the source is missing",
            0.1,
            find_lost_names,
            remedies.against_lost_spelling,
        ),
        Detector(
            "too_short",
            "less than half as long as the reference",
            0.01,
            find_short,
            remedies.against_short,
        ),
        Detector(
            "too_long",
            "more than twice as long as the reference",
            0.01,
            find_long,
            remedies.against_long,
        ),
    )
}
