"""Main clauses: statements, questions, requests and negation."""

from __future__ import annotations

from clauses import Clause, Verb
from grammar import PRONOUNS, Pair, join, noun_phrase, paired
from sampler import Sampler
from vocabulary import (
    ALL_NOUNS,
    FIRST_PERSON,
    PLAIN_SUBJECTS,
    UNLIKELY_CLOTHES,
    VERBS,
    WE,
    YOU,
    Entry,
    read_expressions,
)

TOGETHER: tuple[str, ...] = (
    "watch",
    "prepare",
    "plan",
    "rent",
    "cook",
    "dance",
    "sing",
    "swim",
    "go for a walk",
)
TOGETHER += ("play tennis", "play the piano", "go shopping", "learn German", "play football")
HOBBIES: tuple[str, ...] = (
    "work",
    "go shopping",
    "go for a walk",
    "swim",
    "dance",
    "sing",
    "learn German",
)
HOBBIES += ("play football", "play tennis", "play the piano", "ride a bike", "tidy up")
ERRANDS = ("buy", "rent", "book", "exchange", "borrow", "order")
REFUSED = ("need", "buy", "order", "eat", "rent", "borrow", "book", "write", "send")
GIVING = read_expressions(
    "show=zeigen,zeigt,gezeigt|bring=bringen,bringt,gebracht|lend=leihen,leiht,geliehen"
    "|give=geben,gibt,gegeben",
    "giving",
)


def stated(clause: Clause, fronted: bool = False) -> Pair:
    return paired(clause.english_main(fronted), clause.german_main(fronted))


def tense_and_time(s: Sampler) -> tuple[str, str]:
    """A tense and a time that go together."""
    tense = s.one_of(("present", "present", "will", "past", "past"))
    return tense, s.time({"present": "habit", "will": "future", "past": "past"}[tense])


def _verb(s: Sampler, names: tuple[str, ...]) -> Verb:
    return s.pick([v for v in VERBS if v.en in names])


def statement(s: Sampler) -> Pair:
    """On Monday I will visit my aunt."""
    tense, time = tense_and_time(s)
    return stated(s.clause(s.subject(), tense, time), fronted=s.chance(0.45))


def modal_statement(s: Sampler) -> Pair:
    """We have to pick up the parcel tomorrow."""
    time = s.time("future") if s.chance(0.7) else ""
    tense = s.one_of(("can", "have to", "want to", "would like to", "should"))
    return stated(s.clause(s.subject(), tense, time), fronted=bool(time) and s.chance(0.3))


def company(s: Sampler) -> Pair:
    """I would like to watch the film with my aunt tomorrow."""
    tense = s.one_of(("would like to", "want to", "past", "will"))
    who = PLAIN_SUBJECTS[s.random.randrange(2)]
    verb = _verb(s, TOGETHER)
    en_object, de_object = s.object_of(verb, who)
    en_with, _, de_with = s.companion().partition("=")
    time = s.time("past" if tense == "past" else "future") if s.chance(0.6) else ""
    words = join(en_object, en_with), join(de_with, de_object)
    return stated(Clause(who, verb, *words, time, tense), fronted=bool(time) and s.chance(0.4))


def negation(s: Sampler) -> Pair:
    """I did not find my key yesterday. / I cannot close this window."""
    tense = s.one_of(("past", "cannot"))
    time = s.time("past") if tense == "past" else s.one_of(("", "today=heute"))
    return stated(s.clause(s.subject(), tense, time, objects=True, negated=True))


def without(s: Sampler) -> Pair:
    """I do not need a new coat."""
    who = s.subject()
    verb = s.pick([v for v in VERBS if v.en in REFUSED and "i" in v.determiners])
    noun = s.noun(*verb.groups)
    adjective = s.maybe_adjective(noun, wanted=True)
    german = noun_phrase(noun, "no", adjective).case(verb.case)
    helper = "does not" if who.person == "3s" else "do not"
    english = join(who.en, helper, verb.en, noun_phrase(noun, "a", adjective).en)
    return paired(english, join(who.case("nom"), verb.finite(who.person), german, verb.prefix))


def asking(s: Sampler) -> Pair:
    """Did you call your brother yesterday? / Do you want to order a salad?"""
    tense = s.one_of(("past", "past", "want to", "would like to", "can", "have to"))
    clause = s.clause(YOU, tense, s.time("past" if tense == "past" else "future"))
    return paired(clause.english_question(), clause.german_question(), "?")


def request(s: Sampler) -> Pair:
    """Could you please turn on the lamp?"""
    clause = s.clause(YOU, "could", objects=True, definite=True)
    end = clause.verb.prefix + clause.verb.de
    english = join("could you please", clause.verb.en, clause.en_object)
    return paired(english, join("könnten Sie bitte", clause.middle, end), "?")


def permission(s: Sampler) -> Pair:
    """May I try on this coat?"""
    clause = s.clause(
        FIRST_PERSON, "may", s.one_of(("", "today=heute", "tomorrow=morgen")), objects=True
    )
    return paired(clause.english_question(), clause.german_question(), "?")


def imperative(s: Sampler) -> Pair:
    """Please open the window. / Please do not open the window."""
    clause = s.clause(YOU, "present", objects=True, definite=True, willed=True)
    verb = clause.verb
    negated = s.chance(0.25) and not verb.preposition
    english = join("please", "do not" if negated else "", verb.en, clause.en_object)
    no = "nicht" if negated else ""
    return paired(english, join("bitte", verb.de, "Sie", clause.middle, no, verb.prefix))


