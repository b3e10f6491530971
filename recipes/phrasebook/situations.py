"""Sentences of the usual situations: restaurant, hotel, shops, travel, doctor, small talk."""

from __future__ import annotations

from grammar import Noun, Phrase, capitalise, indefinite, join, noun_phrase
from vocabulary import (
    ADJECTIVES,
    ALL_NOUNS,
    FEW,
    JOBS,
    LISTS,
    NUMBERS,
    PLAIN_SUBJECTS,
    UNLIKELY_CLOTHES,
    Entry,
    Sampler,
    fitting_adjectives,
    read_expressions,
)

Pair = tuple[str, str]
BE = {"1s": ("am", "bin"), "1p": ("are", "sind"), "3s": ("is", "ist"), "3p": ("are", "sind")}
HAVE = {"1s": ("have", "habe"), "1p": ("have", "haben"), "3s": ("has", "hat")}
COLOURS = read_expressions(
    "red=Rot|blue=Blau|green=Grün|yellow=Gelb|black=Schwarz|white=Weiß|brown=Braun|grey=Grau",
    "colour",
)
SKY = read_expressions(
    "sunny=sonnig|windy=windig|foggy=neblig|cloudy=bewölkt|stormy=stürmisch|dry=trocken|wet=nass",
    "weather",
)
TEMPERATURE = read_expressions(
    "mild=mild|hot=heiß|cold=kalt|cool=kühl|humid=schwül|frosty=frostig|warm=warm", "weather"
)
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
KIN: tuple[str, ...] = (
    "brother",
    "sister",
    "son",
    "daughter",
    "uncle",
    "aunt",
    "nephew",
    "niece",
    "friend",
)
KIN += ("colleague", "girlfriend", "neighbour")
MEASURES = read_expressions(
    "a kilo of=ein Kilo|two kilos of=zwei Kilo|half a kilo of=ein halbes Kilo"
    "|a pound of=ein Pfund|three kilos of=drei Kilo",
    "measure",
)
CUPS = read_expressions(
    "a cup of=eine Tasse|two cups of=zwei Tassen|three cups of=drei Tassen|a pot of=ein Kännchen",
    "measure",
)
GLASSES = read_expressions(
    "a glass of=ein Glas|two glasses of=zwei Gläser|a bottle of=eine Flasche"
    "|four bottles of=vier Flaschen|a jug of=einen Krug",
    "measure",
)
POSITIONS = read_expressions(
    "behind=hinter|next to=neben|in front of=vor|opposite=gegenüber", "position"
)
STANDING: tuple[str, ...] = (
    "vase",
    "candle",
    "lamp",
    "glass",
    "cup",
    "bowl",
    "plate",
    "pot",
    "chair",
    "suitcase",
)
LYING: tuple[str, ...] = (
    "book",
    "newspaper",
    "magazine",
    "towel",
    "letter",
    "napkin",
    "knife",
    "key",
    "coat",
)
SURFACES: tuple[str, ...] = (
    "table",
    "desk",
    "bench",
    "shelf",
    "chair",
    "bed",
    "sofa",
    "cupboard",
    "carpet",
)
SURFACES += ("armchair",)


def _pair(english: str, german: str, mark: str = ".") -> Pair:
    return capitalise(english) + mark, capitalise(german) + mark


def _relative(s: Sampler) -> Phrase:
    return noun_phrase(s.relative("my"), "my")


def _split(pair: str) -> tuple[str, str]:
    english, _, german = pair.partition("=")
    return english, german


def order(s: Sampler) -> Pair:
    """I would like a hot soup with fresh bread, please."""
    savoury = s.chance(0.7)
    dish = s.phrase(s.noun("dish" if savoury else "sweet"), "a")
    link = s.one_of(("with=mit=dat", "with=mit=dat", "without=ohne=acc")).split("=")
    describe = 0.5 if link[0] == "with" else 0.0
    plural = s.chance(0.5)
    groups = ("vegetable", "side") if savoury else ("fruit", "topping")
    side = s.phrase(s.noun(groups[not plural]), "", plural=plural, describe=describe)
    start = s.one_of(("I would like=ich hätte gern", "she would like=sie möchte"))
    english = join(_split(start)[0], dish.en, link[0], side.en) + ", please"
    german = join(_split(start)[1], dish.case("acc"), link[1], side.case(link[2])) + ", bitte"
    return _pair(english, german)


