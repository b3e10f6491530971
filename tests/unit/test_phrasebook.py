"""Test the phrasebook: its files, what its splits share, and its German grammar by hand."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from t5tune.data.examples import Examples
from t5tune.data.overlap import OverlapCounter
from t5tune.data.pairs import Pairs

FOLDER = Path(__file__).resolve().parents[2] / "recipes" / "phrasebook"
MODULES = tuple(path.stem for path in sorted(FOLDER.glob("*.py")))
SPLITS = ("train", "validation", "test")


@pytest.fixture(scope="module")
def load() -> Iterator[dict[str, ModuleType]]:
    """Import the modules of the generator as the script imports them."""
    sys.path.insert(0, str(FOLDER))
    try:
        yield {name: importlib.import_module(name) for name in MODULES}
    finally:
        sys.path.remove(str(FOLDER))
        for name in MODULES:
            sys.modules.pop(name, None)


@pytest.fixture(scope="module")
def splits() -> dict[str, list[tuple[str, str]]]:
    """Return the pairs of the committed files."""
    pairs = {}
    for name in SPLITS:
        header, *lines = (FOLDER / f"{name}.tsv").read_text(encoding="utf-8").splitlines()
        assert header == "en\tde"
        rows = [line.split("\t") for line in lines]
        assert {len(row) for row in rows} == {2}
        pairs[name] = [(english, german) for english, german in rows]
    return pairs


def test_the_committed_files_are_what_the_generator_makes(
    load: dict[str, ModuleType], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert load["generate"].main(["--output-dir", str(tmp_path)]) == 0
    for name in SPLITS:
        made = (tmp_path / f"{name}.tsv").read_bytes()
        assert made == (FOLDER / f"{name}.tsv").read_bytes()
    printed = capsys.readouterr().out
    score = printed.partition("nearest training sentence: ")[2].split()[0]
    assert 10 < float(score) < 50
    (tmp_path / "test.tsv").write_text("en\tde\n", encoding="utf-8")
    assert load["generate"].main(["--check", "--output-dir", str(tmp_path)]) == 1
    assert "test.tsv is not what this script makes" in capsys.readouterr().err


@pytest.mark.parametrize("side", [0, 1])
def test_the_splits_share_no_sentence(splits: dict[str, list[tuple[str, str]]], side: int) -> None:
    everything = [pair[side] for name in SPLITS for pair in splits[name]]
    assert len(set(everything)) == len(everything)


def test_sizes_and_counts(
    load: dict[str, ModuleType], splits: dict[str, list[tuple[str, str]]]
) -> None:
    assert sum((FOLDER / f"{name}.tsv").stat().st_size for name in SPLITS) <= 1_000_000
    assert sum(map(len, splits.values())) >= 10_000
    assert len(splits["validation"]) == 300
    assert len(splits["test"]) == 500
    for side in (0, 1):
        forms = {
            word
            for pairs in splits.values()
            for pair in pairs
            for word in load["generate"].words(pair[side])
        }
        assert len(forms) >= 1000


def test_every_test_sentence_has_words_that_never_met_in_training(
    load: dict[str, ModuleType],
) -> None:
    generate = load["generate"]
    book = generate.Generator(generate.SEED).run()
    met = {two for english, _ in book.splits["train"] for two in book.pairs[english]}
    assert not any(generate.held_out(*two) for two in met)
    for name in ("validation", "test"):
        for english, _ in book.splits[name]:
            assert book.pairs[english] - met
    # Single words are well known from the training data.
    assert generate.frequent_words(book.splits["train"]) >= {
        word for pair in book.splits["test"] for text in pair for word in generate.words(text)
    }


def test_no_validation_or_test_sentence_is_nearly_in_the_training_data(
    splits: dict[str, list[tuple[str, str]]],
) -> None:
    counter = OverlapCounter(
        [
            Examples(name, [en for en, _ in splits[name]], [[de] for _, de in splits[name]])
            for name in ("validation", "test")
        ]
    )
    train = Pairs([en for en, _ in splits["train"]], [de for _, de in splits["train"]])
    counter.add(train, counter.search(train))
    assert [overlap.worst for overlap in counter.results()] == [None, None]


def test_copying_the_nearest_sentence_is_scored_as_by_hand(load: dict[str, ModuleType]) -> None:
    train = [("I see a dog.", "Ich sehe einen Hund."), ("You hear it.", "Sie hören es.")]
    score = load["generate"].nearest_copy_bleu
    assert score(train, [("I see a dog now.", "Ich sehe einen Hund.")]) == pytest.approx(100)
    assert score(train, [("You hear a dog.", "Wir sind hier.")]) < 20


@pytest.mark.parametrize(
    ("noun", "det", "adjective", "plural", "forms"),
    [
        ("coat", "the", "expensive", False, "der teure Mantel|den teuren Mantel|dem teuren Mantel"),
        ("bag", "the", "red", False, "die rote Tasche|die rote Tasche|der roten Tasche"),
        ("book", "the", "thick", False, "das dicke Buch|das dicke Buch|dem dicken Buch"),
        ("coat", "a", "warm", False, "ein warmer Mantel|einen warmen Mantel|einem warmen Mantel"),
        ("bag", "my", "red", False, "meine rote Tasche|meine rote Tasche|meiner roten Tasche"),
        ("dress", "no", "new", False, "kein neues Kleid|kein neues Kleid|keinem neuen Kleid"),
        ("cheese", "", "fresh", False, "frischer Käse|frischen Käse|frischem Käse"),
        ("butter", "", "fresh", False, "frische Butter|frische Butter|frischer Butter"),
        ("apple", "", "ripe", True, "reife Äpfel|reife Äpfel|reifen Äpfeln"),
        (
            "shoe",
            "your",
            "black",
            True,
            "Ihre schwarzen Schuhe|Ihre schwarzen Schuhe|Ihren schwarzen Schuhen",
        ),
        ("mountain", "this", "high", False, "dieser hohe Berg|diesen hohen Berg|diesem hohen Berg"),
        ("colleague", "our", None, False, "unser Kollege|unseren Kollegen|unserem Kollegen"),
        ("neighbour", "my", None, False, "mein Nachbar|meinen Nachbarn|meinem Nachbarn"),
        ("child", "the", None, True, "die Kinder|die Kinder|den Kindern"),
        ("sofa", "the", None, True, "die Sofas|die Sofas|den Sofas"),
    ],
)
def test_noun_phrases_agree(
    load: dict[str, ModuleType],
    noun: str,
    det: str,
    adjective: str | None,
    plural: bool,
    forms: str,
) -> None:
    vocabulary = load["vocabulary"]
    head = next(entry for entry in vocabulary.ALL_NOUNS if entry.en == noun)
    word = next((entry for entry in vocabulary.ADJECTIVES if entry.en == adjective), None)
    phrase = load["grammar"].noun_phrase(head, det, word, plural)
    assert phrase.de == tuple(forms.split("|"))


@pytest.mark.parametrize(
    ("preposition", "case", "noun", "german"),
    [
        ("in", "dat", "garden", "im Garten"),
        ("in", "acc", "cinema", "ins Kino"),
        ("in", "acc", "opera", "in die Oper"),
        ("an", "dat", "lake", "am See"),
        ("zu", "dat", "bakery", "zur Bäckerei"),
        ("zu", "dat", "airport", "zum Flughafen"),
        ("von", "dat", "bridge", "von der Brücke"),
        ("von", "dat", "hotel", "vom Hotel"),
        ("auf", "acc", "table", "auf den Tisch"),
    ],
)
def test_prepositions(
    load: dict[str, ModuleType], preposition: str, case: str, noun: str, german: str
) -> None:
    head = next(entry for entry in load["vocabulary"].ALL_NOUNS if entry.en == noun)
    assert load["grammar"].noun_phrase(head, "the").after(preposition, case) == german


MAIN, FRONTED, QUESTION, FINAL, TO = "main", "fronted", "question", "final", "infinitive"


@pytest.mark.parametrize(
    ("verb", "tense", "order", "english", "german"),
    [
        ("pick up", "present", MAIN, "he picks up X today", "er holt heute X ab"),
        ("pick up", "will", FRONTED, "today he will pick up X", "heute holt er X ab"),
        ("pick up", "past", MAIN, "he picked up X today", "er hat heute X abgeholt"),
        ("pick up", "have to", MAIN, "he has to pick up X today", "er muss heute X abholen"),
        ("pick up", "present", FINAL, "he picks up X today", "er heute X abholt"),
        ("pick up", "past", FINAL, "he picked up X today", "er heute X abgeholt hat"),
        ("pick up", "want to", FINAL, "he wants to pick up X today", "er heute X abholen will"),
        ("pick up", "infinitive", TO, "to pick up X today", "heute X abzuholen"),
        ("sell", "infinitive", TO, "to sell X today", "heute X zu verkaufen"),
        ("sell", "past", QUESTION, "did he sell X today", "hat er heute X verkauft"),
        ("read", "present", QUESTION, "does he read X today", "liest er heute X"),
        ("invite", "present", MAIN, "he invites X today", "er lädt heute X ein"),
        ("repair", "past", MAIN, "he repaired X today", "er hat heute X repariert"),
        ("write", "past", FRONTED, "today he wrote X", "heute hat er X geschrieben"),
    ],
)
def test_clauses_put_the_verb_in_its_place(
    load: dict[str, ModuleType], verb: str, tense: str, order: str, english: str, german: str
) -> None:
    vocabulary = load["vocabulary"]
    word = next(entry for entry in vocabulary.VERBS if entry.en == verb)
    he = vocabulary.PLAIN_SUBJECTS[2]
    clause = load["clauses"].Clause(he, word, "X", "X", "today=heute", tense)
    made = {
        MAIN: lambda: (clause.english_main(), clause.german_main()),
        FRONTED: lambda: (clause.english_main(True), clause.german_main(True)),
        QUESTION: lambda: (clause.english_question(), clause.german_question()),
        FINAL: lambda: (clause.english_main(), clause.german_final()),
        TO: lambda: (clause.english_infinitive(), clause.german_infinitive()),
    }
    assert made[order]() == (english, german)


@pytest.mark.parametrize(
    ("verb", "tense", "german"),
    [
        ("arrive", "past", "ich bin angekommen"),
        ("stay at home", "past", "ich bin zu Hause geblieben"),
        ("go for a walk", "past", "ich bin spazieren gegangen"),
        ("have breakfast", "past", "ich habe gefrühstückt"),
        ("tidy up", "present", "ich räume auf"),
        ("work", "should", "ich sollte arbeiten"),
    ],
)
def test_verbs_without_an_object(
    load: dict[str, ModuleType], verb: str, tense: str, german: str
) -> None:
    vocabulary = load["vocabulary"]
    word = next(entry for entry in vocabulary.VERBS if entry.en == verb)
    clause = load["clauses"].Clause(vocabulary.FIRST_PERSON, word, "", "", "", tense)
    assert clause.german_main() == german


# Pairs with the English words must have the German ones.
@pytest.mark.parametrize(
    ("english", "german"),
    [
        ("half past three", "halb vier"),
        ("half past twelve", "halb eins"),
        ("a quarter to nine", "Viertel vor neun"),
        ("on the third of ", "am dritten "),
        ("on the first of ", "am ersten "),
        ("9.50 euros", "9,50 Euro"),
        ("forty-seven", "siebenundvierzig"),
        ("with Mr Weber", "mit Herrn Weber"),
    ],
)
def test_fixed_expressions(
    splits: dict[str, list[tuple[str, str]]], english: str, german: str
) -> None:
    found = [pair for name in SPLITS for pair in splits[name] if english in pair[0]]
    assert found
    assert all(german in pair[1] for pair in found)
