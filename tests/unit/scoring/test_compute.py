"""Test what all metrics have in common: names, order, checks, and few imports."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from t5tune.errors import T5TuneError
from t5tune.scoring.compute import OutputScorer, score_hypotheses, sentence_scores
from t5tune.scoring.metrics.additive_metric import AdditiveMetric
from t5tune.scoring.registry import METRICS, build_metric, ranks_models
from t5tune.scoring.score import ScoringOptions
from t5tune.scoring.system_output import SystemOutput
from tests.unit.scoring.sample_texts import OWN_METRICS, SampleTexts

SCORE_NAMES = [
    "BLEU",
    "chrF2++",
    "TER",
    "ROUGE-1",
    "ROUGE-2",
    "ROUGE-L",
    "ROUGE-Lsum",
    "exact_match",
    "token_F1",
    "WER",
    "CER",
    "BLEU-intl",
    "distinct_1",
    "distinct_2",
    "length_ratio",
]


def test_every_metric_gives_its_scores_in_order() -> None:
    scores = score_hypotheses(OWN_METRICS, SystemOutput(["a b c d"], [["a b c d"]]))
    assert [score.name for score in scores] == SCORE_NAMES
    for metric in OWN_METRICS:
        names = [score.name for score in score_hypotheses([metric], SystemOutput(["a"], [["a"]]))]
        assert METRICS[metric].scores == tuple(names)
        assert METRICS[metric].main_score in names


def test_perfect_hypotheses_have_perfect_scores() -> None:
    for metric in filter(ranks_models, OWN_METRICS):
        perfect = 0.0 if METRICS[metric].lower_is_better else 100.0
        for score in score_hypotheses(
            [metric], SystemOutput(["Das ist gut so."], [["Das ist gut so."]])
        ):
            assert score.value == pytest.approx(perfect), score.name
        assert sentence_scores(metric, SystemOutput(["Ja gut."], [["Ja gut."]])) == [
            pytest.approx(perfect)
        ]


def test_every_signature_states_references_case_and_version() -> None:
    for score in score_hypotheses(OWN_METRICS, SystemOutput(["a", "b"], [["a", "c"], ["b"]])):
        keys = [pair.split(":")[0] for pair in score.signature.split("|")]
        assert keys[0] == "nrefs", score.name
        assert keys[-1] == "version", score.name
        # Lengths are the same in every case.
        assert ("case" in keys) == (score.name != "length_ratio"), score.name
        assert score.signature.startswith("nrefs:var|"), score.name


# A lost text, an invented one, and one that is rightly empty: the scores of all, then of each.
OF_EMPTY_TEXTS: dict[str, tuple[list[float], list[float]]] = {
    "bleu": ([0], [0, 0, 0]),
    "chrf": ([0], [0, 0, 0]),
    "ter": ([200], [100, 100, 0]),
    "rouge": ([0, 0, 0, 0], [0, 0, 0]),
    "exact_match": ([100 / 3], [0, 0, 100]),
    "token_f1": ([100], [100, 100, 100]),  # SQuAD leaves out "a", an article
    "wer": ([200], [100, 100, 0]),
    "cer": ([200], [100, 100, 0]),
    "bleu_intl": ([0], [0, 0, 0]),
    "distinct_n": ([1, 0], [0, 0, 0]),
    "length_ratio": ([1], [0, 0, 0]),
}


@pytest.mark.parametrize("metric", OWN_METRICS)
def test_empty_texts_are_scored(metric: str) -> None:
    output = SystemOutput(["", "a", ""], [["a"], [""], [""]])
    of_all, of_each = OF_EMPTY_TEXTS[metric]
    assert [score.value for score in score_hypotheses([metric], output)] == pytest.approx(of_all)
    assert sentence_scores(metric, output) == pytest.approx(of_each)


def test_a_metric_named_twice_counts_once() -> None:
    assert len(score_hypotheses(["wer", "wer"], SystemOutput(["a"], [["a"]]))) == 1


@pytest.mark.parametrize("metric", OWN_METRICS)
def test_parts_and_examples_have_the_scores_of_their_own_texts_each_read_once(
    metric: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = SampleTexts(seed=5, num_examples=30, num_references=2)
    references = [of_one[: 1 + number % 2] for number, of_one in enumerate(texts.references)]
    output = SystemOutput(texts.system(), references, sources=texts.system())
    indices = [2, 4, 28, 7, 11, 12, 0]
    part = output.select(indices)
    expected = build_metric(metric, ScoringOptions()).score_corpus(part)
    with_intervals = score_hypotheses([metric], part, num_resamples=20)
    of_examples = build_metric(metric, ScoringOptions()).score_segments(output)

    kind = type(build_metric(metric, ScoringOptions()))
    num_read = []
    if issubclass(kind, AdditiveMetric):
        collect = kind.collect_rows

        def count(self: AdditiveMetric, systems: Any, references: Any) -> Any:
            num_read.append(len(references))
            return collect(self, systems, references)

        monkeypatch.setattr(kind, "collect_rows", count)
    scorer = OutputScorer(output)
    scorer.score([metric])
    assert scorer.score([metric], indices) == expected
    assert scorer.score([metric], indices, num_resamples=20) == with_intervals
    assert scorer.score_examples(metric) == of_examples
    assert num_read in ([30], [])


def test_user_errors() -> None:
    with pytest.raises(T5TuneError, match="no metric 'blue'; did you mean 'bleu'"):
        score_hypotheses(["blue"], SystemOutput(["a"], [["a"]]))
    with pytest.raises(T5TuneError, match=r"no metric 'qqq'; there are bleu, chrf"):
        sentence_scores("qqq", SystemOutput(["a"], [["a"]]))


def test_scoring_imports_no_training_library_and_importing_it_loads_no_scorer() -> None:
    code = (
        "import sys\n"
        "import t5tune.reporting.reports.report, t5tune.scoring.compute as compute\n"
        "from t5tune.scoring.system_output import SystemOutput\n"
        "late = {'sacrebleu', 'rapidfuzz', 'rouge_score', 'nltk', 'numpy'} & set(sys.modules)\n"
        "assert not late, late\n"
        f"compute.score_hypotheses({OWN_METRICS!r}, SystemOutput(['a'], [['a']]))\n"
        "never = {'torch', 'transformers', 'datasets', 'evaluate'} & set(sys.modules)\n"
        "assert not never, never\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