def question_word(s: Sampler) -> Pair:
    """Why did Anna sell the car? / When will your uncle arrive?"""
    who = s.one_of(("you", "other"))
    subject = YOU if who == "you" else s.third_person()
    word = s.one_of(("when=wann", "why=warum")).partition("=")
    tense = s.one_of(("past", "have to", "want to"))
    clause = s.clause(subject, tense)
    return paired(clause.english_question(word[0]), clause.german_question(word[2]), "?")


def where(s: Sampler) -> Pair:
    """Where can I rent a bicycle?"""
    verb = _verb(s, ERRANDS)
    who = PLAIN_SUBJECTS[s.random.randrange(2)]
    time = s.one_of(("", "", "today=heute", "tomorrow=morgen"))
    clause = Clause(who, verb, *s.object_of(verb, who), time, "can")
    return paired(clause.english_question("where"), clause.german_question("wo"), "?")


def pronoun(s: Sampler) -> Pair:
    """Where is my key? I cannot find it."""
    noun = s.noun("belongings", "paper", "clothes", "reading")
    thing = noun_phrase(noun, s.one_of(("my", "the", "our")), s.maybe_adjective(noun, 0.3))
    it = PRONOUNS[noun.gender][1]
    en_rest, de_rest = s.one_of(
        (
            "I cannot find it=Ich kann # nicht finden",
            "I need it today=Ich brauche # heute",
            "I lost it yesterday=Ich habe # gestern verloren",
            "We have to look for it=Wir müssen # suchen",
            "I have forgotten it=Ich habe # vergessen",
        )
    ).split("=")
    start = f"Where is {thing.en}? ", f"Wo ist {thing.case('nom')}? "
    return start[0] + en_rest + ".", start[1] + de_rest.replace("#", it) + "."


def hobby(s: Sampler) -> Pair:
    """My brother likes to swim in summer."""
    subject, verb = s.subject(), _verb(s, HOBBIES)
    time = s.entry("habit") if s.chance(0.8) else Entry("", "", "time")
    fronted = bool(time.en) and s.chance(0.3)
    likes = "likes to" if subject.person == "3s" else "like to"
    finite, nom = verb.finite(subject.person), subject.case("nom")
    tail = "gern", verb.adverb, verb.prefix
    if fronted:
        english = join(time.en, subject.en, likes, verb.en)
        return paired(english, join(time.de, finite, nom, *tail))
    english = join(subject.en, likes, verb.en, time.en)
    return paired(english, join(nom, finite, time.de, *tail))


def giving(s: Sampler) -> Pair:
    """Can you lend my brother a warm coat? / I would like to show our guest the lake."""
    verb = s.pick(GIVING)
    infinitive_form = verb.de.split(",")[0]
    groups = ("landscape", "sight") if verb.en == "show" else ("belongings", "parcel", "tableware")
    noun = s.noun(*groups)
    det = "the" if verb.en == "show" else s.one_of(("a", "the"))
    thing = s.phrase(noun, det)
    owner = s.one_of(("my", "our"))
    person = noun_phrase(s.relative(owner), owner)
    receiver = s.one_of((f"me={'mir'}", "us=uns", "x", "x", "x"))
    if receiver == "x":
        receiver = f"{person.en}={person.case('dat')}"
    start = s.one_of(
        (
            "can you=können Sie?",
            "could you please=könnten Sie bitte?",
            "he would like to=er möchte.",
            "she has to=sie muss.",
            "Mrs Weber wants to=Frau Weber will.",
        )
    )
    en_start, de_start = start[:-1].split("=")
    en_receiver, de_receiver = receiver.split("=")
    english = join(en_start, verb.en, en_receiver, thing.en)
    german = join(de_start, de_receiver, thing.case("acc"), infinitive_form)
    return paired(english, german, start[-1])


def present_for(s: Sampler) -> Pair:
    """I will give my mother a red scarf for her birthday."""
    subject = PLAIN_SUBJECTS[s.random.randrange(2)]
    receiver = noun_phrase(s.relative("my"), "my")
    unlikely = [n for n in ALL_NOUNS if n.en in UNLIKELY_CLOTHES[receiver.gender]]
    options = s.noun("clothes", "parcel", "book", "novel", "belongings", but=unlikely)
    thing = s.phrase(options, "a", describe=0.6)
    occasion = s.one_of(("her birthday=zum Geburtstag", "Christmas=zu Weihnachten"))
    en_occasion, de_occasion = occasion.split("=")
    if receiver.gender == "m":
        en_occasion = en_occasion.replace("her", "his")
    finite = "schenke" if subject is FIRST_PERSON else "schenken"
    english = join(subject.en, "will give", receiver.en, thing.en, "for", en_occasion)
    german = join(subject.case("nom"), finite, receiver.case("dat"), de_occasion, thing.case("acc"))
    return paired(english, german)


def suggestion(s: Sampler) -> Pair:
    """Shall we watch a film tomorrow?"""
    clause = s.clause(WE, "want to", s.time("future"))
    english = join("shall we", clause.verb.en, clause.en_object, clause.time.partition("=")[0])
    return paired(english, clause.german_question(), "?")


CONSTRUCTIONS = (
    (statement, 38),
    (modal_statement, 6),
    (company, 5),
    (negation, 6),
    (without, 5),
    (asking, 5),
    (request, 4),
    (permission, 3),
    (imperative, 5),
    (question_word, 5),
    (where, 3),
    (pronoun, 3),
    (hobby, 3),
    (giving, 5),
    (present_for, 4),
    (suggestion, 2),
)
