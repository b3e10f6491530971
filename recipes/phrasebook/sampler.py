"""Draws words evenly, and phrases and clauses that make sense."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TypeVar

from clauses import MODALS, Clause, Verb
from grammar import Adjective, Noun, Phrase, join, noun_phrase
from vocabulary import (
    ALL_NOUNS,
    FEW,
    LISTS,
    PLAIN_SUBJECTS,
    UNITS,
    UNLIKELY_CLOTHES,
    VERBS,
    Entry,
    fitting_adjectives,
    nouns_of,
)

Word = TypeVar("Word", Noun, Adjective, Verb, Entry)
Item = TypeVar("Item")
# What does not depend on the will: no "Could you please lose your key?".
UNWILLED = {"lose", "forget", "find", "need", "arrive", "sleep well"}
PAST_ONLY = {"lose", "forget", "find"}
# Adjectives that nobody asks for: no "I would like a dirty plate".
UNWANTED = {"dirty", "broken", "boring", "salty", "closed", "loud", "slow", "ill", "tired"}
UNWANTED |= {"empty", "sour", "ugly", "urgent", "narrow", "sad", "expensive", "cold", "full"}
UNLIKELY_KIN = {
    "our": {"husband", "wife", "girlfriend", "boss"},
    "his": {"husband"},
    "her": {"wife"},
    "my": set[str](),
}


def own_determiner(subject: Phrase) -> str:
    """Return the possessive that refers back to a subject."""
    if subject.person in ("1s", "1p", "2"):
        return {"1s": "my", "1p": "our", "2": "your"}[subject.person]
    return "his" if subject.gender == "m" else "her"


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
        """Return True with a probability."""
        return self.random.random() < probability

    def one_of(self, options: Sequence[str]) -> str:
        """Return an option that is not counted as a content word."""
        return self.random.choice(options)

    def pick(self, options: Sequence[Word], form: str = "") -> Word:
        """Return the least used of four random options; it counts as a content word.

        With a ``form``, such as a tense, use is counted for that form alone, so that every word
        is met in each of its forms.
        """
        drawn = [self.random.choice(options) for _ in range(4)]
        best = min(drawn, key=lambda option: self.counts[form + option.key])
        self.counts[form + best.key] += 1
        self.picked.append(best.key)
        return best

    def noun(self, *groups: str, but: Sequence[Noun] = ()) -> Noun:
        """Return a noun of the groups; a group may also be a single English noun."""
        options = nouns_of(groups)
        return self.pick([n for n in options if n not in but] if but else options)

    def entry(self, name: str) -> Entry:
        """Return an entry of one of LISTS."""
        return self.pick(LISTS[name])

    def adjective(self, noun: Noun, but: Sequence[Adjective] = ()) -> Adjective:
        """Return an adjective that can describe the noun."""
        return self.pick([a for a in fitting_adjectives(noun) if a not in but])

    def maybe_adjective(
        self, noun: Noun, probability: float = 0.45, wanted: bool = False
    ) -> Adjective | None:
        """Return a fitting adjective, or none; ``wanted`` leaves out the unpleasant ones."""
        if not self.chance(probability) or noun.group in ("male", "female"):
            return None
        unpleasant = UNWANTED if wanted else ()
        options = [a for a in fitting_adjectives(noun) if a.en not in unpleasant]
        form = noun.gender + ("mixed" if wanted else "weak")
        return self.pick(options, form) if options else None

    def phrase(self, noun: Noun, det: str, plural: bool = False, describe: float = 0.45) -> Phrase:
        """Return the noun phrase of a noun, perhaps with an adjective."""
        adjective = self.maybe_adjective(noun, describe, wanted=det in ("a", ""))
        return noun_phrase(noun, det, adjective, plural)

    def relative(self, det: str, but: Sequence[Noun] = ()) -> Noun:
        """Return a relative or friend of somebody."""
        unlikely = [n for n in ALL_NOUNS if n.en in UNLIKELY_KIN[det]]
        return self.noun("male", "female", but=[*unlikely, *but])

    def subject(self) -> Phrase:
        """Return somebody who does something: a pronoun, a relative or a name."""
        if self.chance(0.45):
            return self.random.choice(PLAIN_SUBJECTS)
        return self.third_person()

    def third_person(self) -> Phrase:
        """Return a relative or a name."""
        draw = self.random.random()
        if draw < 0.55:
            det = self.one_of(("my", "my", "our"))
            return noun_phrase(self.relative(det), det)
        if draw < 0.8:
            name = self.entry("name")
            return Phrase(name.en, (name.de,) * 3, "3s", name.gender)
        return self.polite_name()

    def polite_name(self) -> Phrase:
        """Return a surname with its title; "Herr" is a weak noun."""
        name = self.entry("surname").en
        if self.chance(0.5):
            forms = (f"Herr {name}", f"Herrn {name}", f"Herrn {name}")
            return Phrase(f"Mr {name}", forms, "3s", "m")
        return Phrase(f"Mrs {name}", (f"Frau {name}",) * 3, "3s", "f")

    def time(self, kind: str) -> str:
        """Return a time expression for a ``future``, ``later``, ``past`` or ``habit`` clause."""
        if kind in ("habit", "later") or self.chance(0.65):
            return self.entry(kind).pair
        if self.chance(0.75):
            day = self.entry("weekday")
            return f"on {day.en}=am {day.de}"
        return self.clock("at ", "um ")

    def date(self) -> str:
        """Return a date in the dative after "an"."""
        day, month = self.entry("ordinal"), self.entry("month")
        return f"on the {day.en} of {month.en}=am {day.de}en {month.de}"

    def clock(self, en: str = "", de: str = "", hours: tuple[int, int] = (1, 12)) -> str:
        """Return a clock time in words."""
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
        """Return an amount of money in figures."""
        cents = self.one_of(("20", "50", "80", "90"))
        euros = self.random.randrange(2, 60)
        return f"{euros}.{cents} euros={euros},{cents} Euro"

    def verb(self, tense: str, objects: bool | None = None, form: str = "") -> Verb:
        """Return a verb that suits the tense, with or without an object if that matters."""
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
        """Return an object that suits the verb: the English words and the German ones."""
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
        """Return a clause about something the subject does.

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
        """Return somebody to do things with."""
        polite = self.chance(0.3)
        who = self.polite_name() if polite else noun_phrase(self.relative("my"), "my")
        return f"with {who.en}=mit {who.case('dat')}"

    def choose(self, options: Sequence[Item], name: Callable[[Item], str]) -> Item:
        """Return an option of another type, counted under a name."""
        drawn = [self.random.choice(options) for _ in range(4)]
        best = min(drawn, key=lambda option: self.counts[name(option)])
        self.counts[name(best)] += 1
        self.picked.append(name(best))
        return best


def pick_noun(sampler: Sampler, names: Sequence[str]) -> Noun:
    """Return one of some nouns, given by their English names."""
    return sampler.pick([noun for noun in ALL_NOUNS if noun.en in names])
