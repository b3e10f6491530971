"""Test exact match and token F1 against values computed by hand from SQuAD's definitions."""

from __future__ import annotations

import pytest

from t5tune.scoring.compute import score_hypotheses, sentence_scores
from t5tune.scoring.metrics.answers import normalize_answer, token_f1
from t5tune.scoring.score import Score, ScoringOptions
from t5tune.scoring.system_output import SystemOutput


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("The  Denver Broncos.", "denver broncos"),
        ("a U.S. man", "us man"),
        # Punctuation leaves no space behind, so this article is no longer a word.
        ("the-end", "theend"),
        ("another theory", "another theory"),
        # Only ASCII punctuation goes; the article between dashes leaves a space.
        ("on–the–go", "on– –go"),
        ("An", ""),
        ("Ärzte – “the best”", "ärzte – “ best”"),
        ("\tsplit\u00a0at any\nspace ", "split at any space"),
    ],
)
def test_squad_normalisation(text: str, normal: str) -> None:
    assert normalize_answer(text) == normal


@pytest.mark.parametrize(
    ("hypothesis", "reference", "f1"),
    [
        ("Denver Broncos", "the Denver Broncos", 1.0),
        # 2 common of 3 and of 4: P = 2/3, R = 1/2.
        ("Denver Broncos team", "Carolina Denver Panthers Broncos", 4 / 7),
        # A word counts as often as it occurs on both sides: 1 common of 2 and of 1.
        ("yes yes", "yes", 2 / 3),
        ("left", "right", 0.0),
        ("", "something", 0.0),
        ("something", "", 0.0),
        ("", "", 1.0),
        ("the", "a", 1.0),
    ],
)
def test_token_f1_by_hand(hypothesis: str, reference: str, f1: float) -> None:
    assert token_f1(hypothesis, reference) == pytest.approx(f1)


HYPOTHESES = [" Paris ", "the Eiffel Tower", "1889", "x"]
REFERENCES = [["Paris"], ["Eiffel Tower", "tower in Paris"], ["in 1889", "1889"], ["y"]]


def exact_match(*, lowercase: bool = False, squad: bool = False) -> Score:
    (score,) = score_hypotheses(
        ["exact_match"],
        SystemOutput(HYPOTHESES, REFERENCES),
        ScoringOptions(lowercase=lowercase, normalize="squad" if squad else "none"),
    )
    return score


def test_exact_match_strips_only_unless_told() -> None:
    assert exact_match().value == 50.0
    assert exact_match(squad=True).value == 75.0
    (cased,) = score_hypotheses(["exact_match"], SystemOutput(["PARIS"], [["Paris"]]))
    (lowercased,) = score_hypotheses(
        ["exact_match"], SystemOutput(["PARIS"], [["Paris"]]), ScoringOptions(lowercase=True)
    )
    assert (cased.value, lowercased.value) == (0.0, 100.0)


def test_exact_match_signatures() -> None:
    assert exact_match().signature.startswith("nrefs:var|case:mixed|norm:none|version:t5tune-")
    assert "case:lc|norm:none" in exact_match(lowercase=True).signature
    assert "case:lc|norm:squad" in exact_match(squad=True).signature


def test_token_f1_takes_the_best_reference_of_each_example() -> None:
    (score,) = score_hypotheses(["token_f1"], SystemOutput(HYPOTHESES, REFERENCES))
    assert score.name == "token_F1"
    assert score.value == pytest.approx(75.0)
    assert "norm:squad" in score.signature
    # 1 common word of 2 and of 3.
    values = sentence_scores("token_f1", SystemOutput(["the Eiffel Tower"], [["tower in Paris"]]))
    assert values == [pytest.approx(40.0)]