def drinks(s: Sampler) -> Pair:
    """Please bring us two cups of hot tea."""
    hot = s.chance(0.4)
    vessel = s.pick(CUPS if hot else GLASSES)
    drink = s.phrase(s.noun("hot_drink" if hot else "drink"), "", describe=0.6)
    start = _split(
        s.one_of(
            (
                "please bring us=bitte bringen Sie uns",
                "we would like=wir hätten gern",
                "I will have=ich nehme",
            )
        )
    )
    return _pair(join(start[0], vessel.en, drink.en), join(start[1], vessel.de, drink.case("acc")))


def groceries(s: Sampler) -> Pair:
    """I need a kilo of ripe tomatoes and a lemon."""
    measure = s.pick(MEASURES)
    plural = s.chance(0.6)
    food = s.phrase(s.noun(*(("fruit", "vegetable") if plural else ("side",))), "", plural, 0.6)
    second = s.phrase(s.noun("fruit", "vegetable", "roll", "cake", "tart"), "a", describe=0.3)
    start = _split(
        s.one_of(("I need=ich brauche", "we need=wir brauchen", "he is buying=er kauft"))
    )
    english = join(start[0], measure.en, food.en, "and", second.en)
    return _pair(english, join(start[1], measure.de, food.case("acc"), "und", second.case("acc")))


def quality(s: Sampler) -> Pair:
    """This soup is too salty. / Is the room quiet enough?"""
    adjective = s.pick(ADJECTIVES, "predicate")
    noun = s.noun(*adjective.groups)
    person = noun.group in ("male", "female")
    det = "my" if person else s.one_of(("the", "this"))
    plural = noun.group in ("pairs", "fruit", "vegetable")
    thing = noun_phrase(noun, det, plural=plural)
    be = BE[thing.person]
    degrees: tuple[str, ...] = ("really=wirklich", "not=nicht", "unfortunately=leider")
    if adjective.en_more:
        degrees = (*degrees[:2], "very=sehr", "too=zu", "quite=ziemlich", "very=sehr")
    en_degree, de_degree = _split(s.one_of(degrees))
    if s.chance(0.25):
        english = join(be[0], thing.en, "really", adjective.en)
        return _pair(english, join(be[1], thing.case("nom"), "wirklich", adjective.de), "?")
    english = join(thing.en, be[0], en_degree, adjective.en)
    return _pair(english, join(thing.case("nom"), be[1], de_degree, adjective.de))


def comparison(s: Sampler) -> Pair:
    """The red jacket is cheaper than the blue one."""
    noun = s.noun("clothes", "vehicle", "furniture", "lodging", "sight", "reading", "device")
    compared = s.pick([a for a in fitting_adjectives(noun) if a.en_more], "more")
    first = s.adjective(noun, but=[compared])
    second = s.adjective(noun, but=[compared, first])
    subject = noun_phrase(noun, "the", first)
    article = subject.case("nom").split()[0]
    english = f"{subject.en} is {compared.en_more} than the {second.en} one"
    german = f"{subject.case('nom')} ist {compared.de_more} als {article} {second.stem}e"
    return _pair(english, german)


def taller(s: Sampler) -> Pair:
    """My brother is younger than my sister."""
    first = s.noun("male", "female", "animal")
    is_animal = first.group == "animal"
    det = "the" if is_animal else "my"
    second = s.noun("animal", but=[first]) if is_animal else s.relative("my", but=[first])
    names: tuple[str, ...] = ("big", "small", "strong", "fast", "clever", "friendly")
    if not is_animal:
        names = ("old", "young", "rich", "clever", "friendly", "strict")
    quality_ = s.pick([a for a in ADJECTIVES if a.en in names], "more")
    one, other = noun_phrase(first, det), noun_phrase(second, det)
    english = f"{one.en} is {quality_.en_more} than {other.en}"
    return _pair(english, f"{one.case('nom')} ist {quality_.de_more} als {other.case('nom')}")


