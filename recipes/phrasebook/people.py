"""Sentences about people: health, family, work, likes, and about weather, things and animals."""

from __future__ import annotations

from grammar import Pair, Phrase, indefinite, join, noun_phrase, paired, sides
from sampler import Sampler, pick_noun
from vocabulary import FEW, JOBS, LISTS, NUMBERS, read_expressions

HAVE = {"1s": ("have", "habe"), "1p": ("have", "haben"), "3s": ("has", "hat")}
SKY = read_expressions(
    "sunny=sonnig|windy=windig|foggy=neblig|cloudy=bewölkt|stormy=stürmisch|dry=trocken|wet=nass",
    "weather",
)
TEMPERATURE = read_expressions(
    "mild=mild|hot=heiß|cold=kalt|cool=kühl|humid=schwül|frosty=frostig|warm=warm", "weather"
)
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


def put(s: Sampler) -> Pair:
    """Please put the vase on the table: stellen or legen, with the accusative."""
    standing = s.chance(0.5)
    thing = s.phrase(pick_noun(s, STANDING if standing else LYING), "the")
    verb = "stellen" if standing else "legen"
    spot_noun = pick_noun(s, SURFACES)
    spot = noun_phrase(spot_noun, "the")
    where = sides(s.one_of(("on=auf", "next to=neben", "under=unter")))
    start = sides(
        s.one_of(("please put=bitte # Sie", "can you put=können Sie!", "I will put=ich *"))
    )
    german = start[1].replace("#", verb).replace("*", verb[:-1])
    mark = "?" if german.endswith("!") else "."
    end = verb if mark == "?" else ""
    english = join(start[0], thing.en, where[0], spot.en)
    german = join(german.rstrip("!"), thing.case("acc"), where[1], spot.case("acc"), end)
    return paired(english, german, mark)


def location(s: Sampler) -> Pair:
    """Your bag is under the chair: with the dative."""
    thing = s.phrase(s.noun("belongings", "reading", "tableware"), s.one_of(("the", "your", "my")))
    spot = s.phrase(pick_noun(s, SURFACES), "the", describe=0.3)
    where = sides(s.one_of(("on=auf", "next to=neben", "under=unter", "behind=hinter")))
    english = join(thing.en, "is", where[0], spot.en)
    return paired(english, join(thing.case("nom"), "ist", where[1], spot.case("dat")))


def pain(s: Sampler) -> Pair:
    """My left arm has hurt since Monday."""
    noun = s.noun("body", "trunk")
    day = s.entry("weekday")
    if noun.group == "trunk":
        words, possessor = Phrase(noun.en, ("",) * 3, "3s", noun.gender), noun_phrase(noun, "my")
        english, german = f"my {words.en}", possessor.case("nom")
    else:
        side = sides(s.one_of(("left=link", "right=recht")))
        ending = {"m": "er", "f": "e", "n": "es"}[noun.gender]
        article = noun_phrase(noun, "my").case("nom").split()[0]
        english, german = f"my {side[0]} {noun.en}", f"{article} {side[1]}{ending} {noun.de}"
    if s.chance(0.3):
        return paired(f"{english} hurts very much", f"{german} tut sehr weh")
    return paired(f"{english} has hurt since {day.en}", f"{german} tut seit {day.de} weh")


def ailment(s: Sampler) -> Pair:
    """My son has had a fever since yesterday."""
    who, illness = s.subject(), s.entry("ailment")
    have = HAVE[who.person]
    if s.chance(0.4):
        return paired(join(who.en, have[0], illness.en), join(who.case("nom"), have[1], illness.de))
    day = s.entry("weekday")
    english = join(who.en, have[0], "had", illness.en, "since", day.en)
    return paired(english, join(who.case("nom"), have[1], "seit", day.de, illness.de))


def introduction(s: Sampler) -> Pair:
    """My name is Anna and I come from Spain."""
    name, country = s.entry("name"), s.entry(s.one_of(("country", "city")))
    if s.chance(0.5):
        english = f"my name is {name.en} and I come from {country.en}"
        return paired(english, f"ich heiße {name.de} und komme aus {country.de}")
    language = s.entry("language")
    who = s.third_person()
    english = f"{who.en} comes from {country.en} and speaks {language.en}"
    return paired(english, f"{who.case('nom')} kommt aus {country.de} und spricht {language.de}")


def languages(s: Sampler) -> Pair:
    """My aunt speaks French and a little Polish."""
    who, first = s.subject(), s.entry("language")
    second = s.pick([entry for entry in LISTS["language"] if entry is not first])
    speak = {"1s": ("speak", "spreche"), "1p": ("speak", "sprechen")}
    en, de = speak.get(who.person, ("speaks", "spricht"))
    english = f"{who.en} {en} {first.en} and a little {second.en}"
    return paired(english, f"{who.case('nom')} {de} {first.de} und ein wenig {second.de}")


