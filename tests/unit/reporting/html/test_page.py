"""Test report.html without a browser: its content, and that texts stay texts."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from typing import Any

import pytest

from t5tune.reporting.beside.report_section import Section, SectionTable
from t5tune.reporting.html.charts import chart_columns
from t5tune.reporting.html.page import breakable
from t5tune.reporting.html.report_page import render_comparison_html, render_html
from t5tune.reporting.reports.report import Origin, Report
from t5tune.reporting.reports.report_building import build_report
from t5tune.reporting.reports.report_details import Provenance, ReportDetails
from t5tune.scoring.diagnosis.evidence import Evidence
from t5tune.scoring.diagnosis.findings import Alignment, Breakdown, Bucket, Finding, TrainingCurve
from t5tune.scoring.score import Score, ScoringOptions
from t5tune.scoring.significance.comparison import Comparison, compare_systems
from t5tune.scoring.system_output import SystemOutput
from tests.hostile_texts import HOSTILE_TEXTS

VOID = {"meta", "input", "br", "img", "link", "hr", "wbr"}
ALIGNMENT = Alignment(1, ("▁a", "<b>"), ("x", "</s>"), ((0.25, 0.75), (1.0, 0.0)))


def report_of(texts: list[str], origin: Origin = Origin(), **known: Any) -> Report:
    """Return a report whose texts all come from `texts`."""
    references = [[text + " more"] for text in texts]
    evidence = Evidence(texts, references, sources=texts, **known)
    return build_report(evidence, ["bleu", "ter"], origin=origin)


def hostile_report() -> tuple[Report, ReportDetails]:
    report = report_of(
        list(HOSTILE_TEXTS),
        Origin(run=HOSTILE_TEXTS[0], split=HOSTILE_TEXTS[2], engine=HOSTILE_TEXTS[7]),
        decoding={HOSTILE_TEXTS[3]: HOSTILE_TEXTS[4]},
        reached_limit=[index == 0 for index in range(len(HOSTILE_TEXTS))],
    )
    worst = Score(HOSTILE_TEXTS[2], 12.0, HOSTILE_TEXTS[3], (10.0, 14.0))
    finding = Finding("name", HOSTILE_TEXTS[4], 1, 15, (2,), HOSTILE_TEXTS[3], True)
    report = dataclasses.replace(
        report,
        scores=(*report.scores, worst),
        findings=(finding,),
        breakdowns=(Breakdown("b", HOSTILE_TEXTS[0], (Bucket(HOSTILE_TEXTS[2], 15, (worst,)),)),),
        beside=(
            Section(
                "keep",
                HOSTILE_TEXTS[0],
                (HOSTILE_TEXTS[1],),
                (SectionTable(HOSTILE_TEXTS[:2], (HOSTILE_TEXTS[2:4],), HOSTILE_TEXTS[4]),),
                alarm=HOSTILE_TEXTS[2],
            ),
        ),
    )
    return report, ReportDetails(
        alignments=(ALIGNMENT,),
        curves=(TrainingCurve(HOSTILE_TEXTS[2], (1, 2), (3.0, 4.0)),),
        provenance=Provenance(
            ((HOSTILE_TEXTS[0], HOSTILE_TEXTS[3]), ("Command", HOSTILE_TEXTS[2])), HOSTILE_TEXTS[4]
        ),
    )


def comparison_of(texts: list[str]) -> Comparison:
    references = [[text + " more"] for text in texts]
    return compare_systems(
        {
            "<b>first": SystemOutput(texts, references),
            "second": SystemOutput([text + " x" for text in texts], references),
        },
        ["bleu"],
        ScoringOptions(),
        num_processes=1,
    )


class Page(HTMLParser):
    """Collect the elements of a page; fail if one is not closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.contents: dict[int, str] = {}
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len({name for name, _ in attrs}) == len(attrs), f"attribute twice: {attrs}"
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] not in ("script", "style"):
            return
        i = len(self.elements) - 1
        self.contents[i] = self.contents.get(i, "") + data

    def texts(self, tag: str) -> list[str]:
        return [
            self.contents.get(i, "") for i, (name, _) in enumerate(self.elements) if name == tag
        ]

    def data(self) -> dict[str, Any]:
        (text,) = (
            self.contents[i]
            for i, (_, attributes) in enumerate(self.elements)
            if attributes.get("id") == "data"
        )
        value: dict[str, Any] = json.loads(text)
        return value


PAGES = {
    "plain": lambda: render_html(
        report_of(["a b c", "d e f"], Origin(run="tiny", split="test")), ReportDetails()
    ),
    "hostile": lambda: render_html(*hostile_report()),
    "comparison": lambda: render_comparison_html(comparison_of(list(HOSTILE_TEXTS[:13]))),
}


@pytest.fixture(params=PAGES)
def text(request: pytest.FixtureRequest) -> str:
    return PAGES[request.param]()


