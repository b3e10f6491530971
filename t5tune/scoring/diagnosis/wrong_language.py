"""Hypotheses in another language or script than the references."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from t5tune.scoring.diagnosis.evidence import Evidence
from t5tune.scoring.diagnosis.sightings import Sightings
from t5tune.scoring.language_identity import (
    SURE,
    identify_language,
    is_known,
    is_long_enough,
    is_surely,
    other_language,
)
from t5tune.scoring.languages import short_code
from t5tune.scoring.writing_systems import main_script


def find_wrong_language(evidence: Evidence) -> Sightings:
    """Find hypotheses that are surely in another language or script than the references.

    It checks examples whose first reference is surely in the target language for the identifier,
    and those whose source is in another script than the reference, where the script decides. It
    does not check languages where the identifier recognises less than half of the references,
    because it was not made for such texts.
    """
    references = [of_one[0] if of_one else "" for of_one in evidence.references]
    by_script = _with_other_script(evidence.sources or (), references)
    target, source = short_code(evidence.target_lang), short_code(evidence.source_lang)
    by_language = _recognised(references, target)
    clarity = {}
    for index, hypothesis in enumerate(evidence.hypotheses):
        if _has_other_script(hypothesis, evidence.references[index]):
            clarity[index] = 2.0
        elif index in by_language:
            probability = other_language(hypothesis, target, source)
            if probability > 0:
                clarity[index] = probability
    return Sightings(len(by_language | by_script | set(clarity)), clarity)


def name_stray_language(evidence: Evidence, sightings: Sightings) -> str | None:
    """Return the language that most of these hypotheses are in, if it is identified surely."""
    identified = (identify_language(evidence.hypotheses[index]) for index in sightings.clarity)
    languages = Counter(
        language
        for language, probability in identified
        if language is not None and probability >= SURE
    )
    return languages.most_common(1)[0][0] if languages else None


def _with_other_script(sources: Sequence[str], references: Sequence[str]) -> set[int]:
    """Return indices of references that are in one script, and their sources in another."""
    scripts = ((main_script(a), main_script(b)) for a, b in zip(sources, references, strict=False))
    return {index for index, (a, b) in enumerate(scripts) if a != b and None not in (a, b)}


def _has_other_script(hypothesis: str, references: Sequence[str]) -> bool:
    script = main_script(hypothesis)
    return script is not None and all(
        main_script(reference) not in (None, script) for reference in references
    )


def _recognised(references: Sequence[str], target: str | None) -> set[int]:
    """Return indices of references that are surely in the target language."""
    if target is None or not is_known(target):
        return set()
    long_enough = [index for index, text in enumerate(references) if is_long_enough(text)]
    sure = {index for index in long_enough if is_surely(references[index], target)}
    return sure if 2 * len(sure) >= len(long_enough) else set()