def price_question(s: Sampler) -> Pair:
    """How much does the green jacket cost?"""
    noun = s.noun(
        "clothes", "belongings", "furniture", "device", "reading", "dish", "vehicle", "pairs"
    )
    plural = noun.group == "pairs"
    thing = noun_phrase(noun, s.one_of(("the", "this")), s.adjective(noun), plural)
    verb = ("do", "kosten") if plural else ("does", "kostet")
    english = f"how much {verb[0]} {thing.en} cost"
    return _pair(english, f"was {verb[1]} {thing.case('nom')}", "?")


def price(s: Sampler) -> Pair:
    """The blue dress costs 45.50 euros."""
    noun = s.noun("clothes", "belongings", "tableware", "parcel", "reading", "pairs")
    plural = noun.group == "pairs"
    thing = noun_phrase(noun, s.one_of(("the", "this")), s.adjective(noun), plural)
    english, german = _split(s.price())
    verb = ("cost", "kosten") if plural else ("costs", "kostet")
    return _pair(join(thing.en, verb[0], english), join(thing.case("nom"), verb[1], german))


def variant(s: Sampler) -> Pair:
    """Do you have this shirt in blue? / Do you also have these shoes in a smaller size?"""
    noun = s.noun("clothes", "pairs")
    thing = noun_phrase(noun, "this", s.maybe_adjective(noun, 0.3), noun.group == "pairs")
    sizes = [
        Entry("a bigger size", "einer größeren Größe", "colour"),
        Entry("a smaller size", "einer kleineren Größe", "colour"),
    ]
    look = s.pick([*COLOURS, *sizes])
    english = join("do you also have", thing.en, "in", look.en)
    return _pair(english, join("haben Sie", thing.case("acc"), "auch in", look.de), "?")


def looking(s: Sampler) -> Pair:
    """I am looking for a warm coat for my son."""
    noun = s.noun("clothes", "parcel", "belongings", "reading")
    thing = s.phrase(noun, "a", describe=0.7)
    person = _relative(s)
    start = _split(
        s.one_of(("I am looking for=ich suche", "we are looking for=wir suchen", "I have=ich habe"))
    )
    english = join(start[0], thing.en, "for", person.en)
    return _pair(english, join(start[1], thing.case("acc"), "für", person.case("acc")))


def wearing(s: Sampler) -> Pair:
    """Anna is wearing a red dress and black shoes."""
    who = s.third_person() if s.chance(0.7) else PLAIN_SUBJECTS[2 + s.random.randrange(2)]
    unlikely = [n for n in ALL_NOUNS if n.en in UNLIKELY_CLOTHES[who.gender]]
    first = s.phrase(s.noun("clothes", but=unlikely), "a", describe=0.8)
    second = s.phrase(s.noun("pairs"), "", plural=True, describe=0.8)
    english = join(who.en, "is wearing", first.en, "and", second.en)
    return _pair(
        english, join(who.case("nom"), "trägt", first.case("acc"), "und", second.case("acc"))
    )


def room(s: Sampler) -> Pair:
    """We need a quiet room with a balcony. / Do you have a studio for three nights?"""
    place = s.phrase(s.noun("lodging"), "a", describe=0.7)
    if s.chance(0.5):
        extra = s.phrase(s.noun("feature"), "a", describe=0.25)
        wish = f"with {extra.en}", f"mit {extra.case('dat')}"
    else:
        nights = s.entry("small")
        wish = f"for {nights.en} nights", f"für {nights.de} Nächte"
    start = _split(
        s.one_of(
            (
                "we need=wir brauchen",
                "I would like to book=ich möchte!buchen",
                "do you have=haben Sie",
            )
        )
    )
    finite, _, end = start[1].partition("!")
    german = join(finite, place.case("acc"), wish[1], end)
    return _pair(join(start[0], place.en, wish[0]), german, "?" if finite == "haben Sie" else ".")


