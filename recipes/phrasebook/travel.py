"""Sentences for finding the way, for travelling, and for clock times and dates."""

from __future__ import annotations

from grammar import Pair, join, noun_phrase, paired, sides
from sampler import Sampler
from vocabulary import NUMBERS, PLAIN_SUBJECTS, read_expressions

BE = {"1s": ("am", "bin"), "1p": ("are", "sind"), "3s": ("is", "ist"), "3p": ("are", "sind")}
FAR: tuple[str, ...] = (
    "airport",
    "castle",
    "lake",
    "forest",
    "beach",
    "village",
    "mountain",
    "island",
    "stadium",
)
FAR += ("hospital", "university", "factory", "petrol station", "embassy", "river", "valley")
POSITIONS = read_expressions(
    "behind=hinter|next to=neben|in front of=vor|opposite=gegenüber", "position"
)


def nearest(s: Sampler) -> Pair:
    """Where is the nearest pharmacy? / How far is it to the nearest pharmacy?"""
    noun = s.noun("place", "sight", "beach", "lake", "forest")
    ending = {"m": "e", "f": "e", "n": "e"}[noun.gender]
    article = noun_phrase(noun, "the")
    if s.chance(0.5):
        german = f"wo ist {article.case('nom').split()[0]} nächst{ending} {noun.de}"
        return paired(f"where is the nearest {noun.en}", german, "?")
    to = article.after("zu", "dat").split()[0]
    german = f"wie weit ist es {to} nächsten {noun.de}"
    return paired(f"how far is it to the nearest {noun.en}", german, "?")


def way(s: Sampler) -> Pair:
    """How do I get from the station to the castle?"""
    first = s.noun("place", "sight", "beach", "lake")
    to = noun_phrase(first, "the")
    subject, who = s.one_of(("I=ich komme", "we=wir kommen")).split("=")
    pronoun, verb = who.split()[0], who.split()[1]
    if s.chance(0.4):
        english = f"how do {subject} get to {to.en} on foot"
        return paired(english, f"wie {verb} {pronoun} zu Fuß {to.after('zu', 'dat')}", "?")
    start = noun_phrase(s.noun("place", "sight", but=[first]), "the")
    english = f"how do {subject} get from {start.en} to {to.en}"
    german = f"wie {verb} {pronoun} {start.after('von', 'dat')} {to.after('zu', 'dat')}"
    return paired(english, german, "?")


def position(s: Sampler) -> Pair:
    """The old theatre is behind the church."""
    first = s.noun("place", "sight", "lodging")
    one = s.phrase(first, "the")
    other = noun_phrase(s.noun("place", "sight", but=[first]), "the")
    where = s.pick(POSITIONS)
    english = join(one.en, "is", where.en, other.en)
    return paired(english, join(one.case("nom"), "ist", where.de, other.case("dat")))


def directions(s: Sampler) -> Pair:
    """Go past the church and turn left at the bridge."""
    first = s.noun("place", "sight")
    past = noun_phrase(first, "the")
    at = noun_phrase(s.noun("place", "sight", but=[first]), "the")
    side = sides(s.one_of(("left=links", "right=rechts")))
    mode = s.one_of(("go=gehen", "drive=fahren")).split("=")
    english = f"{mode[0]} past {past.en} and turn {side[0]} at {at.en}"
    german = (
        f"{mode[1]} Sie {past.after('an', 'dat')} vorbei"
        f" und biegen Sie {at.after('an', 'dat')} {side[1]} ab"
    )
    return paired(english, german)


def distance(s: Sampler) -> Pair:
    """The airport is thirty-two kilometres away from here."""
    noun = s.noun(*FAR)
    number = s.pick(NUMBERS)
    english = f"the {noun.en} is {number.en} kilometres away from here"
    german = f"{noun_phrase(noun, 'the').case('nom')} ist {number.de} Kilometer von hier entfernt"
    return paired(english, german)


