"""Test hard sets and their scores without a model."""

from __future__ import annotations

import json

import pytest

from t5tune.data.examples import Examples
from t5tune.decoding.translator import Hypothesis
from t5tune.recipe.schema import Recipe
from t5tune.recipe.stress_names import STRESS_NAMES
from t5tune.reporting.beside.kinds.hard_sets import build_section
from t5tune.reporting.stress.hard_set import CleanSet
from t5tune.reporting.stress.kinds import KINDS
from t5tune.reporting.stress.stress_results import StressResult
from t5tune.reporting.stress.stress_scoring import score_hard_sets
from t5tune.reporting.stress.translated_sets import TranslatedSet
from tests.tiny_sections import build_tiny_recipe

PAIRS = [
    ("In May, Smith saw 25 dogs.", "Im Mai sah Smith 25 Hunde."),
    ("The dogs of Jones bark.", "Die Hunde von Jones bellen."),
    ("A dog, and 1,234 cats!", "Ein Hund und 1.234 Katzen!"),
    ("a small dog", "ein kleiner Hund"),
    ("a big dog", "ein großer Hund"),
    ("my wet dog", "mein nasser Hund"),
    ("no such animal", "kein solches Tier"),
]
SOURCES = [source for source, _ in PAIRS]
REFERENCES = [[target] for _, target in PAIRS]
TEST = CleanSet(Examples("test", SOURCES, REFERENCES), "en", "de")
RECIPE = build_tiny_recipe().model_copy(update={"source_lang": "en", "target_lang": "de"})


def outputs(*texts: str) -> list[Hypothesis]:
    return [Hypothesis(text, len(text.split()), reached_limit=False) for text in texts]


def score(name: str, hard: list[str], clean: list[str], recipe: Recipe = RECIPE) -> StressResult:
    kind = KINDS[name]
    translated = TranslatedSet(kind, kind.build(TEST), outputs(*hard), 0)
    (result,) = score_hard_sets([translated], outputs(*clean), recipe)
    return result


def shares(result: StressResult) -> dict[str, tuple[int, int]]:
    return {share.name: (share.num_found, share.num_checked) for share in result.shares}


def test_every_name_has_a_kind_that_makes_the_same_set_again() -> None:
    assert tuple(KINDS) == STRESS_NAMES
    for name, kind in KINDS.items():
        made = kind.build(TEST)
        assert made == kind.build(TEST)
        assert made, name
        if kind.num_joined == 1 and kind.is_scored:
            assert [one.source for one in made] != [SOURCES[one.origins[0]] for one in made]
    assert KINDS["numbers"].build(CleanSet(Examples("test", ["a"], [["b"]]))) == []


def test_what_is_replaced_is_replaced_on_both_sides() -> None:
    first, second = KINDS["numbers"].build(TEST)
    (new,) = first.replaced.values()
    assert (first.source, first.references) == (
        f"In May, Smith saw {new} dogs.",
        [f"Im Mai sah Smith {new} Hunde."],
    )
    (other,) = second.replaced.values()
    assert f"{other[0]},{other[1:]} cats" in second.source
    assert f"{other[0]}.{other[1:]} Katzen" in second.references[0]
    smith, jones = KINDS["names"].build(TEST)
    assert (smith.replaced, jones.replaced) == ({"Smith": "Jones"}, {"Jones": "Smith"})
    assert "Smith" not in smith.source + smith.references[0]


def test_case_costs_nothing_where_only_case_differs() -> None:
    clean = [target for _, target in PAIRS]
    result = score("upper", [text.upper() for text in clean], clean)
    assert [one.value for one in result.scores] == [one.value for one in result.clean_scores]
    assert result.scores[0].value == 100.0
    assert result.scores[0].signature.endswith("|ignored:case")
    assert (result.changes[0].value, result.changes[0].confidence_interval) == (0.0, (0.0, 0.0))
    assert shares(result)["same_output"] == (7, 7)
    assert result.worst == ()