def equipment(s: Sampler) -> Pair:
    """The cottage has a modern kitchen and a big garden."""
    place = noun_phrase(s.noun("lodging"), s.one_of(("the", "our")), None)
    first = s.noun("room", "feature")
    one = s.phrase(first, "a", describe=0.7)
    other = s.phrase(s.noun("room", "feature", but=[first]), "a")
    english = join(place.en, "has", one.en, "and", other.en)
    return _pair(english, join(place.case("nom"), "hat", one.case("acc"), "und", other.case("acc")))


def thing_in_room(s: Sampler) -> Pair:
    """There is no clean towel in the bathroom. / Is there a mirror in the hallway?"""
    noun = s.noun("furniture", "device", "tableware", "towel")
    place = noun_phrase(s.noun("room"), "the").after("in", "dat")
    room_name = s.picked[-1].partition(":")[2]
    adjective = s.maybe_adjective(noun, wanted=True)
    if s.chance(0.4):
        thing = noun_phrase(noun, "a", adjective)
        english = f"is there {thing.en} in the {room_name}"
        return _pair(english, f"gibt es {place} {thing.case('acc')}", "?")
    det = s.one_of(("a", "no"))
    thing = noun_phrase(noun, det, adjective)
    english = f"there is {thing.en} in the {room_name}"
    return _pair(english, f"{place} gibt es {thing.case('acc')}")


def nearest(s: Sampler) -> Pair:
    """Where is the nearest pharmacy? / How far is it to the nearest pharmacy?"""
    noun = s.noun("place", "sight", "beach", "lake", "forest")
    ending = {"m": "e", "f": "e", "n": "e"}[noun.gender]
    article = noun_phrase(noun, "the")
    if s.chance(0.5):
        german = f"wo ist {article.case('nom').split()[0]} nächst{ending} {noun.de}"
        return _pair(f"where is the nearest {noun.en}", german, "?")
    to = article.after("zu", "dat").split()[0]
    german = f"wie weit ist es {to} nächsten {noun.de}"
    return _pair(f"how far is it to the nearest {noun.en}", german, "?")


def way(s: Sampler) -> Pair:
    """How do I get from the station to the castle?"""
    first = s.noun("place", "sight", "beach", "lake")
    to = noun_phrase(first, "the")
    subject, who = s.one_of(("I=ich komme", "we=wir kommen")).split("=")
    pronoun, verb = who.split()[0], who.split()[1]
    if s.chance(0.4):
        english = f"how do {subject} get to {to.en} on foot"
        return _pair(english, f"wie {verb} {pronoun} zu Fuß {to.after('zu', 'dat')}", "?")
    start = noun_phrase(s.noun("place", "sight", but=[first]), "the")
    english = f"how do {subject} get from {start.en} to {to.en}"
    german = f"wie {verb} {pronoun} {start.after('von', 'dat')} {to.after('zu', 'dat')}"
    return _pair(english, german, "?")


def position(s: Sampler) -> Pair:
    """The old theatre is behind the church."""
    first = s.noun("place", "sight", "lodging")
    one = s.phrase(first, "the")
    other = noun_phrase(s.noun("place", "sight", but=[first]), "the")
    where = s.pick(POSITIONS)
    english = join(one.en, "is", where.en, other.en)
    return _pair(english, join(one.case("nom"), "ist", where.de, other.case("dat")))


def directions(s: Sampler) -> Pair:
    """Go past the church and turn left at the bridge."""
    first = s.noun("place", "sight")
    past = noun_phrase(first, "the")
    at = noun_phrase(s.noun("place", "sight", but=[first]), "the")
    side = _split(s.one_of(("left=links", "right=rechts")))
    mode = s.one_of(("go=gehen", "drive=fahren")).split("=")
    english = f"{mode[0]} past {past.en} and turn {side[0]} at {at.en}"
    german = (
        f"{mode[1]} Sie {past.after('an', 'dat')} vorbei"
        f" und biegen Sie {at.after('an', 'dat')} {side[1]} ab"
    )
    return _pair(english, german)


def distance(s: Sampler) -> Pair:
    """The airport is thirty-two kilometres away from here."""
    noun = s.noun(*FAR)
    number = s.pick(NUMBERS)
    english = f"the {noun.en} is {number.en} kilometres away from here"
    german = f"{noun_phrase(noun, 'the').case('nom')} ist {number.de} Kilometer von hier entfernt"
    return _pair(english, german)