def duration(s: Sampler) -> Pair:
    """The train to Berlin takes forty-five minutes."""
    noun, number, city = s.noun("rail"), s.pick(NUMBERS), s.entry("city")
    thing = s.phrase(noun, "the", describe=0.3)
    english = f"{thing.en} to {city.en} takes {number.en} minutes"
    return paired(english, f"{thing.case('nom')} nach {city.de} braucht {number.de} Minuten")


def departure(s: Sampler) -> Pair:
    """The next train to Berlin leaves at half past three."""
    noun, city = s.noun("rail"), s.entry("city")
    article = noun_phrase(noun, "the").case("nom").split()[0]
    which = sides(s.one_of(("next=nächste", "first=erste", "last=letzte")))
    clock = sides(s.clock("at ", "um "))
    draw = s.random.random()
    if draw < 0.25:
        thing = noun_phrase(noun, "the")
        english = f"{thing.en} leaves {clock[0]}"
        german = f"{thing.case('nom')} fährt {clock[1]} ab"
    elif draw < 0.6:
        english = f"the {which[0]} {noun.en} to {city.en} leaves {clock[0]}"
        german = f"{article} {which[1]} {noun.de} nach {city.de} fährt {clock[1]} ab"
    else:
        english = f"the {which[0]} {noun.en} from {city.en} arrives {clock[0]}"
        german = f"{article} {which[1]} {noun.de} aus {city.de} kommt {clock[1]} an"
    return paired(english, german)


def timetable(s: Sampler) -> Pair:
    """When does the train to Berlin leave on Monday? / Which bus goes to Bremen?"""
    noun, city = s.noun("rail"), s.entry("city")
    thing = noun_phrase(noun, "the")
    draw = s.random.random()
    if draw < 0.3:
        question = noun_phrase(noun, "which").case("nom")
        time = sides(s.time("future"))
        return paired(
            f"which {noun.en} goes to {city.en} {time[0]}",
            f"{question} fährt {time[1]} nach {city.de}",
            "?",
        )
    day = s.entry("weekday")
    if draw < 0.65:
        english = f"when does {thing.en} to {city.en} leave on {day.en}"
        german = f"wann fährt {thing.case('nom')} nach {city.de} am {day.de} ab"
        return paired(english, german, "?")
    english = f"when does {thing.en} from {city.en} arrive on {day.en}"
    german = f"wann kommt {thing.case('nom')} aus {city.de} am {day.de} an"
    return paired(english, german, "?")


def delay(s: Sampler) -> Pair:
    """The train from Berlin is ten minutes late."""
    noun, city, number = s.noun("rail"), s.entry("city"), s.pick(NUMBERS)
    thing = noun_phrase(noun, "the")
    english = f"{thing.en} from {city.en} is {number.en} minutes late"
    german = f"{thing.case('nom')} aus {city.de} hat {number.de} Minuten Verspätung"
    return paired(english, german)


def tickets(s: Sampler) -> Pair:
    """Two tickets to Vienna for Monday, please."""
    number, city, day = s.entry("small"), s.entry("city"), s.entry("weekday")
    english = f"{number.en} tickets to {city.en} for {day.en}, please"
    return paired(english, f"{number.de} Fahrkarten nach {city.de} für {day.de}, bitte")


def outing(s: Sampler) -> Pair:
    """On Monday we will go to the museum with my aunt."""
    time = sides(s.time("future"))
    place = noun_phrase(s.noun("sight"), "the")
    company = sides(s.companion())
    who = PLAIN_SUBJECTS[s.random.randrange(2)]
    go = "gehe" if who.person == "1s" else "gehen"
    english = join(time[0], who.en, "will go to", place.en, company[0])
    german = join(time[1], go, who.case("nom"), company[1], place.after("in", "acc"))
    return paired(english, german)


