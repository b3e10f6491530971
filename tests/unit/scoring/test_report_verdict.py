"""The sentences at the head of a report say what the numbers say."""

from __future__ import annotations

import dataclasses

import pytest

from t5tune.scoring.comparison import compare_systems
from t5tune.scoring.findings import Breakdown, Bucket, Finding, TrainingCurve
from t5tune.scoring.report import Report
from t5tune.scoring.report_building import build_report
from t5tune.scoring.report_details import ReportDetails
from t5tune.scoring.report_verdict import describe_comparison, describe_report, signed
from t5tune.scoring.score import Score, ScoringOptions

NOTHING = ReportDetails()


def report_of(score: Score, length_limited: int | None = None) -> Report:
    report = build_report(["a b", "c d"], [["a b"], ["c e"]], ["bleu"])
    return dataclasses.replace(
        report,
        findings=(),
        breakdowns=(),
        scores=(score,),
        num_examples=200,
        length_limited=length_limited,
    )


def bucket(label: str, num_examples: int, value: float, name: str = "BLEU") -> Bucket:
    return Bucket(label, num_examples, (Score(name, value, "s"),))


def test_a_score_comes_with_its_interval_or_with_the_lack_of_one() -> None:
    with_interval = report_of(Score("BLEU", 27.36, "s", (26.7, 28.0)))
    assert describe_report(with_interval, NOTHING) == [
        "BLEU is 27.36 on 200 examples, with a 95 % confidence interval from 26.70 to 28.00."
    ]
    (sentence,) = describe_report(report_of(Score("BLEU", 27.36, "s")), NOTHING)
    assert sentence.startswith("BLEU is 27.36 on 200 examples. No confidence interval")


def test_the_length_limit() -> None:
    score = Score("BLEU", 1.0, "s")
    assert describe_report(report_of(score, 0), NOTHING)[1] == (
        "No hypothesis stopped at the length limit."
    )
    assert describe_report(report_of(score, 5), NOTHING)[1] == (
        "5 of 200 hypotheses (2.5 %) stopped at the length limit and may be cut off."
    )


@pytest.mark.parametrize(
    ("notable", "sentence"),
    [
        (0, "3 checks of the outputs found no fault more often than good systems have it."),
        (1, "1 fault is more frequent than in good systems (3 checks): fault 0."),
        (2, "2 faults are more frequent than in good systems (3 checks): fault 0, fault 1."),
    ],
)
def test_findings(notable: int, sentence: str) -> None:
    findings = tuple(
        Finding(f"f{i}", f"fault {i}", 1, 200, is_notable=i < notable) for i in range(3)
    )
    report = dataclasses.replace(report_of(Score("BLEU", 1.0, "s")), findings=findings)
    assert describe_report(report, NOTHING)[1] == sentence


@pytest.mark.parametrize(("name", "best"), [("BLEU", "middle"), ("TER", "short")])
def test_the_best_and_the_worst_part_of_enough_examples(name: str, best: str) -> None:
    buckets = (
        bucket("short", 30, 20.0, name),
        bucket("middle", 90, 40.0, name),
        bucket("long", 29, 5.0, name),
        Bucket("very long", 0, ()),
    )
    report = dataclasses.replace(
        report_of(Score(name, 1.0, "s")), breakdowns=(Breakdown("l", "length", buckets),)
    )
    sentence = describe_report(report, NOTHING)[1]
    parts = {"short": "20.00 for short (30 examples)", "middle": "40.00 for middle (90 examples)"}
    worst = "short" if best == "middle" else "middle"
    assert sentence == (
        f"By length, {name} is best with {parts[best]} and worst with {parts[worst]}."
    )


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ((5.0, 9.0, 8.0), "best at step 20 with 9.00; the last validation was at step 30."),
        ((5.0, 8.0, 9.0), "best at step 30 with 9.00, at the last validation: longer training"),
        ((5.0,), "5.00 at step 10."),
    ],
)
def test_where_training_was_best(values: tuple[float, ...], sentence: str) -> None:
    curves = (
        TrainingCurve("loss", (10,), (1.0,)),
        TrainingCurve("BLEU", (10, 20, 30)[: len(values)], values),
    )
    details = dataclasses.replace(NOTHING, curves=curves)
    said = describe_report(report_of(Score("BLEU", 1.0, "s")), details)[1]
    assert said.startswith(f"Validation BLEU was {sentence}")


def test_each_system_beside_the_baseline() -> None:
    references = [[f"the cat {i} sat on the mat today"] for i in range(30)]
    good = [of_one[0] for of_one in references]
    bad = ["nothing of it"] * 10 + good[10:]
    comparison = compare_systems(
        ["bad", "good"], [bad, good], references, ["bleu"], ScoringOptions(), num_processes=1
    )
    (sentence,) = describe_comparison(comparison)
    difference = comparison.systems[1].differences[0]
    assert sentence.startswith(f"good beside bad: {difference.verdict}. BLEU is 100.00, a")
    assert f"difference of {signed('BLEU', difference.value)} (95 %" in sentence
    assert sentence.endswith("10 examples better, 0 worse, 20 as good.")


def test_signs() -> None:
    assert [signed("BLEU", value) for value in (1.234, -1.234, 0.0, -0.001)] == [
        "+1.23",
        "−1.23",
        "0.00",
        "0.00",
    ]
