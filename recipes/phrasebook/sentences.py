"""Sentences built from whole clauses: statements, questions, subordinate clauses, requests."""

from __future__ import annotations

from grammar import PRONOUNS, Clause, Verb, capitalise, join, noun_phrase
from vocabulary import (
    ALL_NOUNS,
    FIRST_PERSON,
    PLAIN_SUBJECTS,
    UNLIKELY_CLOTHES,
    VERBS,
    WE,
    YOU,
    Entry,
    Sampler,
    read_expressions,
)

Pair = tuple[str, str]
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
# The kind of an entry is the kind of reason: done, duty or failure.
MOODS = (
    *read_expressions("happy=froh|proud=stolz|satisfied=zufrieden|grateful=dankbar", "done"),
    *read_expressions(
        "nervous=nervös|in a hurry=in Eile|excited=aufgeregt|busy=beschäftigt", "duty"
    ),
    *read_expressions("angry=wütend|disappointed=enttäuscht|desperate=verzweifelt", "failure"),
)
CONDITIONS = read_expressions(
    "if it rains=wenn es regnet|if it snows=wenn es schneit|if I have time=wenn ich Zeit habe"
    "|if the sun shines=wenn die Sonne scheint|if the weather is good=wenn das Wetter gut ist"
    "|if it is cold=wenn es kalt ist|if nobody helps us=wenn uns niemand hilft"
    "|if everything goes well=wenn alles gut geht|if the shop is open=wenn das Geschäft offen ist",
    "condition",
)
THAT = read_expressions(
    "I think that=ich glaube, dass|I know that=ich weiß, dass|we hope that=wir hoffen, dass"
    "|it is good that=es ist gut, dass|my mother says that=meine Mutter sagt, dass"
    "|it is a pity that=es ist schade, dass|I am sure that=ich bin sicher, dass",
    "lead",
)
WHETHER = read_expressions(
    "do you know whether=wissen Sie, ob?|I do not know whether=ich weiß nicht, ob."
    "|I would like to know whether=ich möchte wissen, ob.|nobody knows when=niemand weiß, wann."
    "|can you tell me why=können Sie mir sagen, warum?|I wonder why=ich frage mich, warum.",
    "lead",
)
INFINITIVES = read_expressions(
    "it is important=es ist wichtig|I am trying=ich versuche|I have forgotten=ich habe vergessen"
    "|I am planning=ich plane|it is not easy=es ist nicht einfach|it is necessary=es ist nötig"
    "|I have no time=ich habe keine Zeit|I have decided=ich habe beschlossen",
    "lead",
)
GIVING = read_expressions(
    "show=zeigen,zeigt,gezeigt|bring=bringen,bringt,gebracht|lend=leihen,leiht,geliehen"
    "|give=geben,gibt,gegeben",
    "giving",
)


def _pair(english: str, german: str, mark: str = ".") -> Pair:
    return capitalise(english) + mark, capitalise(german) + mark


def _state(clause: Clause, fronted: bool = False) -> Pair:
    return _pair(clause.english_main(fronted), clause.german_main(fronted))


def _timed(s: Sampler) -> tuple[str, str]:
    """A tense and a time that go together."""
    tense = s.one_of(("present", "present", "will", "past", "past"))
    return tense, s.time({"present": "habit", "will": "future", "past": "past"}[tense])


def _verb(s: Sampler, names: tuple[str, ...]) -> Verb:
    return s.pick([v for v in VERBS if v.en in names])


def statement(s: Sampler) -> Pair:
    """On Monday I will visit my aunt."""
    tense, time = _timed(s)
    return _state(s.clause(s.subject(), tense, time), fronted=s.chance(0.45))


def modal_statement(s: Sampler) -> Pair:
    """We have to pick up the parcel tomorrow."""
    time = s.time("future") if s.chance(0.7) else ""
    tense = s.one_of(("can", "have to", "want to", "would like to", "should"))
    return _state(s.clause(s.subject(), tense, time), fronted=bool(time) and s.chance(0.3))


