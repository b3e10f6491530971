"""Test that the sentences at the head of a report agree with its numbers."""

from __future__ import annotations

import dataclasses

import pytest

from t5tune.reporting.reports.report import Report
from t5tune.reporting.reports.report_building import build_report
from t5tune.reporting.reports.report_details import ReportDetails
from t5tune.reporting.reports.report_verdict import describe_comparison, describe_report, signed
from t5tune.scoring.diagnosis.evidence import Evidence
from t5tune.scoring.diagnosis.findings import Breakdown, Bucket, Finding, TrainingCurve
from t5tune.scoring.score import Score, ScoringOptions
from t5tune.scoring.significance.comparison import compare_systems
from t5tune.scoring.system_output import SystemOutput

NOTHING = ReportDetails()


def report_of(score: Score, length_limited: int | None = None) -> Report:
    report = build_report(Evidence(["a b", "c d"], [["a b"], ["c e"]]), ["bleu"])
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
        (0, "3 checks of the outputs found no fault more often than in good systems."),
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


def breakdown_sentences(*buckets: Bucket) -> list[str]:
    report = dataclasses.replace(
        report_of(buckets[0].scores[0]), breakdowns=(Breakdown("l", "length", buckets),)
    )
    return describe_report(report, NOTHING)[1:]


@pytest.mark.parametrize(("name", "best"), [("BLEU", "middle"), ("TER", "long")])
def test_the_best_and_the_worst_of_all_parts_that_are_shown(name: str, best: str) -> None:
    """The sentence is above the bars of all parts, so it considers every part with a score."""
    sentences = breakdown_sentences(
        bucket("short", 30, 20.0, name),
        bucket("middle", 90, 40.0, name),
        bucket("long", 10, 5.0, name),
        Bucket("very long", 0, ()),
    )
    parts = {"long": "5.00 for long (10 examples)", "middle": "40.00 for middle (90 examples)"}
    worst = "long" if best == "middle" else "middle"
    assert sentences == [
        f"By length, {name} is best with {parts[best]} and worst with {parts[worst]}."
    ]


def test_parts_that_may_be_equally_good_are_not_told_apart() -> None:
    low, high = Score("BLEU", 89.05, "s", (80.0, 97.0)), Score("BLEU", 99.01, "s", (96.0, 99.9))
    (sentence,) = breakdown_sentences(Bucket("short", 12, (low,)), Bucket("long", 300, (high,)))
    assert sentence.endswith("; their 95 % intervals overlap, so that this may be chance.")
    apart = dataclasses.replace(low, confidence_interval=(80.0, 95.0))
    (sentence,) = breakdown_sentences(Bucket("short", 12, (apart,)), Bucket("long", 300, (high,)))
    assert sentence.endswith("89.05 for short (12 examples).")


def test_parts_with_the_same_score_are_not_compared() -> None:
    assert breakdown_sentences(bucket("short", 30, 0.041), bucket("long", 30, 0.044)) == []


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
        {"bad": SystemOutput(bad, references), "good": SystemOutput(good, references)},
        ["bleu"],
        ScoringOptions(),
        num_processes=1,
    )
    (sentence,) = describe_comparison(comparison)
    difference = comparison.systems[1].differences[0]
    assert sentence.startswith(f"good against bad: {difference.verdict}. BLEU is 100.00, a")
    assert f"difference of {signed('BLEU', difference.value)} (95 %" in sentence
    assert sentence.endswith("10 examples better, 0 worse, 20 tied.")


def test_signs() -> None:
    assert [signed("BLEU", value) for value in (1.234, -1.234, 0.0, -0.001)] == [
        "+1.23",
        "−1.23",
        "0.00",
        "0.00",
    ]
