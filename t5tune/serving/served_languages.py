"""The languages of all models together, as clients name them."""

from __future__ import annotations

from collections.abc import Sequence

from langcodes import closest_supported_match, standardize_tag
from langcodes.tag_parser import LanguageTagError

from t5tune.scoring.english_names import name_language
from t5tune.scoring.language_identity import rank_languages
from t5tune.scoring.languages import short_code, without_region
from t5tune.serving.served_model import Direction, ServedModel

Choice = tuple[ServedModel, Direction]


class ServedLanguages:
    """The languages between which models translate, and the choice of a model by them.

    A language is known by its short code, such as `de` for `deu_Latn`. Those that would have the
    same one get longer ones, `zh-Hans` and `zh-Hant`. Requests may spell them as the model does.

    Args:
        models: Models; of several for the same languages the first one is chosen.
    """

    def __init__(self, models: Sequence[ServedModel]) -> None:
        self._models = models
        spelled = dict.fromkeys(
            language
            for model in models
            for one in model.directions
            for language in (one.source_lang, one.target_lang)
            if language is not None and model.has_languages
        )
        self._codes = _give_codes(list(spelled))
        self._pairs: dict[tuple[str, str], Choice] = {}
        for model in models:
            for one in model.directions:
                if one.source_lang and one.target_lang:
                    pair = self._codes[one.source_lang], self._codes[one.target_lang]
                    self._pairs.setdefault(pair, (model, one))

    @property
    def codes(self) -> list[str]:
        """The codes of all languages, sorted."""
        return sorted(set(self._codes.values()))

    def targets(self, source: str) -> list[str]:
        """Return the codes of the languages that a language can be translated to, and itself."""
        return sorted({source, *(target for one, target in self._pairs if one == source)})

    def sources(self) -> list[str]:
        """Return the codes of the languages that can be translated, the first model's first."""
        return list(dict.fromkeys(source for source, _ in self._pairs))

    def code_of(self, language: str) -> str:
        """Return the code of a language that a model spells in its way."""
        return self._codes.get(language, language)

    def find(self, language: str) -> str | None:
        """Return the code of a language as a client spells it; None if it is not served."""
        if language in self._codes.values():
            return language
        plain = _normalize(language)
        for spelled, code in self._codes.items():
            if plain in (_normalize(spelled), _normalize(code)):
                return code
        alike = [code for code in self.codes if short_code(code) == short_code(language)]
        return alike[0] if len(alike) == 1 else _choose_closest(language, alike)

    def choose(self, source: str, target: str) -> Choice | None:
        """Return the model for two codes, and its direction."""
        return self._pairs.get((source, target))

    def choose_named(self, name: str, source: str | None, target: str | None) -> Choice | None:
        """Return the model of a name, and its direction with these codes; None if it has none.

        Codes that are left out may be any.

        Raises:
            KeyError: There is no model of that name.
        """
        found = next((model for model in self._models if model.name == name), None)
        if found is None:
            raise KeyError(name)
        for one in found.directions:
            own = [
                None if language is None else self.code_of(language)
                for language in (one.source_lang, one.target_lang)
            ]
            if source in (None, own[0]) and target in (None, own[1]):
                return found, one
        return None

    def detect(self, texts: Sequence[str], among: Sequence[str]) -> list[dict[str, object]]:
        """Return how sure it is, in percent, that texts are in each language, the surest first.

        Without a letter in the texts, the first language is named, with a confidence of 0.
        """
        wanted = {short_code(code) or code: code for code in among}
        ranked = [
            (wanted[language], 100 * probability)
            for language, probability in rank_languages("\n".join(texts)[:_READ])
            if language in wanted
        ] or [(among[0], 0.0)]
        return [
            {"confidence": round(percent, 1), "language": code}
            for code, percent in ranked
            if percent >= _LEAST_CONFIDENCE or code == ranked[0][0]
        ]


_READ = 5000  # characters that detection looks at
_LEAST_CONFIDENCE = 1.0  # in percent; less likely languages are named only if there is no other


_NORWEGIAN = {"nb", "nob"}  # LibreTranslate and Weblate call it nb
_VARIETIES = {
    "Hans": "Simplified", "Hant": "Traditional", "Latn": "Latin", "Cyrl": "Cyrillic",
    "Arab": "Arabic", "Deva": "Devanagari", "Tfng": "Tifinagh",
}  # fmt: skip


def _give_codes(spelled: Sequence[str]) -> dict[str, str]:
    """Return the code of each language that models spell in their ways."""
    short = {
        language: "nb" if without_region(language) in _NORWEGIAN else short_code(language)
        for language in spelled
    }
    long = {language: _standardize(language) for language in spelled}
    tags: dict[str | None, set[str]] = {}
    for language in spelled:
        tags.setdefault(short[language], set()).add(long[language])
    return {
        language: long[language] if len(tags[code]) > 1 else code or language
        for language, code in short.items()
    }


def _standardize(language: str) -> str:
    """Return the BCP 47 tag of a language: `zh-Hans` for `zho_Hans`."""
    try:
        return standardize_tag(language)
    except LanguageTagError:
        return language


def _choose_closest(language: str, codes: Sequence[str]) -> str | None:
    """Return which of several varieties a client means: `zh-Hant` for `zh-TW`."""
    try:
        return closest_supported_match(language, list(codes)) if codes else None
    except LanguageTagError:
        return None


def _normalize(language: str) -> str:
    return language.replace("_", "-").lower()


def describe_language(code: str) -> dict[str, str]:
    """Return a language as clients get it."""
    name, _, variety = code.partition("-")
    added = f" ({_VARIETIES.get(variety, variety)})" if variety else ""
    return {"code": code, "name": name_language(name) + added}