def company(s: Sampler) -> Pair:
    """I would like to watch the film with my aunt tomorrow."""
    tense = s.one_of(("would like to", "want to", "past", "will"))
    who = PLAIN_SUBJECTS[s.random.randrange(2)]
    verb = _verb(s, TOGETHER)
    en_object, de_object = s.object_of(verb, who)
    en_with, _, de_with = s.companion().partition("=")
    time = s.time("past" if tense == "past" else "future") if s.chance(0.6) else ""
    words = join(en_object, en_with), join(de_with, de_object)
    return _state(Clause(who, verb, *words, time, tense), fronted=bool(time) and s.chance(0.4))


def negation(s: Sampler) -> Pair:
    """I did not find my key yesterday. / I cannot close this window."""
    tense = s.one_of(("past", "cannot"))
    time = s.time("past") if tense == "past" else s.one_of(("", "today=heute"))
    return _state(s.clause(s.subject(), tense, time, objects=True, negated=True))


def without(s: Sampler) -> Pair:
    """I do not need a new coat."""
    who = s.subject()
    verb = s.pick([v for v in VERBS if v.en in REFUSED and "i" in v.determiners])
    noun = s.noun(*verb.groups)
    adjective = s.maybe_adjective(noun, wanted=True)
    german = noun_phrase(noun, "no", adjective).case(verb.case)
    helper = "does not" if who.person == "3s" else "do not"
    english = join(who.en, helper, verb.en, noun_phrase(noun, "a", adjective).en)
    return _pair(english, join(who.case("nom"), verb.finite(who.person), german, verb.prefix))


def asking(s: Sampler) -> Pair:
    """Did you call your brother yesterday? / Do you want to order a salad?"""
    tense = s.one_of(("past", "past", "want to", "would like to", "can", "have to"))
    clause = s.clause(YOU, tense, s.time("past" if tense == "past" else "future"))
    return _pair(clause.english_question(), clause.german_question(), "?")


def request(s: Sampler) -> Pair:
    """Could you please turn on the lamp?"""
    clause = s.clause(YOU, "could", objects=True, definite=True)
    end = clause.verb.prefix + clause.verb.de
    english = join("could you please", clause.verb.en, clause.en_object)
    return _pair(english, join("könnten Sie bitte", clause.middle, end), "?")


def permission(s: Sampler) -> Pair:
    """May I try on this coat?"""
    clause = s.clause(
        FIRST_PERSON, "may", s.one_of(("", "today=heute", "tomorrow=morgen")), objects=True
    )
    return _pair(clause.english_question(), clause.german_question(), "?")


def imperative(s: Sampler) -> Pair:
    """Please open the window. / Please do not open the window."""
    clause = s.clause(YOU, "present", objects=True, definite=True, willed=True)
    verb = clause.verb
    negated = s.chance(0.25) and not verb.preposition
    english = join("please", "do not" if negated else "", verb.en, clause.en_object)
    no = "nicht" if negated else ""
    return _pair(english, join("bitte", verb.de, "Sie", clause.middle, no, verb.prefix))


def question_word(s: Sampler) -> Pair:
    """Why did Anna sell the car? / When will your uncle arrive?"""
    who = s.one_of(("you", "other"))
    subject = YOU if who == "you" else s.third_person()
    word = s.one_of(("when=wann", "why=warum")).partition("=")
    tense = s.one_of(("past", "have to", "want to"))
    clause = s.clause(subject, tense)
    return _pair(clause.english_question(word[0]), clause.german_question(word[2]), "?")


def where(s: Sampler) -> Pair:
    """Where can I rent a bicycle?"""
    verb = _verb(s, ERRANDS)
    who = PLAIN_SUBJECTS[s.random.randrange(2)]
    time = s.one_of(("", "", "today=heute", "tomorrow=morgen"))
    clause = Clause(who, verb, *s.object_of(verb, who), time, "can")
    return _pair(clause.english_question("where"), clause.german_question("wo"), "?")


def that_clause(s: Sampler) -> Pair:
    """I think that Anna has to work tomorrow."""
    lead = s.pick(THAT)
    tense, time = _timed(s)
    if tense == "will" and s.chance(0.5):
        tense = s.one_of(("have to", "want to", "can"))
    clause = s.clause(s.subject(), tense, time)
    return _pair(join(lead.en, clause.english_main()), join(lead.de, clause.german_final()))


