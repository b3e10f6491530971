"""Test what each detector reports as a fault, and what it accepts."""

from __future__ import annotations

import pytest

from t5tune.scoring.diagnosis.detectors import DETECTORS
from t5tune.scoring.diagnosis.diagnose import diagnose, finding_to_json
from t5tune.scoring.diagnosis.evidence import Evidence
from t5tune.scoring.diagnosis.findings import Finding
from t5tune.scoring.writing_systems import main_script


def find(
    name: str, hypothesis: str, reference: str, source: str | None = None, **given: object
) -> Finding:
    """Return the finding of one kind for one example."""
    findings = diagnose(
        Evidence([hypothesis], [[reference]], sources=None if source is None else [source], **given)
    )
    return next(finding for finding in findings if finding.name == name)


def counts(finding: Finding) -> tuple[int, int]:
    return finding.num_found, finding.num_checked


def test_every_kind_is_reported_and_none_claims_what_was_not_looked_at() -> None:
    findings = diagnose(Evidence(["ein Haus am See"], [["ein Haus am See"]]))
    # Nothing is known about a training, or its data.
    assert [finding.name for finding in findings] == list(DETECTORS)[2:]
    assert {finding.num_found for finding in findings} == {0}
    looked_at = {finding.name: finding.num_checked for finding in findings}
    # No limits, no sources, no language; eleven letters cannot be ten too few.
    unseen = {"hit_length_limit", "source_copied", "wrong_language", "numbers_lost", "names_lost"}
    assert {name for name, number in looked_at.items() if number == 0} == unseen | {"too_short"}


def test_json_has_the_rate() -> None:
    finding = Finding("loop", "again", 1, 4, (3,), "x", True)
    assert finding_to_json(finding) == {
        "name": "loop", "title": "again", "num_found": 1, "num_checked": 4, "rate": 0.25,
        "examples": [3], "remedy": "x", "is_notable": True,
    }  # fmt: skip


def test_one_odd_example_is_not_notable_but_two_are() -> None:
    hypotheses, references = ["ein Satz"] * 50, [["ein Satz"]] * 50
    for number in (1, 2):
        hypotheses[number] = ""
        empty = diagnose(Evidence(hypotheses, references))[1]
        assert (empty.num_found, empty.is_notable) == (number, number == 2)


def test_examples_are_at_most_five_and_the_clearest_first() -> None:
    references = [["wort " * (3 + number)] for number in range(8)]
    empty = diagnose(Evidence([""] * 8, references))[1]
    assert empty.examples == (7, 6, 5, 4, 3)


def test_an_empty_hypothesis_is_right_for_an_empty_reference() -> None:
    assert counts(find("empty", "", "")) == (0, 0)
    assert counts(find("empty", " ", "ja")) == (1, 1)


@pytest.mark.parametrize(
    ("hypothesis", "is_loop"),
    [
        ("wir gehen heim und und und und und", True),
        ("der Hund und der Hund und der Hund", True),
        ("das ist sehr sehr schön", False),
        ("Schritt für Schritt, immer wieder und immer wieder", False),
        ("ein Hahahahahahahaha im Wald", True),
        ("er hat 1.000.000.000 Blätter und 0000000 Sorgen", False),
        ("我们 回家 家家家家家家", True),
        ("es war alt , , , , , ,", True),
    ],
)
def test_loops(hypothesis: str, is_loop: bool) -> None:
    assert find("loop", hypothesis, "etwas ganz anderes").num_found == is_loop


def test_repetition_of_reference_or_source_is_not_a_loop() -> None:
    chant = "ja ja ja ja ja"
    assert find("loop", chant, "ja ja ja ja ja!").num_found == 0
    assert find("loop", chant, "oft ja", source="yes yes yes yes yes").num_found == 0
    assert find("loop", chant, "oft ja", source="yes, often").num_found == 1


def test_sentences_that_come_again_later_are_a_loop() -> None:
    one, two = "der Rat tagte bis in die Nacht.", "viele Leute warteten vor dem Haus."
    assert find("loop", f"{one} {two} {one}", f"{one} {two}").num_found == 1
    assert find("loop", f"{one} {two}", f"{one} {two}").num_found == 0


