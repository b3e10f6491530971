"""Hypotheses in another language or script than the references."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Sequence
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from t5tune.scoring.diagnosis.evidence import Evidence
from t5tune.scoring.diagnosis.sightings import Sightings
from t5tune.scoring.languages import short_code

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

# py3langid's calibrated probability. Of 10400 news sentences and captions in English and German,
# one with 0.8 or more is identified wrongly; of 4047 cut to five words, none.
_SURE = 0.8
_VERY_SURE = 0.9
# The source language is what systems stray into most: there it is enough that it is first, and
# nearly twenty times as probable as the target's. That finds 99.8 % of English captions, and
# among 15000 German sentences of systems seven more than 0.8 does, all of them English.
_SHARE_OF_SOURCE = 0.95
_MIN_SOURCE = 0.3
_MIN_LETTERS = 20
# A script is easy to see, but "OK" in a Chinese text is not another language.
_MIN_LETTERS_OF_SCRIPT = 5
_SHARE_OF_SCRIPT = 0.8

# Languages that the identifier confuses, so its verdict is ignored for them.
_ALIKE = (
    {"da", "no", "nn", "sv"}, {"hr", "bs", "sr", "sl"}, {"id", "ms", "jv"}, {"cs", "sk"},
    {"pt", "gl", "es", "ext", "an", "ca"}, {"zh", "yue", "wuu"}, {"az", "tr", "crh", "tk"},
    {"hi", "ne", "mr", "sa"}, {"nl", "af", "li"}, {"de", "lb"}, {"it", "lij", "vec"},
    {"ar", "ary", "arz"}, {"bn", "as"}, {"kk", "ky", "tt", "ba"}, {"bg", "mk"},
    {"be", "uk", "ru"}, {"fr", "wa", "oc"}, {"tl", "bcl"}, {"zu", "xh"}, {"lv", "ltg"},
)  # fmt: skip

# Languages that systems stray into; a claim of a rare one would rather be an error.
_COMMON = {
    "ar", "bg", "bn", "ca", "cs", "da", "de", "el", "en", "es", "et", "fa", "fi", "fr",
    "he", "hi", "hr", "hu", "id", "is", "it", "ja", "ka", "ko", "lt", "lv", "mk", "ms",
    "nl", "no", "pl", "pt", "ro", "ru", "sk", "sl", "sq", "sr", "sv", "sw", "ta", "th",
    "tr", "uk", "ur", "vi", "zh",
}  # fmt: skip


def find_wrong_language(evidence: Evidence) -> Sightings:
    """Find hypotheses that are surely in another language or script than the references.

    It checks examples whose first reference is surely in the target language for the identifier,
    and those whose source is in another script than the reference, where the script decides. It
    does not check languages where the identifier recognises less than half of the references,
    because it was not made for such texts.
    """
    references = [of_one[0] if of_one else "" for of_one in evidence.references]
    by_script = _with_other_script(evidence.sources or (), references)
    by_language = _recognised(references, short_code(evidence.target_lang))
    clarity = {}
    for index, hypothesis in enumerate(evidence.hypotheses):
        if _has_other_script(hypothesis, evidence.references[index]):
            clarity[index] = 2.0
        elif index in by_language:
            probability = _other_language(hypothesis, evidence)
            if probability > 0:
                clarity[index] = probability
    return Sightings(len(by_language | by_script | set(clarity)), clarity)


def name_stray_language(evidence: Evidence, sightings: Sightings) -> str | None:
    """Return the language that most of these hypotheses are in, if it is identified surely."""
    identified = (_language_of(evidence.hypotheses[index]) for index in sightings.clarity)
    languages = Counter(
        language
        for language, probability in identified
        if language is not None and probability >= _SURE
    )
    return languages.most_common(1)[0][0] if languages else None


def load_identifier(target_lang: str | None) -> None:
    """Load what `find_wrong_language` identifies languages with, if this target needs it: 80 MB."""
    if short_code(target_lang) is not None:
        _identifier()


@lru_cache(maxsize=65536)
def _script_of(letter: str) -> str:
    name = unicodedata.name(letter, "").split(" ")[0].split("-")[0]
    # Chinese and Japanese share characters; the identifier tells them apart.
    return "CJK" if name in ("HIRAGANA", "KATAKANA") else name


def main_script(text: str) -> str | None:
    """Return the script of at least 80 % of the letters, such as `LATIN`; None for few letters."""
    letters = [character for character in text if character.isalpha()]
    if len(letters) < _MIN_LETTERS_OF_SCRIPT:
        return None
    script, count = Counter(map(_script_of, letters)).most_common(1)[0]
    return script if count >= _SHARE_OF_SCRIPT * len(letters) else None


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
    if target is None or target not in _identifier().labels:
        return set()
    long_enough = [index for index, text in enumerate(references) if _is_long_enough(text)]
    sure = {index for index in long_enough if _is_surely(references[index], target)}
    return sure if 2 * len(sure) >= len(long_enough) else set()


def _is_long_enough(text: str) -> bool:
    num_letters = sum(map(str.isalpha, text))
    return num_letters >= _MIN_LETTERS or (
        num_letters >= _MIN_LETTERS_OF_SCRIPT and main_script(text) == "CJK"
    )


def _is_surely(text: str, target: str) -> bool:
    language, probability = _language_of(text)
    return language == target and probability >= _SURE


def _other_language(hypothesis: str, evidence: Evidence) -> float:
    """Return the probability of another language than the target's, if it is sure; 0 otherwise."""
    target, source = short_code(evidence.target_lang), short_code(evidence.source_lang)
    language, probability = _language_of(hypothesis)
    if language is None or target is None or language == target:
        return 0.0
    if any(language in group and target in group for group in _ALIKE):
        return 0.0
    if language == source:
        others = dict(_identifier().rank(hypothesis))
        is_sure = probability >= max(
            _MIN_SOURCE, _SHARE_OF_SOURCE * (probability + others.get(target, 0.0))
        )
    else:
        is_sure = language in _COMMON and probability >= _VERY_SURE
    return probability if is_sure else 0.0


def _language_of(text: str) -> tuple[str | None, float]:
    """Return language and probability; None for a text that is too short to tell."""
    if not _is_long_enough(text):
        return None, 0.0
    language, probability = _identifier().classify(text)
    return short_code(str(language)), float(probability)


@cache
def _identifier() -> LanguageIdentifier:
    """Load the model of the package, which takes half a second, once."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
