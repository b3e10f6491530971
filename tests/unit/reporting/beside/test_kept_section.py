"""Test that what fine-tuning has made worse opens every form of the report."""

from __future__ import annotations

import io
from dataclasses import replace

from rich.console import Console

from t5tune.data.examples import Examples
from t5tune.recipe.sections.kept_task import KeptTask
from t5tune.reporting.beside.kinds import keep
from t5tune.reporting.beside.report_section import Section, put_alarms_first
from t5tune.reporting.html.report_page import render_html
from t5tune.reporting.reports.report_building import build_report
from t5tune.reporting.reports.report_details import ReportDetails
from t5tune.reporting.reports.report_terminal import print_report
from t5tune.scoring.diagnosis.evidence import Evidence

SOURCES = [f"this is sentence number {i} of the test" for i in range(40)]
REFERENCES = [f"dies ist der Satz Nummer {i} im Test" for i in range(40)]


def output(title: str, tuned: list[str]) -> keep._KeptOutput:
    task = KeptTask(name=title, task="text2text", file="x.tsv", metrics=["chrf"])
    examples = Examples(title, SOURCES, [[one] for one in REFERENCES])
    return keep._KeptOutput(task, examples, {"base": REFERENCES, "tuned": tuned})


def test_a_loss_is_the_first_sentence_of_every_form() -> None:
    spoilt = ["etwas anderes"] * 40
    section = keep._build_section(
        [output("copying", list(REFERENCES)), output("numbers", spoilt)], "base-model", "abcdef012"
    )
    assert section.alarm == "Fine-tuning has made the model significantly worse at numbers."
    assert section.values["lost"] == ["numbers"]
    assert [row[-1] for row in section.tables[0].rows] == ["the same outputs", "worse (p < 0.05)"]
    assert len(section.tables[1].rows) == 3
    report = build_report(Evidence(["a b"], [["a b"]]), ["chrf"])
    other = Section("contrastive", "Contrastive sets")
    report = replace(report, beside=put_alarms_first([other, section]))
    assert [one.name for one in report.beside] == ["keep", "contrastive"]
    markdown = report.to_markdown()
    shown = io.StringIO()
    print_report(report, Console(file=shown, width=200))
    page = render_html(report, ReportDetails())
    for text, score in ((markdown, "| chrF2"), (shown.getvalue(), "chrF2++"), (page, "chrF2++ is")):
        assert 0 < text.index(section.alarm) < text.index(score)
    assert "base-model at commit abcdef0" in markdown


def test_nothing_lost_is_no_alarm() -> None:
    section = keep._build_section([output("copying", list(REFERENCES))], "base", None)
    assert section.alarm is None
    assert len(section.tables) == 1