@pytest.mark.parametrize(
    ("source", "reference", "hypothesis", "expected"),
    [
        ("It cost 1,234.50 euros", "Es kostete 1.234,50 Euro", "Es kostete 1.234,50 Euro", (0, 1)),
        ("It cost 1,234.50 euros", "Es kostete 1.234,50 Euro", "Es kostete viel", (1, 1)),
        ("40,000 people", "40 000 Leute", "40.000 Leute", (0, 1)),
        ("40 000 people", "40.000 Leute", "14 000 Leute", (1, 1)),
        ("at 10:30", "um 10.30 Uhr", "um 10: 30 Uhr", (0, 1)),
        ("at 08:30", "um 8.30 Uhr", "um 8.30 Uhr", (0, 1)),
        ("the 1990s", "die 1990er", "die 90er", (0, 1)),
        ("in 1987", "im Jahr 1987", "im Jahr 87", (1, 1)),
        # Ten at night is 22 Uhr, three may be drei, and a dozen is not in digits.
        ("at 10 pm", "um 22 Uhr", "abends", (0, 0)),
        ("3 dogs", "3 Hunde", "drei Hunde", (0, 0)),
        ("fifteen dogs", "15 Hunde", "Hunde", (0, 0)),
        ("15 dogs and 16 cats", "fünfzehn Hunde, 16 Katzen", "Hunde und 16 Katzen", (0, 1)),
        ("٢٠ كتاب", "20 Bücher", "Bücher", (1, 1)),
        ("5²", "25²", "²", (0, 0)),
    ],
)
def test_numbers(source: str, reference: str, hypothesis: str, expected: tuple[int, int]) -> None:
    assert counts(find("numbers_lost", hypothesis, reference, source)) == expected


@pytest.mark.parametrize(
    ("source", "reference", "hypothesis", "expected"),
    [
        ("We met Anna Rau.", "Wir trafen Anna Rau.", "Wir trafen Anna.", (1, 1)),
        ("We met Anna Rau.", "Wir trafen Anna Rau.", "Wir sahen Anna Raus Haus.", (0, 1)),
        ("the Kremer plan", "der Kremer-Plan", "der Plan KREMERS", (0, 1)),
        # Capitals at the start, translated names and capitals everywhere do not count.
        ("Bald men laughed.", "Bald lachten Männer.", "Männer lachten.", (0, 0)),
        ("Go! Man laughs.", "Los! Man lacht.", "Alle lachen.", (0, 0)),
        ("They saw Munich.", "Sie sahen München.", "Sie sahen Rom.", (0, 0)),
        ("THE HOTEL TEST", "DER HOTEL TEST", "ein Versuch", (0, 0)),
    ],
)
def test_names(source: str, reference: str, hypothesis: str, expected: tuple[int, int]) -> None:
    assert counts(find("names_lost", hypothesis, reference, source)) == expected


def test_every_reference_must_have_what_is_called_lost() -> None:
    references = [["Es waren 40 Leute bei Anna Rau.", "Es kamen vierzig Leute."]]
    findings = diagnose(
        Evidence(["Es kamen Leute."], references, sources=["There were 40 at Anna Rau's."])
    )
    assert {one.num_checked for one in findings if one.name.endswith("_lost")} == {0}


def test_summaries_may_leave_numbers_and_names_out() -> None:
    texts = ("Die Stadt plant.", "Anna Rau plant 40 Häuser.", "The mayor Anna Rau has 40 houses.")
    for name in ("numbers_lost", "names_lost"):
        assert counts(find(name, *texts)) == (1, 1)
        assert counts(find(name, *texts, task="summarization")) == (0, 0)


def test_copies() -> None:
    source, reference = "The boat leaves the harbour today.", "Das Schiff legt heute ab."
    assert counts(find("source_copied", source, reference, source)) == (1, 1)
    noisy = "the boat leaves  the harbor today ."
    assert counts(find("source_copied", noisy, reference, source)) == (1, 1)
    assert counts(find("source_copied", reference, reference, source)) == (0, 1)
    # If the reference is like the source, the hypothesis may be too.
    name = "Anna Rau, Peter Lund, Lissabon"
    assert counts(find("source_copied", name, name + ".", name)) == (0, 0)
    assert counts(find("source_copied", "Hotel", "Gasthof", "Hotel")) == (0, 0)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        *(("unknown_tokens", token) for token in ("<unk>", "⁇", "[UNK]", "\ufffd")),
        *(
            ("special_tokens", token)
            for token in ("<extra_id_12>", "deu_Latn", "de_DE", "__de__", ">>de<<", "</s>", "<pad>")
        ),
    ],
)
def test_tokens_of_no_language(name: str, text: str) -> None:
    assert find(name, f"ein {text} Haus", "ein Haus").num_found == 1
    assert find(name, f"ein {text} Haus", f"das {text} Haus").num_found == 0
    assert find(name, f"ein {text} Haus", "das Haus", f"the {text} house").num_found == 0