def duration(s: Sampler) -> Pair:
    """The train to Berlin takes forty-five minutes."""
    noun, number, city = s.noun("rail"), s.pick(NUMBERS), s.entry("city")
    thing = s.phrase(noun, "the", describe=0.3)
    english = f"{thing.en} to {city.en} takes {number.en} minutes"
    return _pair(english, f"{thing.case('nom')} nach {city.de} braucht {number.de} Minuten")


def _thing(s: Sampler, names: tuple[str, ...]) -> Noun:
    return s.pick([noun for noun in ALL_NOUNS if noun.en in names])


def put(s: Sampler) -> Pair:
    """Please put the vase on the table: stellen or legen, with the accusative."""
    standing = s.chance(0.5)
    thing = s.phrase(_thing(s, STANDING if standing else LYING), "the")
    verb = "stellen" if standing else "legen"
    spot_noun = _thing(s, SURFACES)
    spot = noun_phrase(spot_noun, "the")
    where = _split(s.one_of(("on=auf", "next to=neben", "under=unter")))
    start = _split(
        s.one_of(("please put=bitte # Sie", "can you put=können Sie!", "I will put=ich *"))
    )
    german = start[1].replace("#", verb).replace("*", verb[:-1])
    mark = "?" if german.endswith("!") else "."
    end = verb if mark == "?" else ""
    english = join(start[0], thing.en, where[0], spot.en)
    german = join(german.rstrip("!"), thing.case("acc"), where[1], spot.case("acc"), end)
    return _pair(english, german, mark)


def location(s: Sampler) -> Pair:
    """Your bag is under the chair: with the dative."""
    thing = s.phrase(s.noun("belongings", "reading", "tableware"), s.one_of(("the", "your", "my")))
    spot = s.phrase(_thing(s, SURFACES), "the", describe=0.3)
    where = _split(s.one_of(("on=auf", "next to=neben", "under=unter", "behind=hinter")))
    english = join(thing.en, "is", where[0], spot.en)
    return _pair(english, join(thing.case("nom"), "ist", where[1], spot.case("dat")))


def departure(s: Sampler) -> Pair:
    """The next train to Berlin leaves at half past three."""
    noun, city = s.noun("rail"), s.entry("city")
    article = noun_phrase(noun, "the").case("nom").split()[0]
    which = _split(s.one_of(("next=nächste", "first=erste", "last=letzte")))
    clock = _split(s.clock("at ", "um "))
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
    return _pair(english, german)


def timetable(s: Sampler) -> Pair:
    """When does the train to Berlin leave on Monday? / Which bus goes to Bremen?"""
    noun, city = s.noun("rail"), s.entry("city")
    thing = noun_phrase(noun, "the")
    draw = s.random.random()
    if draw < 0.3:
        question = noun_phrase(noun, "which").case("nom")
        time = _split(s.time("future"))
        return _pair(
            f"which {noun.en} goes to {city.en} {time[0]}",
            f"{question} fährt {time[1]} nach {city.de}",
            "?",
        )
    day = s.entry("weekday")
    if draw < 0.65:
        english = f"when does {thing.en} to {city.en} leave on {day.en}"
        german = f"wann fährt {thing.case('nom')} nach {city.de} am {day.de} ab"
        return _pair(english, german, "?")
    english = f"when does {thing.en} from {city.en} arrive on {day.en}"
    german = f"wann kommt {thing.case('nom')} aus {city.de} am {day.de} an"
    return _pair(english, german, "?")


def delay(s: Sampler) -> Pair:
    """The train from Berlin is ten minutes late."""
    noun, city, number = s.noun("rail"), s.entry("city"), s.pick(NUMBERS)
    thing = noun_phrase(noun, "the")
    english = f"{thing.en} from {city.en} is {number.en} minutes late"
    german = f"{thing.case('nom')} aus {city.de} hat {number.de} Minuten Verspätung"
    return _pair(english, german)


