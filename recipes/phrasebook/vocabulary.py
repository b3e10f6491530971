"""Reads the word lists into nouns, adjectives, verbs and fixed expressions."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import lexicon
from clauses import Verb, english_past, german_er, german_participle
from grammar import Adjective, Noun, Phrase, english_plural
from nouns import NOUNS

UNITS = {
    2: "two=zwei",
    3: "three=drei",
    4: "four=vier",
    5: "five=fünf",
    6: "six=sechs",
    7: "seven=sieben",
    8: "eight=acht",
    9: "nine=neun",
    10: "ten=zehn",
    11: "eleven=elf",
    12: "twelve=zwölf",
}
FEW = ("two=zwei", "three=drei", "four=vier", "five=fünf")
TEENS = """thirteen=dreizehn fourteen=vierzehn fifteen=fünfzehn sixteen=sechzehn
seventeen=siebzehn eighteen=achtzehn nineteen=neunzehn"""
TENS = """twenty=zwanzig thirty=dreißig forty=vierzig fifty=fünfzig sixty=sechzig seventy=siebzig
eighty=achtzig ninety=neunzig"""
ORDINALS = """first=erst second=zweit third=dritt fourth=viert fifth=fünft sixth=sechst
seventh=siebt eighth=acht ninth=neunt tenth=zehnt eleventh=elft twelfth=zwölft
thirteenth=dreizehnt fourteenth=vierzehnt fifteenth=fünfzehnt sixteenth=sechzehnt
seventeenth=siebzehnt eighteenth=achtzehnt nineteenth=neunzehnt twentieth=zwanzigst
twenty-first=einundzwanzigst thirtieth=dreißigst"""


@dataclass(frozen=True)
class Entry:
    """A word or expression that needs no inflection."""

    en: str
    de: str
    kind: str
    gender: str = ""

    @property
    def key(self) -> str:
        """Return the name under which combinations with this entry are counted."""
        return f"{self.kind}:{self.en}"

    @property
    def pair(self) -> str:
        """Return the ``english=deutsch`` form that clauses take."""
        return f"{self.en}={self.de}"


def _spaces(text: str) -> str:
    return text.replace("_", " ")


def read_nouns(text: str) -> list[Noun]:
    """Return the nouns of the word list."""
    nouns, group = [], ""
    for line in text.strip().splitlines():
        if line.startswith("["):
            group = line.strip("[]")
            continue
        english, gender, german, plural = (_spaces(field) for field in line.split())
        singular, _, irregular = english.partition("/")
        nouns.append(
            Noun(
                en=singular,
                en_plural=irregular or english_plural(singular),
                gender=gender[0],
                de=german,
                de_plural="" if plural == "-" else plural,
                weak=gender.endswith("*"),
                group=group,
            )
        )
    return nouns


def read_adjectives(text: str) -> list[Adjective]:
    """Return the adjectives of the word list."""
    adjectives = []
    for line in text.strip().splitlines():
        forms, _, groups = line.partition(" : ")
        english, german = forms.split()
        en, _, en_more = english.partition("/")
        parts = german.split("/")
        # A further form in -er is the comparative, any other the stem before endings.
        stem = next((p for p in parts[1:] if not p.endswith("er")), parts[0])
        more = next((p for p in parts[1:] if p.endswith("er")), "")
        adjectives.append(
            Adjective(
                en=en,
                en_more=_spaces(en_more),
                de=parts[0],
                stem=stem,
                de_more=more or stem + "er",
                groups=tuple(groups.split()),
            )
        )
    return adjectives


def read_verbs(text: str) -> list[Verb]:
    """Return the verbs of the word list."""
    verbs = []
    for line in text.strip().splitlines():
        english, german, government, determiners, groups = (f.strip() for f in line.split(" ; "))
        en, _, past = _spaces(english).partition("/")
        forms = german.split("/")
        uses_sein = forms[-1] == "s"
        forms = _spaces("/".join(forms)).split("/")[: len(forms) - uses_sein]
        adverb, _, infinitive = forms[0].rpartition(" ")
        prefix, _, base = infinitive.rpartition("|")
        preposition, _, case = government.rpartition(":")
        verbs.append(
            Verb(
                en=en,
                en_past=past or english_past(en),
                prefix=prefix,
                adverb=adverb,
                de=base,
                de_er=forms[1] if len(forms) > 1 else german_er(base),
                participle=forms[2] if len(forms) > 2 else german_participle(prefix, base),
                uses_sein=uses_sein,
                preposition=preposition,
                case={"a": "acc", "d": "dat", "-": ""}[case],
                determiners=determiners.strip("-"),
                groups=tuple(groups.strip("-").split()),
            )
        )
    return verbs


def read_entries(text: str, kind: str) -> list[Entry]:
    """Return names and places: ``Deutsch:English`` or one form for both languages."""
    pairs = (word.partition(":") for word in text.split())
    return [Entry(english or german, german, kind) for german, _, english in pairs]


def read_expressions(text: str, kind: str) -> list[Entry]:
    """Return expressions separated by bars or lines: ``english=deutsch``."""
    pairs = (item.partition("=") for line in text.splitlines() for item in line.split("|"))
    return [Entry(english, german, kind) for english, _, german in pairs]


def read_pairs(text: str, kind: str) -> list[Entry]:
    """Return single words: ``english=deutsch``."""
    return read_expressions("|".join(text.split()), kind)


def number_entries() -> list[Entry]:
    """Return the numbers from two to forty-nine and the further tens in words."""
    entries = read_expressions("|".join(UNITS.values()), "number")
    entries += read_pairs(TEENS, "number")
    units = [Entry("one", "ein", "number"), *entries[:8]]
    for ten in read_pairs(TENS, "number"):
        entries.append(ten)
        if ten.en in ("twenty", "thirty", "forty"):
            entries += [
                Entry(f"{ten.en}-{one.en}", f"{one.de}und{ten.de}", "number") for one in units
            ]
    return entries


ALL_NOUNS = read_nouns(NOUNS)
ADJECTIVES = read_adjectives(lexicon.ADJECTIVES)
VERBS = read_verbs(lexicon.VERBS)
NUMBERS = number_entries()
UNLIKELY_CLOTHES = {"m": {"dress", "skirt", "blouse"}, "f": {"tie", "suit"}}
LISTS = {
    "city": read_entries(lexicon.CITIES, "city"),
    "country": read_entries(lexicon.COUNTRIES, "country"),
    "language": read_entries(lexicon.LANGUAGES, "language"),
    "surname": read_entries(lexicon.SURNAMES, "surname"),
    "weekday": read_entries(lexicon.WEEKDAYS, "weekday"),
    "month": read_entries(lexicon.MONTHS, "month"),
    "future": read_expressions(lexicon.FUTURE, "time"),
    "later": read_expressions(lexicon.LATER, "time"),
    "past": read_expressions(lexicon.PAST, "time"),
    "habit": read_expressions(lexicon.HABIT, "time"),
    "ailment": read_expressions(lexicon.AILMENTS, "ailment"),
    "ordinal": read_pairs(ORDINALS, "ordinal"),
    "small": NUMBERS[:11],
    "number": NUMBERS,
    "name": [
        Entry(n, n, "name", g) for n, _, g in (x.partition(":") for x in lexicon.NAMES.split())
    ],
}
JOBS = [line.split() for line in lexicon.JOBS.splitlines()]
PLAIN_SUBJECTS = (
    Phrase("I", ("ich", "mich", "mir"), "1s", ""),
    Phrase("we", ("wir", "uns", "uns"), "1p", ""),
    Phrase("he", ("er", "ihn", "ihm"), "3s", "m"),
    Phrase("she", ("sie", "sie", "ihr"), "3s", "f"),
)
YOU = Phrase("you", ("Sie", "Sie", "Ihnen"), "2", "")
FIRST_PERSON, WE = PLAIN_SUBJECTS[:2]


@cache
def nouns_of(groups: tuple[str, ...]) -> tuple[Noun, ...]:
    """Return the nouns of some groups; a name that is not a group is a single English noun."""
    known = {noun.group for noun in ALL_NOUNS}
    single = {_spaces(group) for group in groups if group not in known}
    return tuple(n for n in ALL_NOUNS if n.group in groups or n.en in single)


@cache
def fitting_adjectives(noun: Noun) -> tuple[Adjective, ...]:
    """Return the adjectives that can describe a noun."""
    name = noun.en.replace(" ", "_")
    return tuple(a for a in ADJECTIVES if noun.group in a.groups or name in a.groups)
