"""Reads the word lists and draws words from them evenly."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TypeVar

import lexicon
from grammar import (
    MODALS,
    Adjective,
    Clause,
    Noun,
    Phrase,
    Verb,
    english_past,
    english_plural,
    german_er,
    german_participle,
    join,
    noun_phrase,
)
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
        """The name under which combinations with this entry are counted."""
        return f"{self.kind}:{self.en}"

    @property
    def pair(self) -> str:
        """The ``english=deutsch`` form that clauses take."""
        return f"{self.en}={self.de}"


Word = TypeVar("Word", Noun, Adjective, Verb, Entry)
Item = TypeVar("Item")


def _spaces(text: str) -> str:
    return text.replace("_", " ")


def read_nouns(text: str) -> list[Noun]:
    """The nouns of the word list."""
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
    """The adjectives of the word list."""
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
    """The verbs of the word list."""
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
    """Names and places: ``Deutsch:English`` or one form for both languages."""
    pairs = (word.partition(":") for word in text.split())
    return [Entry(english or german, german, kind) for german, _, english in pairs]


def read_expressions(text: str, kind: str) -> list[Entry]:
    """Expressions separated by bars or lines: ``english=deutsch``."""
    pairs = (item.partition("=") for line in text.splitlines() for item in line.split("|"))
    return [Entry(english, german, kind) for english, _, german in pairs]


def read_pairs(text: str, kind: str) -> list[Entry]:
    """Single words: ``english=deutsch``."""
    return read_expressions("|".join(text.split()), kind)


def number_entries() -> list[Entry]:
    """The numbers from two to forty-nine and the further tens in words."""
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
# What does not depend on the will: no "Could you please lose your key?".
UNWILLED = {"lose", "forget", "find", "need", "arrive", "sleep well"}
PAST_ONLY = {"lose", "forget", "find"}
# Adjectives that nobody asks for: no "I would like a dirty plate".
UNWANTED = {"dirty", "broken", "boring", "salty", "closed", "loud", "slow", "ill", "tired"}
UNWANTED |= {"empty", "sour", "ugly", "urgent", "narrow", "sad", "expensive", "cold", "full"}
UNLIKELY_CLOTHES = {"m": {"dress", "skirt", "blouse"}, "f": {"tie", "suit"}}
UNLIKELY_KIN = {
    "our": {"husband", "wife", "girlfriend", "boss"},
    "his": {"husband"},
    "her": {"wife"},
    "my": set[str](),
}
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


def own_determiner(subject: Phrase) -> str:
    """The possessive that refers back to a subject."""
    if subject.person in ("1s", "1p", "2"):
        return {"1s": "my", "1p": "our", "2": "your"}[subject.person]
    return "his" if subject.gender == "m" else "her"


@cache
def nouns_of(groups: tuple[str, ...]) -> tuple[Noun, ...]:
    """The nouns of some groups; a name that is no group is a single English noun."""
    known = {noun.group for noun in ALL_NOUNS}
    single = {_spaces(group) for group in groups if group not in known}
    return tuple(n for n in ALL_NOUNS if n.group in groups or n.en in single)


@cache
def fitting_adjectives(noun: Noun) -> tuple[Adjective, ...]:
    """The adjectives that can describe a noun."""
    name = noun.en.replace(" ", "_")
    return tuple(a for a in ADJECTIVES if noun.group in a.groups or name in a.groups)


class Sampler:
    """Draws words, prefers those drawn least and remembers what a sentence uses."""

    def __init__(self, seed: int) -> None:
        """Start from a seed."""
        self.random = random.Random(seed)
        self.counts: Counter[str] = Counter()
        self.picked: list[str] = []

    def start(self) -> None:
        """Forget the words of the sentence before."""
        self.picked = []

    def chance(self, probability: float) -> bool:
        """True with a probability."""
        return self.random.random() < probability

    def one_of(self, options: Sequence[str]) -> str:
        """An option that is not counted as a content word."""
        return self.random.choice(options)

    def pick(self, options: Sequence[Word], form: str = "") -> Word:
        """The least used of four random options; it counts as a content word.

        With a ``form``, such as a tense, use is counted for that form alone, so that every word
        is met in each of its forms.
        """
        drawn = [self.random.choice(options) for _ in range(4)]
        best = min(drawn, key=lambda option: self.counts[form + option.key])
        self.counts[form + best.key] += 1
        self.picked.append(best.key)
        return best

    def noun(self, *groups: str, but: Sequence[Noun] = ()) -> Noun:
        """A noun of the groups; a group may also be a single English noun."""
        options = nouns_of(groups)
        return self.pick([n for n in options if n not in but] if but else options)

    def entry(self, name: str) -> Entry:
        """An entry of one of LISTS."""
        return self.pick(LISTS[name])

    def adjective(self, noun: Noun, but: Sequence[Adjective] = ()) -> Adjective:
        """An adjective that can describe the noun."""
        return self.pick([a for a in fitting_adjectives(noun) if a not in but])

    def maybe_adjective(
        self, noun: Noun, probability: float = 0.45, wanted: bool = False
    ) -> Adjective | None:
        """Such an adjective, or none; ``wanted`` leaves out the unpleasant ones."""
        if not self.chance(probability) or noun.group in ("male", "female"):
            return None
        unpleasant = UNWANTED if wanted else ()
        options = [a for a in fitting_adjectives(noun) if a.en not in unpleasant]
        form = noun.gender + ("mixed" if wanted else "weak")
        return self.pick(options, form) if options else None

    def phrase(self, noun: Noun, det: str, plural: bool = False, describe: float = 0.45) -> Phrase:
        """The noun phrase of a noun, perhaps with an adjective."""
        adjective = self.maybe_adjective(noun, describe, wanted=det in ("a", ""))
        return noun_phrase(noun, det, adjective, plural)

    def relative(self, det: str, but: Sequence[Noun] = ()) -> Noun:
        """A relative or friend of somebody."""
        unlikely = [n for n in ALL_NOUNS if n.en in UNLIKELY_KIN[det]]
        return self.noun("male", "female", but=[*unlikely, *but])

    def subject(self) -> Phrase:
        """Somebody who does something: a pronoun, a relative or a name."""
        if self.chance(0.45):
            return self.random.choice(PLAIN_SUBJECTS)
        return self.third_person()

    def third_person(self) -> Phrase:
        """A relative or a name."""
        draw = self.random.random()
        if draw < 0.55:
            det = self.one_of(("my", "my", "our"))
            return noun_phrase(self.relative(det), det)
        if draw < 0.8:
            name = self.entry("name")
            return Phrase(name.en, (name.de,) * 3, "3s", name.gender)
        return self.polite_name()

    def polite_name(self) -> Phrase:
        """A surname with its title; "Herr" is a weak noun."""
        name = self.entry("surname").en
        if self.chance(0.5):
            forms = (f"Herr {name}", f"Herrn {name}", f"Herrn {name}")
            return Phrase(f"Mr {name}", forms, "3s", "m")
        return Phrase(f"Mrs {name}", (f"Frau {name}",) * 3, "3s", "f")

    def time(self, kind: str) -> str:
        """A time expression for a ``future``, ``later``, ``past`` or ``habit`` clause."""
        if kind in ("habit", "later") or self.chance(0.65):
            return self.entry(kind).pair
        if self.chance(0.75):
            day = self.entry("weekday")
            return f"on {day.en}=am {day.de}"
        return self.clock("at ", "um ")

    def date(self) -> str:
        """A date in the dative after "an"."""
        day, month = self.entry("ordinal"), self.entry("month")
        return f"on the {day.en} of {month.en}=am {day.de}en {month.de}"

    def clock(self, en: str = "", de: str = "", hours: tuple[int, int] = (1, 12)) -> str:
        """A clock time in words."""
        hour = self.random.randint(*hours)
        names = {1: ("one", "eins"), **{k: tuple(v.split("=")) for k, v in UNITS.items()}}
        (en_hour, de_hour), following = names[hour], names[hour % 12 + 1][1]
        o_clock = "ein" if hour == 1 else de_hour
        before = names[hour][0], names[hour][1]
        forms = (
            f"{en_hour} o'clock=@{o_clock} Uhr",
            f"half past {en_hour}=@halb {following}",
            f"a quarter past {en_hour}=@Viertel nach {de_hour}",
            f"a quarter to {before[0]}=@Viertel vor {before[1]}",
            f"ten past {en_hour}=@zehn nach {de_hour}",
            f"twenty to {before[0]}=@zwanzig vor {before[1]}",
            f"five to {before[0]}=@fünf vor {before[1]}",
        )
        return en + self.one_of(forms).replace("@", de)

    def price(self) -> str:
        """An amount of money in figures."""
        cents = self.one_of(("20", "50", "80", "90"))
        euros = self.random.randrange(2, 60)
        return f"{euros}.{cents} euros={euros},{cents} Euro"

    def verb(self, tense: str, objects: bool | None = None, form: str = "") -> Verb:
        """A verb that suits the tense, with or without an object if that matters."""
        if objects is None:
            objects = self.chance(0.8)
        excluded = UNWILLED if tense in MODALS else PAST_ONLY
        if tense == "past":
            excluded = set()
        elif tense == "cannot":
            excluded = UNWILLED - {"find"}
        fitting = [v for v in VERBS if bool(v.case) == objects and v.en not in excluded]
        return self.pick(fitting, form)

    def object_of(self, verb: Verb, subject: Phrase, definite: bool = False) -> tuple[str, str]:
        """An object that suits the verb: the English words and the German ones."""
        if not verb.case:
            return "", ""
        codes = verb.determiners
        if definite:
            codes = "".join(c for c in codes if c in "dptDP") or "d"
        code = self.one_of(codes)
        own = own_determiner(subject)
        unlikely = UNLIKELY_CLOTHES.get(subject.gender, set())
        if subject.person in ("1p", "3s"):
            unlikely = unlikely | UNLIKELY_KIN[own]
        noun = self.noun(*verb.groups, but=[n for n in ALL_NOUNS if n.en in unlikely])
        plural = code in "DPBN"
        if plural and not noun.de_plural:
            plural = False
        det = {"i": "a", "d": "the", "D": "the", "t": "this"}.get(code, "")
        if code in "pP":
            det = own
        count = self.one_of(FEW) if code == "N" and plural else ""
        adjective = self.maybe_adjective(noun, 0.3, wanted=det in ("a", ""))
        phrase = noun_phrase(noun, det, adjective, plural, count)
        german = phrase.case(verb.case)
        if verb.preposition:
            german = phrase.after(verb.preposition, verb.case)
        return phrase.en, german

    def clause(
        self, subject: Phrase, tense: str, time: str = "", extra: str = "", **options: bool
    ) -> Clause:
        """A clause about something the subject does.

        Args:
            subject: Who does it.
            tense: A tense of Clause.
            time: A time expression, ``english=deutsch``.
            extra: A companion or place, ``english=deutsch``.
            **options: ``objects`` and ``definite`` restrict verb and object, ``negated`` denies,
                ``willed`` asks for a verb that one can intend.
        """
        willed = "should" if options.get("willed") else tense
        form = "base" if tense in MODALS else tense.replace("will", "present")
        if form == "present":
            form += subject.person
        verb = self.verb(willed, options.get("objects"), form)
        negated = options.get("negated", False)
        en_object, de_object = self.object_of(verb, subject, options.get("definite", negated))
        en_extra, _, de_extra = extra.partition("=")
        negated = negated and bool(verb.case) and not verb.preposition
        middle = join(de_extra, de_object)
        return Clause(subject, verb, join(en_object, en_extra), middle, time, tense, negated)

    def companion(self) -> str:
        """Somebody to do things with."""
        polite = self.chance(0.3)
        who = self.polite_name() if polite else noun_phrase(self.relative("my"), "my")
        return f"with {who.en}=mit {who.case('dat')}"

    def choose(self, options: Sequence[Item], name: Callable[[Item], str]) -> Item:
        """An option of another type, counted under a name."""
        drawn = [self.random.choice(options) for _ in range(4)]
        best = min(drawn, key=lambda option: self.counts[name(option)])
        self.counts[name(best)] += 1
        self.picked.append(name(best))
        return best