def tickets(s: Sampler) -> Pair:
    """Two tickets to Vienna for Monday, please."""
    number, city, day = s.entry("small"), s.entry("city"), s.entry("weekday")
    english = f"{number.en} tickets to {city.en} for {day.en}, please"
    return _pair(english, f"{number.de} Fahrkarten nach {city.de} für {day.de}, bitte")


def outing(s: Sampler) -> Pair:
    """On Monday we will go to the museum with my aunt."""
    time = _split(s.time("future"))
    place = noun_phrase(s.noun("sight"), "the")
    company = _split(s.companion())
    who = PLAIN_SUBJECTS[s.random.randrange(2)]
    go = "gehe" if who.person == "1s" else "gehen"
    english = join(time[0], who.en, "will go to", place.en, company[0])
    german = join(time[1], go, who.case("nom"), company[1], place.after("in", "acc"))
    return _pair(english, german)


def travel(s: Sampler) -> Pair:
    """Next week Anna will travel to Spain by train. / Anna travelled to Rome last week."""
    who = s.subject()
    to = s.entry(s.one_of(("city", "country")))
    noun = s.noun("rail", "car", "motorbike")
    by = noun_phrase(noun, "the").after("mit", "dat")
    if s.chance(0.5):
        time = _split(s.time("past"))
        be = BE[who.person][1]
        english = join(who.en, "travelled to", to.en, "by", noun.en, time[0])
        german = join(who.case("nom"), be, time[1], by, "nach", to.de, "gereist")
        return _pair(english, german)
    time = _split(s.time("later"))
    go = {"1s": "reise", "1p": "reisen"}.get(who.person, "reist")
    english = join(time[0], who.en, "will travel to", to.en, "by", noun.en)
    return _pair(english, join(time[1], go, who.case("nom"), by, "nach", to.de))


def stay(s: Sampler) -> Pair:
    """We will stay in Vienna for three days."""
    who, city = s.subject(), s.entry(s.one_of(("city", "country")))
    number = s.entry("small")
    unit = _split(s.one_of(("days=Tage", "weeks=Wochen", "months=Monate")))
    stays = {"1s": "bleibe", "1p": "bleiben"}.get(who.person, "bleibt")
    english = f"{who.en} will stay in {city.en} for {number.en} {unit[0]}"
    return _pair(english, f"{who.case('nom')} {stays} {number.de} {unit[1]} in {city.de}")


def clock_time(s: Sampler) -> Pair:
    """It is half past three already."""
    english, german = _split(s.clock())
    if s.chance(0.3):
        return _pair(f"it is already {english}", f"es ist schon {german}")
    return _pair(f"it is {english}", f"es ist {german}")


def opening_hours(s: Sampler) -> Pair:
    """On Monday the museum opens at half past nine."""
    noun = s.noun(
        "sight", "pharmacy", "supermarket", "bakery", "post_office", "bookshop", "embassy"
    )
    thing = noun_phrase(noun, "the")
    day, opens = s.entry("weekday"), s.chance(0.5)
    clock = _split(s.clock("at ", "um ", hours=(7, 11) if opens else (1, 8)))
    verb = "opens" if opens else "closes", ""
    finite, end = "macht", "auf" if opens else "zu"
    english = f"on {day.en} {thing.en} {verb[0]} {clock[0]}"
    return _pair(english, join("am", day.de, finite, thing.case("nom"), clock[1], end))


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
        english, german = _split(s.date())
        return _pair(
            f"{thing.en} takes place {english}", f"{thing.case('nom')} findet {german} statt"
        )
    day, clock = s.entry("weekday"), _split(s.clock("at ", "um "))
    english = f"{thing.en} begins on {day.en} {clock[0]}"
    return _pair(english, f"{thing.case('nom')} beginnt am {day.de} {clock[1]}")


def calendar(s: Sampler) -> Pair:
    """Today is the third of May. / My uncle has a birthday on the third of May."""
    if s.chance(0.3):
        day, month = s.entry("ordinal"), s.entry("month")
        when = _split(s.one_of(("today=heute", "tomorrow=morgen")))
        english = f"{when[0]} is the {day.en} of {month.en}"
        return _pair(english, f"{when[1]} ist der {day.de}e {month.de}")
    english, german = _split(s.date())
    person = s.third_person()
    return _pair(
        f"{person.en} has a birthday {english}", f"{person.case('nom')} hat {german} Geburtstag"
    )


