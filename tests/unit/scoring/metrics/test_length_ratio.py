"""Test that length_ratio is sacreBLEU's ratio."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import sacrebleu
from sacrebleu.metrics.bleu import BLEU

from t5tune.files.text_files import read_lines
from t5tune.scoring.compute import score_hypotheses, sentence_scores
from t5tune.scoring.metrics.length_ratio import LengthRatioScorer
from t5tune.scoring.score import ScoringOptions
from t5tune.scoring.system_output import SystemOutput


def test_the_ratio_counted_by_hand() -> None:
    # Tokens: 3 and 1, against the nearest references of 4 and 2.
    hypotheses, references = ["a b.", "c"], [["a b c.", "a"], ["c d", "c d e"]]
    (score,) = score_hypotheses(["length_ratio"], SystemOutput(hypotheses, references))
    assert score.name == "length_ratio"
    assert score.value == 4 / 6
    version = f"version:sacrebleu-{sacrebleu.__version__}"
    assert score.signature == f"nrefs:2|unit:token|ref:nearest|tok:13a|{version}"
    assert sentence_scores("length_ratio", SystemOutput(hypotheses, references)) == [3 / 4, 1 / 2]


def test_of_two_references_as_near_the_shorter_one_counts() -> None:
    (score,) = score_hypotheses(["length_ratio"], SystemOutput(["a b c"], [["a b c d", "a b"]]))
    assert score.value == 3 / 2


def test_it_is_the_ratio_of_sacrebleu(real_data: Path) -> None:
    folder = real_data / "wmt17_systems"
    hypotheses = read_lines(str(folder / "newstest2017.uedin-nmt.4722.en-de"))
    references = read_lines(str(folder / "reference"))
    (score,) = score_hypotheses(
        ["length_ratio"], SystemOutput(hypotheses, [[one] for one in references])
    )
    assert score.value == BLEU().corpus_score(hypotheses, [references]).ratio


def test_statistics_are_the_sums_of_both_lengths() -> None:
    hypotheses, references = ["a b c", "d", "e f"], [["a"], ["b c"], ["d e f"]]
    statistics = LengthRatioScorer(ScoringOptions()).collect_statistics(
        SystemOutput(hypotheses, references)
    )
    values = statistics.compute_scores(np.array([[0, 1, 2], [0, 0, 1]]))
    assert values.tolist() == [[6 / 6], [7 / 4]]
    assert statistics.segment_scores().tolist() == [3.0, 1 / 2, 2 / 3]


def test_references_without_a_token() -> None:
    (score,) = score_hypotheses(["length_ratio"], SystemOutput(["a"], [[""]]))
    assert score.value == 0.0