def whether(s: Sampler) -> Pair:
    """Do you know whether my aunt sold the house?"""
    lead = s.pick(WHETHER)
    tense = s.one_of(("past", "want to", "have to"))
    time = s.time("past" if tense == "past" else "future") if s.chance(0.2) else ""
    subject = s.third_person() if s.chance(0.7) else PLAIN_SUBJECTS[2 + s.random.randrange(2)]
    clause = s.clause(subject, tense, "" if "when" in lead.en else time)
    german = join(lead.de[:-1], clause.german_final())
    return _pair(join(lead.en, clause.english_main()), german, lead.de[-1])


def because(s: Sampler) -> Pair:
    """Anna is happy because she found her key."""
    mood = s.pick(MOODS)
    subject = s.subject()
    be = {"1s": "am=bin", "1p": "are=sind"}.get(subject.person, "is=ist").partition("=")
    again = subject
    if subject.person == "3s":
        again = PLAIN_SUBJECTS[2 if subject.gender == "m" else 3]
    if mood.kind == "duty":
        clause = s.clause(again, "have to")
    elif mood.kind == "done":
        clause = s.clause(again, "past", s.time("past") if s.chance(0.3) else "")
    else:
        clause = s.clause(again, "cannot", objects=True, negated=True)
    english = join(subject.en, be[0], mood.en, "because", clause.english_main())
    german = f"{join(subject.case('nom'), be[2], mood.de)}, weil {clause.german_final()}"
    return _pair(english, german)


def condition(s: Sampler) -> Pair:
    """If it rains, we will stay at home."""
    when = s.pick(CONDITIONS)
    clause = s.clause(
        s.subject(), s.one_of(("will", "have to", "want to")), f"{when.en},={when.de},"
    )
    return _state(clause, fronted=True)


def infinitive(s: Sampler) -> Pair:
    """I have forgotten to turn off the heater."""
    lead = s.pick(INFINITIVES)
    clause = s.clause(
        FIRST_PERSON,
        "infinitive",
        willed=True,
        time=s.one_of(("", "", "today=heute", "tomorrow=morgen")),
    )
    english = join(lead.en, clause.english_infinitive())
    return _pair(english, f"{lead.de}, {clause.german_infinitive()}")


def relative(s: Sampler) -> Pair:
    """Where is the camera that you bought yesterday?"""
    verb = s.pick([v for v in VERBS if v.case == "acc" and "i" in v.determiners])
    noun = s.noun(*verb.groups)
    adjective = s.maybe_adjective(noun, 0.3)
    thing = noun_phrase(noun, "the", adjective)
    pronoun = {"m": "den", "f": "die", "n": "das"}[noun.gender]
    who = s.one_of(("you", "you", "my"))
    subject = YOU if who == "you" else noun_phrase(s.relative("my"), "my")
    clause = Clause(subject, verb, "", "", s.time("past") if s.chance(0.5) else "", "past")
    en_start, de_start = s.one_of(("where is=wo ist", "is this=ist das")).split("=")
    english = f"{en_start} {thing.en} that {clause.english_main()}"
    return _pair(english, f"{de_start} {thing.case('nom')}, {pronoun} {clause.german_final()}", "?")


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
        return _pair(english, join(time.de, finite, nom, *tail))
    english = join(subject.en, likes, verb.en, time.en)
    return _pair(english, join(nom, finite, time.de, *tail))


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
    return _pair(english, german, start[-1])


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
    return _pair(english, german)


def suggestion(s: Sampler) -> Pair:
    """Shall we watch a film tomorrow?"""
    clause = s.clause(WE, "want to", s.time("future"))
    english = join("shall we", clause.verb.en, clause.en_object, clause.time.partition("=")[0])
    return _pair(english, clause.german_question(), "?")


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
    (that_clause, 8),
    (whether, 6),
    (because, 6),
    (condition, 4),
    (infinitive, 6),
    (relative, 4),
    (pronoun, 3),
    (hobby, 3),
    (giving, 5),
    (present_for, 4),
    (suggestion, 2),
)
