"""Test what is said about examples in the training data."""

from __future__ import annotations

import io

from rich.console import Console

from t5tune.data.examples import Examples
from t5tune.data.overlap import Agreement, LeakedExample, TrainingOverlap
from t5tune.reporting.html.report_page import render_html
from t5tune.reporting.reports.leak_sentences import describe_leak, describe_leaks
from t5tune.reporting.reports.report import Report
from t5tune.reporting.reports.report_building import build_report
from t5tune.reporting.reports.report_details import ReportDetails
from t5tune.reporting.reports.report_terminal import print_report
from t5tune.reporting.reports.report_verdict import describe_report
from t5tune.scoring.compute import score_hypotheses
from t5tune.scoring.diagnosis.evidence import Evidence
from t5tune.scoring.system_output import SystemOutput


def report_of(*agreement: Agreement, metrics: tuple[str, ...] = ("bleu",)) -> Report:
    """Return the report of a model that knows by heart what leaked, and half of the rest."""
    references = [f"this is the answer number {number}" for number in range(len(agreement))]
    hypotheses = [
        text if one != "clean" else f"this is an answer number {number}"
        for number, (text, one) in enumerate(zip(references, agreement, strict=True))
    ]
    overlap = TrainingOverlap((None,) * len(agreement), agreement)
    evidence = Evidence(
        hypotheses, [[text] for text in references], sources=references, overlap=overlap
    )
    return build_report(evidence, metrics)


def printed(report: Report) -> str:
    stream = io.StringIO()
    print_report(report, Console(file=stream, width=400))
    return stream.getvalue()


def test_a_leak_is_said_first_with_the_score_of_the_clean_part() -> None:
    report = report_of(*["exact"] * 5, *["same_source"] * 2, "near", *["clean"] * 12)
    clean = SystemOutput(
        [example.hypothesis for example in report.examples[8:]],
        [example.references for example in report.examples[8:]],
    )
    (score,) = score_hypotheses(["bleu"], clean)
    assert score.value < report.scores[0].value - 5
    sentence = (
        "40.0 % of the 20 examples are in the training data: 5 as the same pair, 2 with the same "
        f"source, 1 nearly. BLEU is {report.scores[0].shown} on all, and {score.shown} on the 12 "
        "clean ones: only the latter says what the model does with texts that it has not seen."
    )
    assert describe_leak(report) == sentence
    assert printed(report).splitlines()[1] == sentence
    assert "in the training data: 8 of 20 examples (40.0 %) → take these" in printed(report)
    assert describe_report(report, ReportDetails())[0] == sentence
    blocks = report.to_markdown().split("\n\n")
    assert blocks[2] == f"**{sentence}**"
    page = render_html(report, ReportDetails())
    assert f"{score.shown} on examples that are not in the training data" in page
    first = page.index(sentence)
    assert page.index('class="sentences"') < first < page.index("BLEU is", first + len(sentence))
    finding = report.findings[0]
    assert (finding.name, finding.num_found, finding.num_checked) == ("leaked", 8, 20)
    assert finding.is_notable
    assert finding.examples == (0, 1, 2, 3, 4)
    kinds = report.breakdowns[-1].buckets
    assert [bucket.num_examples for bucket in kinds] == [5, 2, 1, 12]
    assert kinds[-1].scores == (score,)


def test_there_may_be_no_clean_part() -> None:
    report = report_of(*["exact"] * 12)
    sentence = describe_leak(report)
    assert sentence == (
        "100.0 % of the 12 examples are in the training data: 12 as the same pair. There is no "
        "clean part, so that no score here says what the model does with texts that it has not "
        "seen."
    )
    assert printed(report).splitlines()[1] == sentence
    page = render_html(report, ReportDetails())
    assert sentence in page
    assert "on examples that are not" not in page


def test_a_small_clean_part_has_no_score() -> None:
    sentence = describe_leak(report_of(*["exact"] * 12, *["clean"] * 9))
    assert sentence is not None
    assert sentence.endswith("Only 9 are clean, too few for a score of their own (at least 10).")


def test_one_in_a_hundred_is_the_limit() -> None:
    assert describe_leak(report_of("near", *["clean"] * 99)) is not None
    report = report_of("near", *["clean"] * 100)
    assert describe_leak(report) is None
    assert "training data" not in printed(report)
    assert report.findings[0].num_found == 1
    assert describe_leak(report_of(*["clean"] * 20)) is None


def test_the_clean_part_has_the_main_score() -> None:
    sentence = describe_leak(report_of(*["near"] * 10, *["clean"] * 10, metrics=("ter", "bleu")))
    assert sentence is not None
    assert ". TER is " in sentence


def test_hypotheses_in_a_file_are_not_compared() -> None:
    evidence = Evidence(["a"], [["a"]])
    assert "leaked" not in [one.name for one in build_report(evidence, ["bleu"]).findings]


def overlap_of(*agreement: Agreement, worst: int = 0, place: str = "") -> TrainingOverlap:
    texts = "the training source", "the target"
    leaked = LeakedExample(worst, 41, *texts, place) if worst >= 0 else None
    return TrainingOverlap((1,) * len(agreement), agreement, leaked)


def test_leaks_are_described_before_training() -> None:
    validation = Examples("validation", ["one", "two " * 50, "three"], [["a"]] * 3)
    test = Examples("test", ["four"], [["d"]])
    lines = describe_leaks(
        [validation, test],
        [
            overlap_of("clean", "near", "clean", worst=1),
            overlap_of("exact", place="train.tsv.gz, line 52"),
        ],
    )
    quoted = " ".join(["two"] * 19) + " …"
    assert lines == [
        "data: 1 of 3 validation examples and 1 of 1 test examples are in the training data, "
        "exactly or nearly",
        "leak: 33.3 % of the validation set is nearly in the training data: a few words differ, "
        "or the source is part of a longer one. Validation scores and the choice of the "
        "best checkpoint favour learning by heart.",
        "leak: for example, validation example 1 (from 0) is nearly training pair 41 (from 0): "
        f'"{quoted}", and there "the training source"',
        "leak: 100.0 % of the test set is in the training data: 1 as the same pair. There is no "
        "clean part to report a score on.",
        "leak: for example, test example 0 (from 0) is train.tsv.gz, line 52 (from 1): "
        '"the training source" → "the target"',
    ]


def test_without_a_leak_there_is_one_line() -> None:
    examples = Examples("validation", ["one"], [["a"]])
    lines = describe_leaks([examples], [overlap_of("clean", worst=-1)])
    assert lines == ["data: 0 of 1 validation examples are in the training data, exactly or nearly"]