def travel(s: Sampler) -> Pair:
    """Next week Anna will travel to Spain by train. / Anna travelled to Rome last week."""
    who = s.subject()
    to = s.entry(s.one_of(("city", "country")))
    noun = s.noun("rail", "car", "motorbike")
    by = noun_phrase(noun, "the").after("mit", "dat")
    if s.chance(0.5):
        time = sides(s.time("past"))
        be = BE[who.person][1]
        english = join(who.en, "travelled to", to.en, "by", noun.en, time[0])
        german = join(who.case("nom"), be, time[1], by, "nach", to.de, "gereist")
        return paired(english, german)
    time = sides(s.time("later"))
    go = {"1s": "reise", "1p": "reisen"}.get(who.person, "reist")
    english = join(time[0], who.en, "will travel to", to.en, "by", noun.en)
    return paired(english, join(time[1], go, who.case("nom"), by, "nach", to.de))


def stay(s: Sampler) -> Pair:
    """We will stay in Vienna for three days."""
    who, city = s.subject(), s.entry(s.one_of(("city", "country")))
    number = s.entry("small")
    unit = sides(s.one_of(("days=Tage", "weeks=Wochen", "months=Monate")))
    stays = {"1s": "bleibe", "1p": "bleiben"}.get(who.person, "bleibt")
    english = f"{who.en} will stay in {city.en} for {number.en} {unit[0]}"
    return paired(english, f"{who.case('nom')} {stays} {number.de} {unit[1]} in {city.de}")


def clock_time(s: Sampler) -> Pair:
    """It is half past three already."""
    english, german = sides(s.clock())
    if s.chance(0.3):
        return paired(f"it is already {english}", f"es ist schon {german}")
    return paired(f"it is {english}", f"es ist {german}")


def opening_hours(s: Sampler) -> Pair:
    """On Monday the museum opens at half past nine."""
    noun = s.noun(
        "sight", "pharmacy", "supermarket", "bakery", "post_office", "bookshop", "embassy"
    )
    thing = noun_phrase(noun, "the")
    day, opens = s.entry("weekday"), s.chance(0.5)
    clock = sides(s.clock("at ", "um ", hours=(7, 11) if opens else (1, 8)))
    verb = "opens" if opens else "closes", ""
    finite, end = "macht", "auf" if opens else "zu"
    english = f"on {day.en} {thing.en} {verb[0]} {clock[0]}"
    return paired(english, join("am", day.de, finite, thing.case("nom"), clock[1], end))


def event_time(s: Sampler) -> Pair:
    """The concert takes place on the third of May. / The course begins at ten past six."""
    noun = s.noun(
        "meeting",
        "party",
        "course",
        "lesson",
        "guided tour",
        "lecture",
        "interview",
        "concert",
        "play",
        "match",
        "exhibition",
    )
    thing = s.phrase(noun, s.one_of(("the", "our")), describe=0.4)
    if s.chance(0.6):
        english, german = sides(s.date())
        return paired(
            f"{thing.en} takes place {english}", f"{thing.case('nom')} findet {german} statt"
        )
    day, clock = s.entry("weekday"), sides(s.clock("at ", "um "))
    english = f"{thing.en} begins on {day.en} {clock[0]}"
    return paired(english, f"{thing.case('nom')} beginnt am {day.de} {clock[1]}")


def calendar(s: Sampler) -> Pair:
    """Today is the third of May. / My uncle has a birthday on the third of May."""
    if s.chance(0.3):
        day, month = s.entry("ordinal"), s.entry("month")
        when = sides(s.one_of(("today=heute", "tomorrow=morgen")))
        english = f"{when[0]} is the {day.en} of {month.en}"
        return paired(english, f"{when[1]} ist der {day.de}e {month.de}")
    english, german = sides(s.date())
    person = s.third_person()
    return paired(
        f"{person.en} has a birthday {english}", f"{person.case('nom')} hat {german} Geburtstag"
    )


CONSTRUCTIONS = (
    (nearest, 2),
    (way, 4),
    (position, 4),
    (directions, 4),
    (distance, 3),
    (duration, 3),
    (departure, 5),
    (timetable, 4),
    (delay, 3),
    (tickets, 4),
    (outing, 3),
    (travel, 4),
    (stay, 3),
    (clock_time, 1),
    (opening_hours, 4),
    (event_time, 4),
    (calendar, 3),
)