def pain(s: Sampler) -> Pair:
    """My left arm has hurt since Monday."""
    noun = s.noun("body", "trunk")
    day = s.entry("weekday")
    if noun.group == "trunk":
        words, possessor = Phrase(noun.en, ("",) * 3, "3s", noun.gender), noun_phrase(noun, "my")
        english, german = f"my {words.en}", possessor.case("nom")
    else:
        side = _split(s.one_of(("left=link", "right=recht")))
        ending = {"m": "er", "f": "e", "n": "es"}[noun.gender]
        article = noun_phrase(noun, "my").case("nom").split()[0]
        english, german = f"my {side[0]} {noun.en}", f"{article} {side[1]}{ending} {noun.de}"
    if s.chance(0.3):
        return _pair(f"{english} hurts very much", f"{german} tut sehr weh")
    return _pair(f"{english} has hurt since {day.en}", f"{german} tut seit {day.de} weh")


def ailment(s: Sampler) -> Pair:
    """My son has had a fever since yesterday."""
    who, illness = s.subject(), s.entry("ailment")
    have = HAVE[who.person]
    if s.chance(0.4):
        return _pair(join(who.en, have[0], illness.en), join(who.case("nom"), have[1], illness.de))
    day = s.entry("weekday")
    english = join(who.en, have[0], "had", illness.en, "since", day.en)
    return _pair(english, join(who.case("nom"), have[1], "seit", day.de, illness.de))


def introduction(s: Sampler) -> Pair:
    """My name is Anna and I come from Spain."""
    name, country = s.entry("name"), s.entry(s.one_of(("country", "city")))
    if s.chance(0.5):
        english = f"my name is {name.en} and I come from {country.en}"
        return _pair(english, f"ich heiße {name.de} und komme aus {country.de}")
    language = s.entry("language")
    who = s.third_person()
    english = f"{who.en} comes from {country.en} and speaks {language.en}"
    return _pair(english, f"{who.case('nom')} kommt aus {country.de} und spricht {language.de}")


def languages(s: Sampler) -> Pair:
    """My aunt speaks French and a little Polish."""
    who, first = s.subject(), s.entry("language")
    second = s.pick([entry for entry in LISTS["language"] if entry is not first])
    speak = {"1s": ("speak", "spreche"), "1p": ("speak", "sprechen")}
    en, de = speak.get(who.person, ("speaks", "spricht"))
    english = f"{who.en} {en} {first.en} and a little {second.en}"
    return _pair(english, f"{who.case('nom')} {de} {first.de} und ein wenig {second.de}")


def job(s: Sampler) -> Pair:
    """My sister works as a nurse in Bremen."""
    who = s.third_person()
    work = s.choose(JOBS, lambda entry: f"job:{entry[0]}")
    german = work[1] if who.gender == "m" else work[2]
    place = s.entry(s.one_of(("city", "country")))
    english = f"{who.en} works as {indefinite(work[0])} in {place.en}"
    return _pair(english, f"{who.case('nom')} arbeitet als {german} in {place.de}")


def age(s: Sampler) -> Pair:
    """My son is eleven years old."""
    who, number = s.third_person(), s.pick(NUMBERS)
    soon = _split(s.one_of(("is=ist", "is only=ist erst", "is already=ist schon")))
    english = f"{who.en} {soon[0]} {number.en} years old"
    return _pair(english, f"{who.case('nom')} {soon[1]} {number.de} Jahre alt")


def family(s: Sampler) -> Pair:
    """I have two brothers and an aunt in Poland."""
    who = s.subject()
    first = _thing(s, KIN)
    many = noun_phrase(first, plural=True, count=s.one_of(FEW))
    one = noun_phrase(_thing(s, tuple(name for name in KIN if name != first.en)), "a")
    have, place = HAVE[who.person], s.entry(s.one_of(("country", "city")))
    english = f"{who.en} {have[0]} {many.en} and {one.en} in {place.en}"
    german = f"{who.case('nom')} {have[1]} {many.case('acc')} und {one.case('acc')} in {place.de}"
    return _pair(english, german)


