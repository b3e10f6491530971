"""Test that ROUGE is rouge-score's, and that no script silently loses its letters."""

from __future__ import annotations

from importlib.metadata import version

import pytest
from rouge_score import rouge_scorer  # type: ignore[import-untyped, unused-ignore]

from t5tune.scoring.compute import score_hypotheses, sentence_scores
from t5tune.scoring.metrics.rouge import UnicodeWordTokenizer, loses_letters, split_sentences
from t5tune.scoring.score import ScoringOptions
from t5tune.scoring.system_output import SystemOutput

TYPES = ["rouge1", "rouge2", "rougeL", "rougeLsum"]
HYPOTHESES = [
    "Police killed the gunman\nThe crowd was running away",
    "A cat sat on the mats",
    "",
]
REFERENCES = [
    ["The gunman was killed by police\nCrowds ran away", "The gunman kills\nPolice ran"],
    ["The cats sit on the mat"],
    ["something"],
]


def test_scores_equal_the_mean_of_rouge_score() -> None:
    scorer = rouge_scorer.RougeScorer(TYPES, use_stemmer=True)
    rows = [scorer.score_multi(r, h) for h, r in zip(HYPOTHESES, REFERENCES, strict=True)]
    scores = score_hypotheses(["rouge"], SystemOutput(HYPOTHESES, REFERENCES))
    assert [score.name for score in scores] == ["ROUGE-1", "ROUGE-2", "ROUGE-L", "ROUGE-Lsum"]
    for score, rouge_type in zip(scores, TYPES, strict=True):
        expected = 100 * sum(row[rouge_type].fmeasure for row in rows) / len(rows)
        assert score.value == pytest.approx(expected, abs=1e-12)
        assert score.value > 0
    expected_segments = [100 * row["rougeL"].fmeasure for row in rows]
    assert sentence_scores("rouge", SystemOutput(HYPOTHESES, REFERENCES)) == pytest.approx(
        expected_segments
    )


def test_signature_says_which_tokenizer() -> None:
    english = score_hypotheses(
        ["rouge"], SystemOutput(["a"], [["a"]]), ScoringOptions(target_lang="eng_Latn")
    )
    german = score_hypotheses(
        ["rouge"], SystemOutput(["a"], [["a"]]), ScoringOptions(target_lang="de")
    )
    package = f"version:rouge-score-{version('rouge-score')}"
    assert english[0].signature == f"nrefs:1|case:lc|stem:yes|tok:rouge-score|{package}"
    assert german[0].signature == f"nrefs:1|case:lc|stem:no|tok:unicode-words|{package}"
    assert "split:" in english[3].signature
    assert not any("split:" in score.signature for score in english[:3])


def test_english_is_stemmed_and_other_languages_are_not() -> None:
    english = score_hypotheses(["rouge"], SystemOutput(["running"], [["runs"]]))
    german = score_hypotheses(
        ["rouge"], SystemOutput(["running"], [["runs"]]), ScoringOptions(target_lang="de")
    )
    assert (english[0].value, german[0].value) == (100.0, 0.0)


def test_russian_scores_by_its_words() -> None:
    # Two of three words agree: precision and recall are 2/3. The English tokenizer finds no word.
    hypothesis, references = ["Кошка сидит дома."], [["кошка лежит дома"]]
    assert score_hypotheses(["rouge"], SystemOutput(hypothesis, references))[0].value == 0.0
    russian = score_hypotheses(
        ["rouge"], SystemOutput(hypothesis, references), ScoringOptions(target_lang="ru")
    )
    assert russian[0].value == pytest.approx(200 / 3)


def test_the_fast_way_for_latin_1_gives_the_same_words() -> None:
    tokenize = UnicodeWordTokenizer().tokenize
    for text in ("".join(map(chr, range(256))), *(f"Aa{chr(code)}Bb" for code in range(256))):
        other = "\u4e00"  # outside Latin-1
        assert tokenize(text) == tokenize(text + " " + other)[:-1]


def test_unicode_words_keep_umlauts_and_vowel_signs_and_split_ideographs() -> None:
    tokenize = UnicodeWordTokenizer().tokenize
    assert tokenize("Über-groß, 3 Äpfel!") == ["über", "groß", "3", "äpfel"]
    assert tokenize("हिन्दी भाषा।") == ["हिन्दी", "भाषा"]
    assert tokenize("東京へ行く") == ["東", "京", "へ", "行", "く"]
    assert tokenize("  …  ") == []


def test_sentences_are_split_only_where_there_are_no_lines() -> None:
    assert split_sentences("One. Two? Three") == "One.\nTwo?\nThree"
    assert split_sentences("One. Two\nThree") == "One. Two\nThree"
    assert split_sentences("一。二！") == "一。\n二！\n"
    assert split_sentences("3.5 stays") == "3.5 stays"


def test_rouge_lsum_of_one_line_equals_that_of_its_lines() -> None:
    lines = "The dog ran. A cat slept."
    swapped = "A cat slept.\nThe dog ran."
    scores = score_hypotheses(["rouge"], SystemOutput([lines], [[swapped]]))
    by_name = {score.name: score.value for score in scores}
    assert by_name["ROUGE-Lsum"] == pytest.approx(100.0)
    assert by_name["ROUGE-L"] < 60.0


def test_lost_letters_are_noticed() -> None:
    assert loses_letters([["Привет"]])
    assert loses_letters([["für die Bäume ist es zu spät"]])
    assert not loses_letters([["A café in the middle of " + "a very long English text " * 20]])
    assert not loses_letters([["123 …"]])
