"""Verbs and the order of words in German and English clauses."""

from __future__ import annotations

from dataclasses import dataclass

from grammar import Phrase, join

SEIN = {"1s": "bin", "1p": "sind", "2": "sind", "3s": "ist", "3p": "sind"}
HABEN = {"1s": "habe", "1p": "haben", "2": "haben", "3s": "hat", "3p": "haben"}
# German modal: singular form (the same for ich and er/sie), plural form.
MODALS = {
    "can": ("kann", "können"),
    "cannot": ("kann", "können"),
    "have to": ("muss", "müssen"),
    "want to": ("will", "wollen"),
    "would like to": ("möchte", "möchten"),
    "should": ("sollte", "sollten"),
    "may": ("darf", "dürfen"),
    "could": ("könnte", "könnten"),
}


@dataclass(frozen=True)
class Verb:
    """A verb with the forms that the phrasebook uses and the objects it takes."""

    en: str
    en_past: str
    prefix: str
    adverb: str
    de: str
    de_er: str
    participle: str
    uses_sein: bool
    preposition: str
    case: str
    determiners: str
    groups: tuple[str, ...]

    @property
    def key(self) -> str:
        """Return the name under which combinations with this verb are counted."""
        return f"verb:{self.en}"

    def finite(self, person: str) -> str:
        """Return the German present tense without the prefix."""
        if person == "1s":
            stem = self.de[:-2] if self.de.endswith("en") else self.de[:-1]
            return stem + "e"
        return self.de_er if person == "3s" else self.de


def english_third(verb: str) -> str:
    """Return the third person singular of an English verb or phrasal verb."""
    first, _, rest = verb.partition(" ")
    if first == "have":
        first = "has"
    elif first.endswith(("s", "x", "ch", "sh", "o")):
        first += "es"
    elif first.endswith("y") and first[-2] not in "aeiou":
        first = first[:-1] + "ies"
    else:
        first += "s"
    return f"{first} {rest}".strip()


def english_past(verb: str) -> str:
    """Return the regular past of an English verb or phrasal verb."""
    first, _, rest = verb.partition(" ")
    if first.endswith("e"):
        first += "d"
    elif first.endswith("y") and first[-2] not in "aeiou":
        first = first[:-1] + "ied"
    else:
        doubled = first in ("wrap", "plan")
        first += (first[-1] if doubled else "") + "ed"
    return f"{first} {rest}".strip()


def german_er(infinitive: str) -> str:
    """Return the regular third person singular present."""
    stem = infinitive[:-2] if infinitive.endswith("en") else infinitive[:-1]
    return stem + ("et" if stem.endswith(("t", "d", "ffn", "chn")) else "t")


def german_participle(prefix: str, infinitive: str) -> str:
    """Return the regular past participle."""
    stem = german_er(infinitive)
    inseparable = infinitive.startswith(("be", "ver", "er", "ent")) or infinitive.endswith("ieren")
    return prefix + ("" if inseparable else "ge") + stem


@dataclass(frozen=True)
class Clause:
    """A subject with a verb and everything between and after, in a tense.

    Attributes:
        subject: Who does it.
        verb: What is done.
        en_object: The English words after the verb.
        middle: The German words of the middle field: companion, object and the like.
        time: ``english=deutsch`` adverbial or empty.
        tense: ``present``, ``will``, ``past``, ``infinitive`` or a key of MODALS.
        negated: Put "nicht" before the end of the German clause.
    """

    subject: Phrase
    verb: Verb
    en_object: str
    middle: str
    time: str
    tense: str
    negated: bool = False

    @property
    def singular(self) -> bool:
        """Return whether the English verb takes the third-person s."""
        return self.subject.person == "3s"

    def _german(self) -> tuple[str, str, str]:
        """Return the finite verb, the end of a main clause and the end of a verb-final clause."""
        verb, person = self.verb, self.subject.person
        adverb = verb.adverb
        if self.negated:
            adverb = f"nicht {adverb}".strip()
        if self.tense == "past":
            auxiliary = (SEIN if verb.uses_sein else HABEN)[person]
            end = f"{adverb} {verb.participle}".strip()
            return auxiliary, end, f"{end} {auxiliary}"
        if self.tense in MODALS:
            modal = MODALS[self.tense][0 if person in ("1s", "3s") else 1]
            end = f"{adverb} {verb.prefix}{verb.de}".strip()
            return modal, end, f"{end} {modal}"
        finite = verb.finite(person)
        end = f"{adverb} {verb.prefix}".strip()
        return finite, end, f"{adverb} {verb.prefix}{finite}".strip()

    def german_main(self, fronted: bool = False) -> str:
        """Return a verb-second clause, with the time in front on request."""
        finite, end, _ = self._german()
        subject, time = self.subject.case("nom"), self.time.partition("=")[2]
        if fronted:
            return join(time, finite, subject, self.middle, end)
        return join(subject, finite, time, self.middle, end)

    def german_question(self, word: str = "") -> str:
        """Return a verb-first question, or one after a question word."""
        finite, end, _ = self._german()
        time = self.time.partition("=")[2]
        return join(word, finite, self.subject.case("nom"), time, self.middle, end)

    def german_final(self) -> str:
        """Return a verb-final clause."""
        final = self._german()[2]
        return join(self.subject.case("nom"), self.time.partition("=")[2], self.middle, final)

    def german_infinitive(self) -> str:
        """Return a "zu" infinitive; separable verbs take the "zu" inside."""
        verb = self.verb
        form = f"{verb.prefix}zu{verb.de}" if verb.prefix else f"zu {verb.de}"
        time = self.time.partition("=")[2]
        return join(time, self.middle, verb.adverb, form)

    def english_verb(self) -> str:
        """Return the English verb group of a statement."""
        verb = self.verb.en
        if self.tense == "past":
            return f"did not {verb}" if self.negated else self.verb.en_past
        if self.tense == "present":
            if self.negated:
                return ("does not " if self.singular else "do not ") + verb
            return english_third(verb) if self.singular else verb
        modal = self.tense
        if modal in ("have to", "want to") and self.singular:
            modal = english_third(modal)
        return f"{modal} not {verb}" if self.negated and modal != "cannot" else f"{modal} {verb}"

    def english_main(self, fronted: bool = False) -> str:
        """Return the English statement, with the time in front on request."""
        time = self.time.partition("=")[0]
        words = (self.subject.en, self.english_verb(), self.en_object)
        return join(time, *words) if fronted else join(*words, time)

    def english_question(self, word: str = "") -> str:
        """Return the English question."""
        lead, tail = "do", ""
        if self.tense == "past":
            lead = "did"
        elif self.tense in ("have to", "want to"):
            lead, tail = ("does" if self.singular else "do"), self.tense
        elif self.tense == "would like to":
            lead, tail = "would", "like to"
        elif self.tense == "present":
            lead = "does" if self.singular else "do"
        else:
            lead = self.tense
        time = self.time.partition("=")[0]
        return join(word, lead, self.subject.en, tail, self.verb.en, self.en_object, time)

    def english_infinitive(self) -> str:
        """Return the English infinitive with "to"."""
        return join("to", self.verb.en, self.en_object, self.time.partition("=")[0])
