"""Sentences for the restaurant, the shops and the hotel."""

from __future__ import annotations

from grammar import Pair, Phrase, join, noun_phrase, paired, sides
from sampler import Sampler
from vocabulary import (
    ADJECTIVES,
    ALL_NOUNS,
    PLAIN_SUBJECTS,
    UNLIKELY_CLOTHES,
    Entry,
    fitting_adjectives,
    read_expressions,
)

BE = {"1s": ("am", "bin"), "1p": ("are", "sind"), "3s": ("is", "ist"), "3p": ("are", "sind")}
COLOURS = read_expressions(
    "red=Rot|blue=Blau|green=Grün|yellow=Gelb|black=Schwarz|white=Weiß|brown=Braun|grey=Grau",
    "colour",
)
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


def _relative(s: Sampler) -> Phrase:
    return noun_phrase(s.relative("my"), "my")


def order(s: Sampler) -> Pair:
    """I would like a hot soup with fresh bread, please."""
    savoury = s.chance(0.7)
    dish = s.phrase(s.noun("dish" if savoury else "sweet"), "a")
    link = s.one_of(("with=mit=dat", "with=mit=dat", "without=ohne=acc")).split("=")
    describe = 0.5 if link[0] == "with" else 0.0
    plural = s.chance(0.5)
    groups = ("vegetable", "side") if savoury else ("fruit", "topping")
    but = [n for n in ALL_NOUNS if n.en == "bread" and "noun:soup" not in s.picked]
    noun = s.noun(groups[not plural], but=but)
    side = s.phrase(noun, "", plural=plural, describe=describe)
    start = s.one_of(("I would like=ich hätte gern", "she would like=sie möchte"))
    english = join(sides(start)[0], dish.en, link[0], side.en) + ", please"
    german = join(sides(start)[1], dish.case("acc"), link[1], side.case(link[2])) + ", bitte"
    return paired(english, german)


def drinks(s: Sampler) -> Pair:
    """Please bring us two cups of hot tea."""
    hot = s.chance(0.4)
    vessel = s.pick(CUPS if hot else GLASSES)
    drink = s.phrase(s.noun("hot_drink" if hot else "drink"), "", describe=0.6)
    start = sides(
        s.one_of(
            (
                "please bring us=bitte bringen Sie uns",
                "we would like=wir hätten gern",
                "I will have=ich nehme",
            )
        )
    )
    return paired(join(start[0], vessel.en, drink.en), join(start[1], vessel.de, drink.case("acc")))


def groceries(s: Sampler) -> Pair:
    """I need a kilo of ripe tomatoes and a lemon."""
    measure = s.pick(MEASURES)
    plural = s.chance(0.6)
    food = s.phrase(s.noun(*(("fruit", "vegetable") if plural else ("side",))), "", plural, 0.6)
    second = s.phrase(s.noun("fruit", "vegetable", "roll", "cake", "tart"), "a", describe=0.3)
    start = sides(s.one_of(("I need=ich brauche", "we need=wir brauchen", "he is buying=er kauft")))
    english = join(start[0], measure.en, food.en, "and", second.en)
    return paired(english, join(start[1], measure.de, food.case("acc"), "und", second.case("acc")))


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
    en_degree, de_degree = sides(s.one_of(degrees))
    if s.chance(0.25):
        english = join(be[0], thing.en, "really", adjective.en)
        return paired(english, join(be[1], thing.case("nom"), "wirklich", adjective.de), "?")
    english = join(thing.en, be[0], en_degree, adjective.en)
    return paired(english, join(thing.case("nom"), be[1], de_degree, adjective.de))


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
    return paired(english, german)


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
    return paired(english, f"{one.case('nom')} ist {quality_.de_more} als {other.case('nom')}")


def price_question(s: Sampler) -> Pair:
    """How much does the green jacket cost?"""
    noun = s.noun(
        "clothes", "belongings", "furniture", "device", "reading", "dish", "vehicle", "pairs"
    )
    plural = noun.group == "pairs"
    thing = noun_phrase(noun, s.one_of(("the", "this")), s.adjective(noun), plural)
    verb = ("do", "kosten") if plural else ("does", "kostet")
    english = f"how much {verb[0]} {thing.en} cost"
    return paired(english, f"was {verb[1]} {thing.case('nom')}", "?")


def price(s: Sampler) -> Pair:
    """The blue dress costs 45.50 euros."""
    noun = s.noun("clothes", "belongings", "tableware", "parcel", "reading", "pairs")
    plural = noun.group == "pairs"
    thing = noun_phrase(noun, s.one_of(("the", "this")), s.adjective(noun), plural)
    english, german = sides(s.price())
    verb = ("cost", "kosten") if plural else ("costs", "kostet")
    return paired(join(thing.en, verb[0], english), join(thing.case("nom"), verb[1], german))


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
    return paired(english, join("haben Sie", thing.case("acc"), "auch in", look.de), "?")


def looking(s: Sampler) -> Pair:
    """I am looking for a warm coat for my son."""
    noun = s.noun("clothes", "parcel", "belongings", "reading")
    thing = s.phrase(noun, "a", describe=0.7)
    person = _relative(s)
    start = sides(
        s.one_of(("I am looking for=ich suche", "we are looking for=wir suchen", "I have=ich habe"))
    )
    english = join(start[0], thing.en, "for", person.en)
    return paired(english, join(start[1], thing.case("acc"), "für", person.case("acc")))


def wearing(s: Sampler) -> Pair:
    """Anna is wearing a red dress and black shoes."""
    who = s.third_person() if s.chance(0.7) else PLAIN_SUBJECTS[2 + s.random.randrange(2)]
    unlikely = [n for n in ALL_NOUNS if n.en in UNLIKELY_CLOTHES[who.gender]]
    first = s.phrase(s.noun("clothes", but=unlikely), "a", describe=0.8)
    second = s.phrase(s.noun("pairs"), "", plural=True, describe=0.8)
    english = join(who.en, "is wearing", first.en, "and", second.en)
    return paired(
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
    start = sides(
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
    return paired(join(start[0], place.en, wish[0]), german, "?" if finite == "haben Sie" else ".")


def equipment(s: Sampler) -> Pair:
    """The cottage has a modern kitchen and a big garden."""
    place = noun_phrase(s.noun("lodging"), s.one_of(("the", "our")), None)
    first = s.noun("room", "feature")
    one = s.phrase(first, "a", describe=0.7)
    other = s.phrase(s.noun("room", "feature", but=[first]), "a")
    english = join(place.en, "has", one.en, "and", other.en)
    return paired(
        english, join(place.case("nom"), "hat", one.case("acc"), "und", other.case("acc"))
    )


def thing_in_room(s: Sampler) -> Pair:
    """There is no clean towel in the bathroom. / Is there a mirror in the hallway?"""
    noun = s.noun("furniture", "device", "tableware", "towel")
    place = noun_phrase(s.noun("room"), "the").after("in", "dat")
    room_name = s.picked[-1].partition(":")[2]
    adjective = s.maybe_adjective(noun, wanted=True)
    if s.chance(0.4):
        thing = noun_phrase(noun, "a", adjective)
        english = f"is there {thing.en} in the {room_name}"
        return paired(english, f"gibt es {place} {thing.case('acc')}", "?")
    det = s.one_of(("a", "no"))
    thing = noun_phrase(noun, det, adjective)
    english = f"there is {thing.en} in the {room_name}"
    return paired(english, f"{place} gibt es {thing.case('acc')}")


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
)