def test_the_page_is_well_formed_and_has_only_our_own_elements(text: str) -> None:
    page = Page(text)
    names = {name for name, _ in page.elements}
    assert not names & {"img", "iframe", "object", "embed", "link", "base", "b", "textarea"}
    assert [name for name, _ in page.elements].count("script") == 2
    assert [name for name, _ in page.elements].count("style") == 1
    assert [name for name, _ in page.elements].count("h1") == 1
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_the_page_refers_only_to_itself(text: str) -> None:
    page = Page(text)
    for _, attributes in page.elements:
        assert not [name for name in attributes if name.startswith("on")]
        assert not attributes.keys() & {"src", "srcset", "action", "style", "xlink:href", "data"}
        assert (attributes.get("href") or "#").startswith("#")
    (style,) = page.texts("style")
    assert "url(" not in style
    assert "@import" not in style
    addresses = set(re.findall(r"https?://[\w./]+", text))
    assert addresses <= {"http://www.w3.org/2000/svg"}  # a namespace, from which nothing is loaded


def test_only_the_script_and_the_style_in_the_file_may_run(text: str) -> None:
    page = Page(text)
    (policy,) = (
        attributes["content"]
        for _, attributes in page.elements
        if attributes.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy is not None
    directives = dict(part.split(" ", 1) for part in policy.split("; "))
    assert directives["default-src"] == "'none'"
    for directive, content in (
        ("script-src", page.texts("script")[-1]),
        ("style-src", page.texts("style")[0]),
    ):
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert directives[directive] == f"'sha256-{digest}'"


def test_the_script_never_makes_markup_or_code_of_a_text() -> None:
    script = Page(PAGES["plain"]()).texts("script")[-1]
    for word in (
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "new Function",
        "fetch(",
        "XMLHttpRequest",
        "import(",
        "createContextual",
    ):
        assert word not in script


def test_texts_arrive_as_they_were() -> None:
    data = Page(PAGES["hostile"]()).data()
    assert data["sources"] == list(HOSTILE_TEXTS)
    assert data["systems"][0]["hypotheses"] == list(HOSTILE_TEXTS)
    assert data["references"] == [[text + " more"] for text in HOSTILE_TEXTS]
    assert data["alignments"][0]["source"] == ["▁a", "<b>"]


def test_texts_in_the_markup_are_escaped_and_control_characters_are_seen() -> None:
    text = PAGES["hostile"]()
    assert f"<h1>{'&lt;/script&gt;&lt;script&gt;'}" in text
    assert "nul [U+0000] escape [U+001B][31m c1 [U+0085]" in text
    assert "\x00" not in text
    text.encode("utf-8")  # a lone surrogate could not be encoded


def test_the_same_input_gives_the_same_bytes_in_another_process() -> None:
    program = (
        "import hashlib; from tests.unit.reporting.html.test_page import PAGES\n"
        "print(*[hashlib.sha256(render().encode()).hexdigest() for render in PAGES.values()])"
    )
    hashes = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(hashes) == 1


def test_the_page_without_examples_is_small() -> None:
    assert len(PAGES["plain"]().encode()) < 100_000


def test_all_examples_of_a_finding_can_be_filtered() -> None:
    report = report_of([f"a {i}" for i in range(9)], reached_limit=[i != 4 for i in range(9)])
    filters = Page(render_html(report, ReportDetails())).data()["filters"]
    (at_limit,) = [one for one in filters if one["name"] == "hit_length_limit"]
    assert at_limit["examples"] == [0, 1, 2, 3, 5, 6, 7, 8]


def test_a_report_without_its_examples_is_refused() -> None:
    report = report_of(["a", "b"])
    with pytest.raises(ValueError, match="1 examples in a report of 2"):
        render_html(dataclasses.replace(report, examples=report.examples[:1]), ReportDetails())


def test_a_score_that_is_nan_is_shown_as_none() -> None:
    report = report_of(["a"])
    endless = dataclasses.replace(report.examples[0], score=float("inf"))
    report = dataclasses.replace(report, examples=(endless,))
    data = Page(render_html(report, ReportDetails())).data()
    assert data["systems"][0]["scores"] == [None]


def test_a_signature_may_break_after_its_separators_and_stays_text() -> None:
    assert breakable("nrefs:1|tok:<b>|v:2") == "nrefs:1|<wbr>tok:&lt;b&gt;|<wbr>v:2"
    assert "nrefs:1|<wbr>" in PAGES["plain"]()


@pytest.mark.parametrize("num_charts", range(2, 13))
def test_no_chart_is_alone_in_its_row(num_charts: int) -> None:
    columns = int(chart_columns(num_charts).removeprefix("columns-"))
    assert num_charts % columns != 1


def test_what_was_not_found_is_one_line() -> None:
    found = Finding("a", "fault a", 3, 200, (1, 2, 3), "x=1")
    absent = [Finding(name, f"fault {name}", 0, 200) for name in "bcd"]
    skipped = Finding("e", "fault e", 0, 0)
    report = dataclasses.replace(report_of(["a b"]), findings=(found, *absent, skipped))
    page = render_html(report, ReportDetails())
    table = page[page.index('id="findings"') : page.index('id="examples"')]
    assert table.count('role="rowheader"') == 1
    assert "Looked for and not found: fault b (in 200); fault c (in 200); fault d (in 200)." in page
    assert "Not looked for, since no example could show it: fault e." in page
    assert [one["name"] for one in Page(page).data()["filters"]] == ["a"]
    none = dataclasses.replace(report, findings=tuple(absent))
    text = render_html(none, ReportDetails())
    assert 'role="rowheader">fault' not in text