def test_the_change_is_that_of_the_same_examples_and_the_worst_come_first() -> None:
    clean = [target for _, target in PAIRS]
    clean[6] = "ganz falsch"  # an example that the set leaves out
    hard = ["Im Mai sah Smith 25 Hunde", "Die die die die die die", "Ein Hund und 1.234 Katzen"]
    result = score("no_punctuation", hard, clean)
    assert result.num_examples == 3
    assert result.clean_scores[0].value == 100.0
    assert result.changes[0].value == pytest.approx(result.scores[0].value - 100.0)
    assert result.changes[0].value < 0
    assert [one.origins for one in result.worst] == [(1,)]
    assert result.worst[0].clean_hypothesis == "Die Hunde von Jones bellen."
    found = shares(result)
    assert (found["same_output"], found["loop"]) == ((2, 3), (1, 3))


def test_numbers_and_joined_sentences_are_compared_with_what_they_come_from() -> None:
    clean = [target for _, target in PAIRS]
    new = [one.references[0] for one in KINDS["numbers"].build(TEST)]
    result = score("numbers", [new[0], "Ein Hund und 99 Katzen!"], clean)
    found = shares(result)
    assert (found["same_output"], found["numbers_right"]) == ((1, 2), (1, 2))
    assert result.clean_scores[0].value == 100.0
    joined = [" ".join(clean[:3]), " ".join(clean[3:5])]
    result = score("long", joined, clean)
    assert (result.num_examples, result.worst[0].origins) == (2, (3, 4, 5))
    assert shares(result)["same_output"] == (1, 2)


def test_single_words_are_judged_by_their_form() -> None:
    words = [one.source for one in KINDS["single_words"].build(TEST)]
    known = {one.source: one.references for one in KINDS["single_words"].build(TEST)}
    assert known["dog"] == ["hund"]
    assert known["no"] == []
    unclear = CleanSet(Examples("test", ["big dog"] * 4, [["ein Hund"]] * 4))
    assert all(not one.references for one in KINDS["single_words"].build(unclear))
    texts = ["ein Hund" if word == "dog" else "Hund Hund" for word in words]
    texts[words.index("no")] = ""
    texts[words.index("cats")] = "Ich sehe viele Katzen im Garten."
    result = score("single_words", texts, ["x"] * len(PAIRS))
    num = len(words)
    found = shares(result)
    assert (found["sound"], found["repeated"]) == ((1, num), (num - 3, num))
    assert (found["too_many_words"], found["no_word"]) == ((1, num), (1, num))
    assert found["word_right"][0] == 1
    assert (result.scores, result.worst[0].source) == ((), "cats")


def test_the_section_has_a_row_for_each_set_and_what_the_scores_do_not_show() -> None:
    clean = [target for _, target in PAIRS]
    sets = [
        TranslatedSet(KINDS["upper"], KINDS["upper"].build(TEST), outputs(*["a b"] * 7), 2),
        TranslatedSet(KINDS["numbers"], KINDS["numbers"].build(TEST), outputs("25", "1"), 0),
        TranslatedSet(KINDS["names"], [], [], 0),
        TranslatedSet(
            KINDS["single_words"], KINDS["single_words"].build(TEST)[:1], outputs("a"), 0
        ),
    ]
    results = score_hard_sets(sets, outputs(*clean), RECIPE)
    section = build_section(results, sets)
    first, counted, made, *worst = section.tables
    assert [row[:2] for row in first.rows] == [
        ("all in capitals", "7"), ("with other numbers", "2"), ("with other names", "0"),
        ("single words", "1"),
    ]  # fmt: skip
    assert "sound outputs" not in {row[1] for row in counted.rows}
    assert {len(row) for row in first.rows} == {len(first.header)}
    assert ("with other numbers", "outputs with all of the replaced numbers", "0", "2") in [
        row[:4] for row in counted.rows
    ]
    assert (len(made.rows), [one.is_folded for one in worst]) == (4, [True, True, True])
    assert section.sentences[0].startswith("2 of 7 sources “all in capitals” were cut")
    assert section.files["stress/numbers.jsonl"].count("\n") == 2
    values = json.loads(json.dumps(section.to_json()))["values"]["sets"]
    assert (values[0]["changes"][0]["score"], values[2]["num_examples"]) == ("exact_match", 0)
    assert values[1]["shares"][0]["confidence_interval"][1] < 1
