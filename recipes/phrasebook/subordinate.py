"""Sentences with a subordinate clause or a "zu" infinitive; their verbs come last."""

from __future__ import annotations

from clauses import Clause
from grammar import Pair, join, noun_phrase, paired
from sampler import Sampler
from sentences import stated, tense_and_time
from vocabulary import FIRST_PERSON, PLAIN_SUBJECTS, VERBS, YOU, read_expressions

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


def that_clause(s: Sampler) -> Pair:
    """I think that Anna has to work tomorrow."""
    lead = s.pick(THAT)
    tense, time = tense_and_time(s)
    if tense == "will" and s.chance(0.5):
        tense = s.one_of(("have to", "want to", "can"))
    clause = s.clause(s.subject(), tense, time)
    return paired(join(lead.en, clause.english_main()), join(lead.de, clause.german_final()))


def whether(s: Sampler) -> Pair:
    """Do you know whether my aunt sold the house?"""
    lead = s.pick(WHETHER)
    tense = s.one_of(("past", "want to", "have to"))
    time = s.time("past" if tense == "past" else "future") if s.chance(0.2) else ""
    subject = s.third_person() if s.chance(0.7) else PLAIN_SUBJECTS[2 + s.random.randrange(2)]
    clause = s.clause(subject, tense, "" if "when" in lead.en else time)
    german = join(lead.de[:-1], clause.german_final())
    return paired(join(lead.en, clause.english_main()), german, lead.de[-1])


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
    return paired(english, german)


def condition(s: Sampler) -> Pair:
    """If it rains, we will stay at home."""
    when = s.pick(CONDITIONS)
    clause = s.clause(
        s.subject(), s.one_of(("will", "have to", "want to")), f"{when.en},={when.de},"
    )
    return stated(clause, fronted=True)


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
    return paired(english, f"{lead.de}, {clause.german_infinitive()}")


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
    return paired(
        english, f"{de_start} {thing.case('nom')}, {pronoun} {clause.german_final()}", "?"
    )


CONSTRUCTIONS = (
    (that_clause, 8),
    (whether, 6),
    (because, 6),
    (condition, 4),
    (infinitive, 6),
    (relative, 4),
)