def weather(s: Sampler) -> Pair:
    """Tomorrow it will be sunny and windy in Hamburg."""
    first, second, city = s.pick(SKY), s.pick(TEMPERATURE), s.entry("city")
    if s.chance(0.6):
        day = s.entry("weekday")
        time = _split(s.one_of((f"on {day.en}=am {day.de}", s.entry("future").pair)))
        english = f"{time[0]} it will be {first.en} and {second.en} in {city.en}"
        return _pair(english, f"{time[1]} wird es in {city.de} {first.de} und {second.de}")
    english = f"in {city.en} it is often {first.en} and {second.en}"
    return _pair(english, f"in {city.de} ist es oft {first.de} und {second.de}")


def liking(s: Sampler) -> Pair:
    """My sister likes the new museum."""
    who = s.subject()
    noun = s.noun("clothes", "sight", "landscape", "reading", "watching", "lodging", "parcel")
    thing = s.phrase(noun, s.one_of(("the", "this")), describe=0.7)
    like = "likes" if who.person == "3s" else "like"
    english = join(who.en, like, thing.en)
    return _pair(english, join(thing.case("nom"), "gefällt", who.case("dat")))


def belonging(s: Sampler) -> Pair:
    """This bag belongs to my sister."""
    noun = s.noun("belongings", "vehicle", "clothes", "animal", "lodging")
    thing = s.phrase(noun, s.one_of(("this", "the")), describe=0.5)
    owner = s.third_person()
    english = join(thing.en, "belongs to", owner.en)
    return _pair(english, join(thing.case("nom"), "gehört", owner.case("dat")))


def having(s: Sampler) -> Pair:
    """The new teacher has an old car."""
    owner = s.phrase(s.noun("stranger"), "the", describe=0.7)
    noun = s.noun("vehicle", "animal", "lodging", "belongings", "clothes", "device")
    thing = s.phrase(noun, "a", describe=0.8)
    english = join(owner.en, "has", thing.en)
    return _pair(english, join(owner.case("nom"), "hat", thing.case("acc")))


def thanks(s: Sampler) -> Pair:
    """Thank you for the beautiful picture."""
    noun = s.noun("parcel", "reading", "paper", "dish", "sweet")
    adjective = s.maybe_adjective(noun, 0.8, wanted=True)
    thing = noun_phrase(noun, "the", adjective)
    return _pair(f"thank you for {thing.en}", f"vielen Dank für {thing.case('acc')}")


def animals(s: Sampler) -> Pair:
    """There are three white ducks in the garden."""
    noun = s.noun("animal")
    number = s.entry("small")
    many = noun_phrase(noun, "", s.maybe_adjective(noun, 0.5), True, number.pair)
    spot = s.noun("landscape", "park", "garden", "cellar", "zoo")
    place = noun_phrase(spot, "the")
    preposition = {"island": "on=auf", "beach": "on=an", "lake": "by=an", "mountain": "on=auf"}
    preposition["river"] = "by=an"
    en_in, de_in = _split(preposition.get(spot.en, "in=in"))
    english = f"there are {many.en} {en_in} {place.en}"
    return _pair(english, f"{place.after(de_in, 'dat')} sind {many.case('nom')}")


CONSTRUCTIONS = (
    (order, 6),
    (drinks, 4),
    (groceries, 4),
    (quality, 9),
    (comparison, 5),
    (taller, 2),
    (price_question, 3),
    (price, 4),
    (variant, 3),
    (looking, 3),
    (wearing, 4),
    (room, 4),
    (equipment, 3),
    (thing_in_room, 4),
    (nearest, 2),
    (way, 4),
    (position, 4),
    (directions, 4),
    (distance, 3),
    (duration, 3),
    (put, 4),
    (location, 4),
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
    (pain, 7),
    (ailment, 3),
    (introduction, 4),
    (languages, 3),
    (job, 7),
    (age, 3),
    (family, 3),
    (weather, 4),
    (liking, 4),
    (belonging, 3),
    (having, 4),
    (thanks, 2),
    (animals, 5),
)
