"""The language of a text, as far as an identifier is sure.

It is py3langid, whose model is part of the package: no network. The diagnosis of outputs and the
cleaning of training data use it.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING

from t5tune.scoring.languages import short_code
from t5tune.scoring.writing_systems import FEWEST_LETTERS, is_plain_latin, main_script

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

# py3langid's calibrated probability. Of 10400 news sentences and captions in English and German,
# one with 0.8 or more is identified wrongly; of 4047 cut to five words, none.
SURE = 0.8
VERY_SURE = 0.9
# The language of the other side is what texts stray into most: there it is enough that it is first,
# and nearly twenty times as probable as the right one. That finds 99.8 % of English captions, and
# among 15000 German sentences of systems seven more than 0.8 does, all of them English.
_SHARE_OF_OTHER = 0.95
_LEAST_OF_OTHER = 0.3
_FEWEST_LETTERS = 20
_QUICK_LOOK = 100  # characters of a text; where they do not tell, all of it is looked at
_LONGEST_WORD = 6  # letters of a word that is looked at: the ones that tell most are short
_MOST_WORDS = 65536  # that are remembered, in 200 bytes each

# Languages that the identifier confuses, so its verdict is ignored for them.
_ALIKE = (
    {"da", "no", "nn", "sv"}, {"hr", "bs", "sr", "sl"}, {"id", "ms", "jv"}, {"cs", "sk"},
    {"pt", "gl", "es", "ext", "an", "ca"}, {"zh", "yue", "wuu"}, {"az", "tr", "crh", "tk"},
    {"hi", "ne", "mr", "sa"}, {"nl", "af", "li"}, {"de", "lb"}, {"it", "lij", "vec"},
    {"ar", "ary", "arz"}, {"bn", "as"}, {"kk", "ky", "tt", "ba"}, {"bg", "mk"},
    {"be", "uk", "ru"}, {"fr", "wa", "oc"}, {"tl", "bcl"}, {"zu", "xh"}, {"lv", "ltg"},
)  # fmt: skip

# Languages that texts stray into; a claim of a rare one would rather be an error.
_COMMON = {
    "ar", "bg", "bn", "ca", "cs", "da", "de", "el", "en", "es", "et", "fa", "fi", "fr",
    "he", "hi", "hr", "hu", "id", "is", "it", "ja", "ka", "ko", "lt", "lv", "mk", "ms",
    "nl", "no", "pl", "pt", "ro", "ru", "sk", "sl", "sq", "sr", "sv", "sw", "ta", "th",
    "tr", "uk", "ur", "vi", "zh",
}  # fmt: skip


def load_identifier(language: str | None) -> None:
    """Load what identifies languages, if it is needed for this one: 80 MB."""
    if short_code(language) is not None:
        _identifier()


def is_known(language: str | None) -> bool:
    """Return whether the identifier knows a language, given by its short code."""
    return language is not None and language in _identifier().labels


def is_long_enough(text: str) -> bool:
    """Return whether a text has enough letters to tell its language."""
    num_letters = sum(map(str.isalpha, text))
    return num_letters >= _FEWEST_LETTERS or (
        num_letters >= FEWEST_LETTERS and main_script(text) == "CJK"
    )


def identify_language(text: str) -> tuple[str | None, float]:
    """Return language and probability; None for a text that is too short to tell."""
    if not is_long_enough(text):
        return None, 0.0
    language, probability = _identifier().classify(text)
    return short_code(str(language)), float(probability)


def rank_languages(text: str) -> list[tuple[str, float]]:
    """Return the short codes of all languages with their probabilities, the likeliest first.

    A text that is too short to tell is ranked too.
    """
    if not any(map(str.isalpha, text)):
        return []
    return [
        (short_code(str(language)) or str(language), float(probability))
        for language, probability in _identifier().rank(text)
    ]


def are_alike(language: str | None, other: str | None) -> bool:
    """Return whether the identifier confuses two languages, given by their short codes."""
    return any(language in group and other in group for group in _ALIKE)


def is_surely(text: str, expected: str) -> bool:
    """Return whether a text is surely in a language, given by its short code."""
    language, probability = identify_language(text)
    return language == expected and probability >= SURE


def other_language(
    text: str, expected: str | None, other_side: str | None, *, sure: float = VERY_SURE
) -> float:
    """Return the probability of another language than the expected one, if it is sure; or 0.

    Args:
        text: Any text.
        expected: Short code of its language; None if it is not known.
        other_side: Short code of the language that it is translated from or into.
        sure: Least probability of a language that is not that of the other side.
    """
    if expected is None:
        return 0.0
    language, probability = identify_language(text)
    if language is None or language == expected:
        return 0.0
    if are_alike(language, expected):
        return 0.0
    if language == other_side:
        others = dict(_identifier().rank(text))
        is_sure = probability >= max(
            _LEAST_OF_OTHER, _SHARE_OF_OTHER * (probability + others.get(expected, 0.0))
        )
    else:
        is_sure = language in _COMMON and probability >= sure
    return probability if is_sure else 0.0


def seems_to_be(text: str, expected: str, other_side: str | None) -> bool:
    """Return whether the beginning of a text is in a language rather than in a usual other one.

    It is a quick look, with less work than `other_language`, for texts of which most are
    right: where it does not tell, the answer is no. Texts that were seen before change nothing.

    Args:
        text: Any text.
        expected: Short code of its language, which the identifier knows.
        other_side: Short code of the language that it is translated from or into.
    """
    beginning = text[:_QUICK_LOOK]
    pieces: Iterable[str] = [word for word in beginning.split() if len(word) <= _LONGEST_WORD]
    if not pieces:
        if is_plain_latin(beginning):
            return False
        pieces = beginning  # a script without spaces
    return _short_words(frozenset((expected, other_side))).find_language(pieces) == expected


class _ShortWords(dict[str, int]):
    """Rows of words in a table of scores by language; a text has the sum of its words' scores.

    The identifier takes most of its time for tables that no cache holds, and here each word needs
    them once.

    Args:
        languages: Short codes of languages beside the common ones.
    """

    def __init__(self, languages: Iterable[str | None]) -> None:
        import numpy as np

        super().__init__()
        self._identifier = _identifier()
        self._row_starts = [row << 8 for row in self._identifier.tk_row]
        codes = [short_code(str(label)) for label in self._identifier.nb_classes]
        wanted = {*_COMMON, *languages}
        columns = [column for column, code in enumerate(codes) if code in wanted]
        self._languages = [codes[column] for column in columns]
        self._of_features = np.ascontiguousarray(self._identifier.nb_ptc[:, columns])
        self._of_words = np.zeros((_MOST_WORDS, len(columns)), np.float32)

    def find_language(self, words: Iterable[str]) -> str | None:
        """Return the short code of the most probable language."""
        if len(self) > _MOST_WORDS - _QUICK_LOOK:
            self.clear()
        rows = [self[word] for word in words]
        return self._languages[int(self._of_words[rows].sum(axis=0).argmax())]

    def __missing__(self, word: str) -> int:
        from py3langid.langid import visit_counts

        whole, row = self._identifier, len(self)
        letters = f" {word} ".encode("utf-8", "surrogatepass")
        features = visit_counts(whole.tk_nextmove, self._row_starts, whole.tk_output, letters)
        scores = self._of_features[list(features or ())]
        self._of_words[row] = scores.sum(axis=0, dtype=self._of_words.dtype)
        self[word] = row
        return row


_short_words = cache(_ShortWords)


@cache
def _identifier() -> LanguageIdentifier:
    """Load the model of the package, which takes half a second, once."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