def job(s: Sampler) -> Pair:
    """My sister works as a nurse in Bremen."""
    who = s.third_person()
    work = s.choose(JOBS, lambda entry: f"job:{entry[0]}")
    german = work[1] if who.gender == "m" else work[2]
    place = s.entry(s.one_of(("city", "country")))
    english = f"{who.en} works as {indefinite(work[0])} in {place.en}"
    return paired(english, f"{who.case('nom')} arbeitet als {german} in {place.de}")


def age(s: Sampler) -> Pair:
    """My son is eleven years old."""
    who, number = s.third_person(), s.pick(NUMBERS)
    soon = sides(s.one_of(("is=ist", "is only=ist erst", "is already=ist schon")))
    english = f"{who.en} {soon[0]} {number.en} years old"
    return paired(english, f"{who.case('nom')} {soon[1]} {number.de} Jahre alt")


def family(s: Sampler) -> Pair:
    """I have two brothers and an aunt in Poland."""
    who = s.subject()
    first = pick_noun(s, KIN)
    many = noun_phrase(first, plural=True, count=s.one_of(FEW))
    one = noun_phrase(pick_noun(s, tuple(name for name in KIN if name != first.en)), "a")
    have, place = HAVE[who.person], s.entry(s.one_of(("country", "city")))
    english = f"{who.en} {have[0]} {many.en} and {one.en} in {place.en}"
    german = f"{who.case('nom')} {have[1]} {many.case('acc')} und {one.case('acc')} in {place.de}"
    return paired(english, german)


def weather(s: Sampler) -> Pair:
    """Tomorrow it will be sunny and windy in Hamburg."""
    first, second, city = s.pick(SKY), s.pick(TEMPERATURE), s.entry("city")
    if s.chance(0.6):
        day = s.entry("weekday")
        time = sides(s.one_of((f"on {day.en}=am {day.de}", s.entry("future").pair)))
        english = f"{time[0]} it will be {first.en} and {second.en} in {city.en}"
        return paired(english, f"{time[1]} wird es in {city.de} {first.de} und {second.de}")
    english = f"in {city.en} it is often {first.en} and {second.en}"
    return paired(english, f"in {city.de} ist es oft {first.de} und {second.de}")


def liking(s: Sampler) -> Pair:
    """My sister likes the new museum."""
    who = s.subject()
    noun = s.noun("clothes", "sight", "landscape", "reading", "watching", "lodging", "parcel")
    adjective = s.maybe_adjective(noun, 0.7, wanted=True)
    thing = noun_phrase(noun, s.one_of(("the", "this")), adjective)
    like = "likes" if who.person == "3s" else "like"
    english = join(who.en, like, thing.en)
    return paired(english, join(thing.case("nom"), "gefällt", who.case("dat")))


def belonging(s: Sampler) -> Pair:
    """This bag belongs to my sister."""
    noun = s.noun("belongings", "vehicle", "clothes", "animal", "lodging")
    thing = s.phrase(noun, s.one_of(("this", "the")), describe=0.5)
    owner = s.third_person()
    english = join(thing.en, "belongs to", owner.en)
    return paired(english, join(thing.case("nom"), "gehört", owner.case("dat")))


def having(s: Sampler) -> Pair:
    """The new teacher has an old car."""
    owner = s.phrase(s.noun("stranger"), "the", describe=0.7)
    noun = s.noun("vehicle", "animal", "lodging", "belongings", "clothes", "device")
    thing = s.phrase(noun, "a", describe=0.8)
    english = join(owner.en, "has", thing.en)
    return paired(english, join(owner.case("nom"), "hat", thing.case("acc")))


def thanks(s: Sampler) -> Pair:
    """Thank you for the beautiful picture."""
    noun = s.noun("parcel", "reading", "paper", "dish", "sweet")
    adjective = s.maybe_adjective(noun, 0.8, wanted=True)
    thing = noun_phrase(noun, "the", adjective)
    return paired(f"thank you for {thing.en}", f"vielen Dank für {thing.case('acc')}")


def animals(s: Sampler) -> Pair:
    """There are three white ducks in the garden."""
    noun = s.noun("animal")
    number = s.entry("small")
    many = noun_phrase(noun, "", s.maybe_adjective(noun, 0.5), True, number.pair)
    spot = s.noun("landscape", "park", "garden", "cellar", "zoo")
    place = noun_phrase(spot, "the")
    preposition = {"island": "on=auf", "beach": "on=an", "lake": "by=an", "mountain": "on=auf"}
    preposition["river"] = "by=an"
    en_in, de_in = sides(preposition.get(spot.en, "in=in"))
    english = f"there are {many.en} {en_in} {place.en}"
    return paired(english, f"{place.after(de_in, 'dat')} sind {many.case('nom')}")


CONSTRUCTIONS = (
    (put, 4),
    (location, 4),
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