def test_ordinary_text_is_not_a_special_token() -> None:
    text = "wer? <b>ja</b> x_y my_Name __init_file__ a>>b<<c"
    assert find("special_tokens", text, "ja").num_found == 0
    assert find("unknown_tokens", text, "ja").num_found == 0


def test_lengths() -> None:
    reference = "der alte Mann ging langsam über die Brücke nach Hause"
    assert counts(find("too_short", "der alte Mann", reference)) == (1, 1)
    assert counts(find("too_short", "", reference)) == (0, 1)  # that is `empty`
    assert counts(find("too_short", "der alte Mann ging langsam hinüber", reference)) == (0, 1)
    assert counts(find("too_long", f"{reference} {reference} nun", reference)) == (1, 1)
    assert counts(find("too_long", "Fahrradlampe", "Licht")) == (0, 1)
    findings = diagnose(Evidence(["der alte Mann"], [[reference, "der alte Mann ging"]]))
    assert {one.name: one.num_found for one in findings}["too_short"] == 0


ENGLISH = "The old fisherman mends his nets before the boats go out again."
GERMAN = "Der alte Fischer flickt seine Netze, bevor die Boote wieder hinausfahren."
CHINESE = "老渔夫在船再次出海之前修补他的渔网。"
RUSSIAN = "Старый рыбак чинит сети, прежде чем лодки снова выйдут в море."
FRENCH = "Le vieux pêcheur répare ses filets avant que les bateaux ne repartent."


def test_another_language() -> None:
    assert counts(find("wrong_language", ENGLISH, GERMAN, target_lang="de")) == (1, 1)
    assert counts(find("wrong_language", FRENCH, GERMAN, target_lang="deu_Latn")) == (1, 1)
    assert counts(find("wrong_language", GERMAN, GERMAN, target_lang="de_DE")) == (0, 1)
    assert counts(find("wrong_language", "Ok.", GERMAN, target_lang="de")) == (0, 1)


def test_the_source_language_needs_less() -> None:
    short = "People sit inside a train."
    long = ("Die Leute sitzen alle in einem Zug.", "The people all sit in a train.")
    assert find("wrong_language", short, *long, target_lang="de").num_found == 0
    assert find("wrong_language", short, *long, target_lang="de", source_lang="en").num_found == 1


def test_a_reference_that_is_not_recognised_is_not_looked_at() -> None:
    assert counts(find("wrong_language", ENGLISH, "Ja.", target_lang="de")) == (0, 0)
    assert counts(find("wrong_language", GERMAN, ENGLISH, target_lang="de")) == (0, 0)
    assert counts(find("wrong_language", "a b", "f ɪ ʃ ə n ɛ ts ə", target_lang="de")) == (0, 0)
    assert counts(find("wrong_language", ENGLISH, GERMAN, target_lang="xx")) == (0, 0)


def test_another_script_needs_no_language_code() -> None:
    assert counts(find("wrong_language", ENGLISH, CHINESE)) == (1, 1)
    assert counts(find("wrong_language", CHINESE, CHINESE, source=ENGLISH)) == (0, 1)
    assert counts(find("wrong_language", RUSSIAN, GERMAN)) == (1, 1)
    # One script on both sides and no language code: nothing can be checked.
    assert counts(find("wrong_language", GERMAN, GERMAN, source=ENGLISH)) == (0, 0)


def test_scripts() -> None:
    assert [main_script(text) for text in (GERMAN, RUSSIAN, CHINESE, "1234", "ab")] == [
        "LATIN", "CYRILLIC", "CJK", None, None,
    ]  # fmt: skip
    assert main_script("ラーメンを食べます") == "CJK"


def test_one_odd_example_is_not_a_pattern() -> None:
    """This holds even if it is the only one that could have the fault."""

    def is_notable(hypotheses: list[str]) -> bool:
        references = [["drei Katzen"]] * len(hypotheses)
        findings = diagnose(
            Evidence(hypotheses, references, sources=["three cats"] * len(hypotheses))
        )
        return next(one for one in findings if one.name == "empty").is_notable

    assert not is_notable([""])
    assert is_notable(["", ""])
