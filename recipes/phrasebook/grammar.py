"""German articles, adjectives and nouns that agree, and the English beside them."""

from __future__ import annotations

from dataclasses import dataclass

Pair = tuple[str, str]
CASES = ("nom", "acc", "dat")
# Rows: gender (p is the plural); columns: nominative, accusative, dative.
DEFINITE = {
    "m": ("der", "den", "dem"),
    "f": ("die", "die", "der"),
    "n": ("das", "das", "dem"),
    "p": ("die", "die", "den"),
}
STRONG = {  # dies-, welch-, and adjectives that no article precedes
    "m": ("er", "en", "em"),
    "f": ("e", "e", "er"),
    "n": ("es", "es", "em"),
    "p": ("e", "e", "en"),
}
MIXED_ARTICLE = {  # ein, kein, mein, ...
    "m": ("", "en", "em"),
    "f": ("e", "e", "er"),
    "n": ("", "", "em"),
    "p": ("e", "e", "en"),
}
MIXED = {  # the adjective after ein, kein, mein, ...
    "m": ("er", "en", "en"),
    "f": ("e", "e", "en"),
    "n": ("es", "es", "en"),
    "p": ("en", "en", "en"),
}
WEAK = {  # the adjective after der, dieser, ...
    "m": ("e", "en", "en"),
    "f": ("e", "e", "en"),
    "n": ("e", "e", "en"),
    "p": ("en", "en", "en"),
}
PRONOUNS = {
    "m": ("er", "ihn", "ihm"),
    "f": ("sie", "sie", "ihr"),
    "n": ("es", "es", "ihm"),
    "p": ("sie", "sie", "ihnen"),
}
POSSESSIVES = {
    "my": "mein",
    "our": "unser",
    "your": "Ihr",
    "his": "sein",
    "her": "ihr",
    "no": "kein",
}
CONTRACTIONS = {
    "in dem": "im",
    "in das": "ins",
    "an dem": "am",
    "an das": "ans",
    "zu dem": "zum",
    "zu der": "zur",
    "von dem": "vom",
    "bei dem": "beim",
}
VOWEL_EXCEPTIONS = ("university", "uni", "hour", "honest")


@dataclass(frozen=True)
class Noun:
    """A noun with its English and German forms and the group it belongs to."""

    en: str
    en_plural: str
    gender: str
    de: str
    de_plural: str
    weak: bool
    group: str

    @property
    def key(self) -> str:
        """Return the name under which combinations with this noun are counted."""
        return f"noun:{self.en}"

    def german(self, case: str, plural: bool) -> str:
        """Return the German form in a case and number."""
        if plural:
            takes_n = case == "dat" and not self.de_plural.endswith(("n", "s"))
            return self.de_plural + ("n" if takes_n else "")
        if self.weak and case != "nom":
            return "Nachbarn" if self.de == "Nachbar" else self.de_plural
        return self.de


@dataclass(frozen=True)
class Adjective:
    """An adjective: the predicate form, the stem that takes endings and the comparatives."""

    en: str
    en_more: str
    de: str
    stem: str
    de_more: str
    groups: tuple[str, ...]

    @property
    def key(self) -> str:
        """Return the name under which combinations with this adjective are counted."""
        return f"adj:{self.en}"


@dataclass(frozen=True)
class Phrase:
    """A noun phrase in both languages; ``de`` holds nominative, accusative and dative."""

    en: str
    de: tuple[str, str, str]
    person: str
    gender: str

    def case(self, name: str) -> str:
        """Return the German phrase in one case."""
        return self.de[CASES.index(name)]

    def after(self, preposition: str, case: str) -> str:
        """Return the German phrase after a preposition, contracted where German contracts."""
        words = f"{preposition} {self.case(case)}"
        for full, short in CONTRACTIONS.items():
            if words.startswith(full + " "):
                return short + words[len(full) :]
        return words


def english_plural(noun: str) -> str:
    """Return the regular English plural."""
    if noun.endswith(("s", "x", "ch", "sh")):
        return noun + "es"
    if noun.endswith("y") and noun[-2] not in "aeiou":
        return noun[:-1] + "ies"
    return noun + "s"


def indefinite(words: str) -> str:
    """Return English words after the indefinite article."""
    starts_with_vowel = words[0] in "aeiou" and not words.startswith(VOWEL_EXCEPTIONS)
    return ("an " if starts_with_vowel or words.startswith("hour") else "a ") + words


def _article(det: str, gender: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the German article forms and the endings of an adjective after them."""
    if det == "the":
        return DEFINITE[gender], WEAK[gender]
    if det in ("this", "which"):
        stem = "dies" if det == "this" else "welch"
        return tuple(stem + ending for ending in STRONG[gender]), WEAK[gender]
    if det == "a":
        return tuple("ein" + ending for ending in MIXED_ARTICLE[gender]), MIXED[gender]
    if det in POSSESSIVES:
        stem = POSSESSIVES[det]
        forms = (stem + ending for ending in MIXED_ARTICLE[gender])
        # "unsere", never the clipped "unsre"; the stem itself ends in -er without an ending.
        return tuple(forms), MIXED[gender]
    return ("", "", ""), STRONG[gender]


def noun_phrase(
    noun: Noun,
    det: str = "",
    adjective: Adjective | None = None,
    plural: bool = False,
    count: str = "",
) -> Phrase:
    """Return a noun with its article or number and an adjective, agreeing throughout.

    Args:
        noun: The head noun.
        det: ``a``, ``the``, ``this``, ``which``, a possessive, ``no`` or empty.
        adjective: An adjective before the noun.
        plural: Use the plural.
        count: ``english=deutsch`` number that stands for the article.
    """
    gender = "p" if plural else noun.gender
    articles, endings = _article(det, gender)
    en_count, _, de_count = count.partition("=")
    german = []
    for index, case in enumerate(CASES):
        words = [articles[index] or de_count]
        if adjective:
            words.append(adjective.stem + endings[index])
        words.append(noun.german(case, plural))
        german.append(" ".join(word for word in words if word))
    english = noun.en_plural if plural else noun.en
    if adjective:
        english = f"{adjective.en} {english}"
    if det == "a":
        english = indefinite(english)
    else:
        english = " ".join(word for word in (en_count or det, english) if word)
        english = english.replace("this ", "these ", 1) if det == "this" and plural else english
    return Phrase(english, (german[0], german[1], german[2]), "3p" if plural else "3s", gender)


def join(*words: str) -> str:
    """Return the words with single spaces, leaving out the empty ones."""
    return " ".join(word for word in words if word)


def capitalise(sentence: str) -> str:
    """Return the sentence with its first letter in upper case."""
    return sentence[0].upper() + sentence[1:]


def paired(english: str, german: str, mark: str = ".") -> Pair:
    """Return both sides of a sentence, capitalised and with their final mark."""
    return capitalise(english) + mark, capitalise(german) + mark


def sides(expression: str) -> Pair:
    """Return the two sides of an expression written ``english=deutsch``."""
    english, _, german = expression.partition("=")
    return english, german
