"""Test report.html in headless Chromium, through its driver."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from t5tune.reporting.beside.report_section import Section, SectionTable
from t5tune.reporting.html.data_page import render_data_html
from t5tune.reporting.html.report_page import render_comparison_html, render_html
from t5tune.reporting.reports.report import Origin
from t5tune.reporting.reports.report_building import build_report
from t5tune.reporting.reports.report_details import Provenance, ReportDetails
from t5tune.scoring.compute import score_hypotheses
from t5tune.scoring.diagnosis.evidence import Evidence
from t5tune.scoring.diagnosis.findings import Alignment, Breakdown, Bucket, Finding, TrainingCurve
from t5tune.scoring.score import ScoringOptions
from t5tune.scoring.significance.comparison import compare_systems
from t5tune.scoring.system_output import SystemOutput
from tests.browser import (
    FIND_LOW_CONTRAST,
    empty_logs,
    emulate,
    find,
    list_requests,
    run,
    wait_for,
)
from tests.data_overviews import build_overview
from tests.hostile_texts import HOSTILE_TEXTS

NUM_EXAMPLES = 130
WIDTHS = {"desk": 1280, "phone": 390}


def example_texts() -> tuple[list[str], list[str], list[list[str]]]:
    """Return sources, hypotheses and references: hostile ones, then numbered sentences."""
    sources = list(HOSTILE_TEXTS)
    hypotheses = list(HOSTILE_TEXTS)
    references = [[text + " more"] for text in HOSTILE_TEXTS]
    for i in range(len(HOSTILE_TEXTS), NUM_EXAMPLES):
        sources.append(f"source number {i}")
        references.append([f"the cat sat on mat {i} today", f"a second reference {i}"])
        hypotheses.append(f"the dog sat on mat {i}" + " very" * (i % 7))
    return sources, hypotheses, references


@pytest.fixture(scope="module")
def report_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    sources, hypotheses, references = example_texts()
    report = build_report(
        Evidence(
            hypotheses,
            references,
            sources=sources,
            reached_limit=[index < 60 for index in range(len(hypotheses))],
            decoding={"num_beams": 4, HOSTILE_TEXTS[3]: HOSTILE_TEXTS[0]},
        ),
        ["bleu", "chrf"],
        origin=Origin(run="wmt-en-de", split=HOSTILE_TEXTS[2], engine="torch-fp32"),
    )
    scores = tuple(score_hypotheses(["bleu", "chrf"], SystemOutput(hypotheses, references)))
    tokens = ("▁the", "<b>", "x" * 40, "</s>")
    report = dataclasses.replace(
        report,
        scores=tuple(
            dataclasses.replace(score, confidence_interval=(score.value - 2, score.value + 2))
            for score in report.scores
        ),
        findings=(
            Finding("hit_length_limit", "stopped at the length limit", 60, NUM_EXAMPLES, (100,),
                    "decoding.max_new_tokens=160", True, tuple(range(70, NUM_EXAMPLES))),
            Finding("copied", HOSTILE_TEXTS[0], 3, NUM_EXAMPLES, (2, 120), HOSTILE_TEXTS[2]),
        ),
        breakdowns=(Breakdown("source_length", HOSTILE_TEXTS[2], (
            Bucket("1 to 10 words", 100, scores), Bucket(HOSTILE_TEXTS[0], 0, ()))),),
        beside=(Section("stress", "Hard sets", (HOSTILE_TEXTS[0],), (
            SectionTable(("sources", "examples"), ((HOSTILE_TEXTS[2], "13"), ("", "0"))),
            SectionTable(("source",), ((HOSTILE_TEXTS[3],),), HOSTILE_TEXTS[2], is_folded=True))),),
    )  # fmt: skip
    details = ReportDetails(
        alignments=(Alignment(3, tokens, tokens, ((0.1, 0.2, 0.3, 0.4),) * 4),),
        curves=(TrainingCurve("loss", (10, 20, 30), (3.0, 2.0, 1.0)),
                TrainingCurve("BLEU", (10, 20, 30), (3.0, 9.0, 8.0)),
                TrainingCurve("learning_rate", (10, 20, 30), (0.1, 0.2, 0.1)),
                TrainingCurve("chrF2++", (10, 20, 30), (3.0, 9.0, 8.0))),
        provenance=Provenance(
            (("Model", "t5 from random weights"), ("Test data", HOSTILE_TEXTS[0]),
             ("Command", "t5tune train tiny")), "name: tiny\n",
        ),
    )  # fmt: skip
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(render_html(report, details), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def comparison_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    sources, hypotheses, references = example_texts()
    others = [text.replace("dog", "cat") for text in hypotheses]
    third = [text.replace("mat", "hat") for text in hypotheses]
    references = [of_one[:1] for of_one in references]
    comparison = compare_systems(
        {
            "first": SystemOutput(hypotheses, references, sources),
            HOSTILE_TEXTS[2]: SystemOutput(others, references, sources),
            "third": SystemOutput(third, references, sources),
        },
        ["bleu", "ter"],
        ScoringOptions(),
        num_processes=1,
    )
    path = tmp_path_factory.mktemp("comparison") / "comparison.html"
    path.write_text(render_comparison_html(comparison), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def data_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("data") / "data.html"
    path.write_text(render_data_html(build_overview()), encoding="utf-8")
    return path


def show(
    browser: Any, path: Path, hash_: str = "", width: int = 1280, scheme: str = "light"
) -> None:
    """Reload a page, with empty logs."""
    browser.get("about:blank")
    empty_logs(browser)
    emulate(browser, width, scheme)
    browser.get(path.as_uri() + hash_)
    # The page follows its link in the frame after loading.
    browser.execute_async_script(
        "const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(done))"
    )


def column(browser: Any, number: int) -> list[str]:
    """Return the texts of one column of the table of examples, as shown."""
    cells: list[str] = run(
        browser,
        "return [...document.querySelectorAll('tr.example')]"
        ".map((row) => row.cells[arguments[0]].textContent)",
        number,
    )
    return cells


def choose(browser: Any, id_: str, value: str) -> None:
    run(
        browser,
        "const select = document.getElementById(arguments[0]); select.value = arguments[1];"
        "select.dispatchEvent(new Event('change', { bubbles: true }))",
        id_,
        value,
    )


def search(browser: Any, query: str) -> None:
    """Search at once; typing would make the page wait for more letters."""
    run(
        browser,
        "controls.query.value = view.query = arguments[0]; view.page = 0; draw()",
        query,
    )


def test_every_entry_of_the_menu_is_seen_on_a_phone(browser: Any, report_file: Path) -> None:
    show(browser, report_file, width=WIDTHS["phone"])
    names, cut = run(
        browser,
        "const links = [...document.querySelectorAll('.masthead nav a')];"
        "return [links.map((link) => link.textContent), links.filter((link) => {"
        "  const box = link.getBoundingClientRect();"
        "  const top = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);"
        "  return top !== link || box.left < 0 || box.right > innerWidth;"
        "}).map((link) => link.textContent)]",
    )
    assert names[-1] == "Origin"
    assert cut == []


@pytest.mark.parametrize("width", [700, 900, 1280])
def test_no_chart_stands_alone_beside_empty_places(
    browser: Any, report_file: Path, width: int
) -> None:
    show(browser, report_file, width=width)
    rows = run(
        browser,
        "const rows = {};"
        "for (const chart of document.querySelectorAll('.charts > *')) {"
        "  const box = chart.getBoundingClientRect();"
        "  (rows[Math.round(box.top)] ??= []).push(box.width);"
        "}"
        "const total = document.querySelector('.charts').getBoundingClientRect().width;"
        "return Object.values(rows).map((row) => [row.length, Math.max(...row) / total])",
    )
    assert sum(length for length, _ in rows) == 4
    assert [row for row in rows if row[0] == 1 and row[1] < 0.95] == []


def test_signatures_break_after_their_separators(browser: Any, report_file: Path) -> None:
    show(browser, report_file, width=WIDTHS["phone"])
    num_lines, cut = run(
        browser,
        "const code = document.querySelector('.signature code');"
        "const parts = [...code.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE);"
        "const rects = parts.map((part) => {"
        "  const range = document.createRange(); range.selectNodeContents(part);"
        "  return [...range.getClientRects()];"
        "});"
        "const tops = new Set(rects.flat().map((rect) => rect.top));"
        "return [tops.size, rects.filter((of) => of.length > 1).length]",
    )
    assert num_lines > 1
    assert cut == 0


def test_the_page_tells_where_it_comes_from(browser: Any, report_file: Path) -> None:
    show(browser, report_file)
    text = find(browser, "#origin .origin").text
    assert "Model\nt5 from random weights" in text
    assert "t5tune train tiny" in text
    assert run(browser, "return document.querySelector('.recipe').open") is False
    find(browser, ".recipe summary").click()
    assert "name: tiny" in find(browser, ".recipe pre").text


@pytest.mark.parametrize("kind", ["report", "comparison"])
@pytest.mark.parametrize("width", WIDTHS.values(), ids=list(WIDTHS))
def test_it_loads_nothing_logs_nothing_and_hostile_texts_stay_texts(
    browser: Any, kind: str, width: int, request: pytest.FixtureRequest
) -> None:
    path = request.getfixturevalue(f"{kind}_file")
    show(browser, path, width=width)
    title = browser.title
    for index in range(len(HOSTILE_TEXTS)):
        run(browser, "goToExample(arguments[0])", index)
    assert browser.get_log("browser") == []
    assert list_requests(browser) == [path.as_uri()]
    assert run(browser, "return performance.getEntriesByType('resource').length") == 0
    assert browser.title == title != "run"
    assert (
        run(browser, "return document.querySelectorAll('img, b, iframe, main script').length") == 0
    )
    shown = run(browser, "return document.querySelector('#detail-0 dd').textContent")
    assert shown == HOSTILE_TEXTS[0]
    assert "[U+0000]" in run(browser, "return document.querySelector('#detail-7 dd').textContent")


@pytest.mark.parametrize("kind", ["report", "comparison"])
@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_the_page_never_scrolls_sideways(
    browser: Any, kind: str, width: int, request: pytest.FixtureRequest
) -> None:
    show(browser, request.getfixturevalue(f"{kind}_file"), "#example-10", width=width)
    page, window = run(
        browser,
        "const root = document.documentElement; return [root.scrollWidth, root.clientWidth]",
    )
    assert window in (width, width - 15)  # with a scroll bar
    assert page <= window
    assert find(browser, "#detail-10").is_displayed()
    run(browser, "goToExample(10)")  # the text of a word of 10,000 letters
    widest = run(browser, "return document.getElementById('table').offsetWidth")
    assert widest <= window or width == 768  # between the two widths the table scrolls in its box
    clipped = run(
        browser,
        "return [...document.querySelectorAll('#table .words')]"
        ".filter((box) => box.scrollWidth > box.clientWidth + 1).length",
    )
    assert clipped == 0


@pytest.mark.parametrize("kind", ["report", "comparison"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_has_enough_contrast(
    browser: Any, kind: str, scheme: str, request: pytest.FixtureRequest
) -> None:
    show(browser, request.getfixturevalue(f"{kind}_file"), "#example-20", scheme=scheme)
    looked, found = run(browser, FIND_LOW_CONTRAST)
    assert looked > 300
    assert found == []


def test_sorting_by_a_header_and_by_the_list(browser: Any, report_file: Path) -> None:
    show(browser, report_file)
    header = "th:has([data-sort='score-0'])"
    assert find(browser, header).get_attribute("aria-sort") == "none"
    find(browser, "[data-sort='score-0']").click()
    assert find(browser, header).get_attribute("aria-sort") == "ascending"
    scores = [float(text) for text in column(browser, 1)]
    assert scores == sorted(scores)
    assert len(set(scores)) >= 5
    find(browser, "[data-sort='score-0']").click()
    assert find(browser, header).get_attribute("aria-sort") == "descending"
    scores = [float(text) for text in column(browser, 1)]
    assert scores == sorted(scores, reverse=True)
    # The header keeps the focus, so that a key sorts again.
    assert run(browser, "return document.activeElement.dataset.sort") == "score-0"
    choose(browser, "sort", "length-0 down")
    lengths = [int(text.split(" / ")[0]) for text in column(browser, 5)]
    assert lengths == sorted(lengths, reverse=True)
    assert lengths[0] > lengths[-1]


def test_searching_every_column(browser: Any, report_file: Path) -> None:
    show(browser, report_file)
    find(browser, "#query").send_keys("SOURCE number 12")
    wait_for(browser, "#status", "Rows 1–10 of 10 that match; 130 examples in all.")
    assert column(browser, 0) == [str(i) for i in range(120, 130)]
    search(browser, "second reference 57")
    assert column(browser, 0) == ["57"]
    search(browser, "</SCRIPT>")
    assert column(browser, 0) == ["0"]
    search(browser, "nowhere at all")
    assert column(browser, 0) == []
    assert find(browser, "#status").text == "No examples match."


def test_filtering_by_a_finding(browser: Any, report_file: Path) -> None:
    show(browser, report_file)
    choose(browser, "filter", "hit_length_limit")
    assert column(browser, 0) == [str(i) for i in range(70, 120)]
    find(browser, "#next").click()
    assert column(browser, 0) == [str(i) for i in range(120, 130)]
    choose(browser, "filter", "copied")
    assert column(browser, 0) == ["2", "120"]
    assert "The report names 2 of 3 with this finding." in find(browser, "#status").text
    choose(browser, "filter", "")
    assert len(column(browser, 0)) == 50


def test_pages(browser: Any, report_file: Path) -> None:
    show(browser, report_file)
    assert column(browser, 0) == [str(i) for i in range(50)]
    assert not find(browser, "#previous").is_enabled()
    find(browser, "#last").click()
    assert column(browser, 0) == [str(i) for i in range(100, 130)]
    assert find(browser, "#page-number").text == "Page 3 of 3"
    assert not find(browser, "#next").is_enabled()
    choose(browser, "page-size", "100")
    assert len(column(browser, 0)) == 100


def test_a_link_leads_to_an_example_on_whatever_page(browser: Any, report_file: Path) -> None:
    show(browser, report_file, "#example-117")
    assert find(browser, "#page-number").text == "Page 3 of 3"
    assert find(browser, "#detail-117 dd").text == "source number 117"
    place = run(
        browser, "return document.getElementById('example-117').getBoundingClientRect().top"
    )
    assert 0 < place < 200
    assert run(browser, "return document.activeElement.closest('tr').id") == "example-117"
    # Follow a finding's link while a filter hides the example.
    search(browser, "number 44")
    link = find(browser, ".findings a[href='#example-2']")
    run(browser, "arguments[0].scrollIntoView({ block: 'center' })", link)
    link.click()
    wait_for(browser, "#example-2 .toggle", "2")
    assert find(browser, "#detail-2").is_displayed()
    assert find(browser, "#query").get_attribute("value") == ""
    show(browser, report_file, "#example-9999")
    assert browser.get_log("browser") == []


def test_details_open_by_keyboard_and_close_again(browser: Any, report_file: Path) -> None:
    from selenium.webdriver.common.keys import Keys

    show(browser, report_file)
    toggle = find(browser, "#example-20 .toggle")
    toggle.send_keys(Keys.ENTER)
    assert toggle.get_attribute("aria-expanded") == "true"
    assert find(browser, f"#{toggle.get_attribute('aria-controls')}").is_displayed()
    toggle.send_keys(Keys.SPACE)
    assert toggle.get_attribute("aria-expanded") == "false"
    assert browser.find_elements("css selector", "#detail-20") == []


def test_differences_are_marked_by_more_than_colour(browser: Any, report_file: Path) -> None:
    show(browser, report_file)
    # Example 22: `the dog sat on mat 22 very` for `the cat sat on mat 22 today`.
    cell = "#example-22 td:nth-child(4)"
    swaps = browser.find_elements("css selector", f"{cell} .swap")
    pairs = [
        (
            swap.find_element("css selector", "ins").text,
            swap.find_element("css selector", "del").text,
        )
        for swap in swaps
    ]
    assert pairs == [("dog", "cat"), ("very", "today")]
    assert find(browser, f"{cell} ins").value_of_css_property("text-decoration-line") == "underline"
    assert (
        find(browser, f"{cell} del").value_of_css_property("text-decoration-line") == "line-through"
    )
    # Example 21 ends early: `today` is missing. Example 26 has `very` five times.
    missing = browser.find_elements("css selector", "#example-21 td:nth-child(4) > div > del")
    assert [mark.text for mark in missing] == ["today"]
    added = browser.find_elements("css selector", "#example-26 td:nth-child(4) > div > ins")
    assert [mark.text for mark in added] == ["very very very very"]
    sign = "return getComputedStyle(arguments[0], '::before').content"
    assert run(browser, sign, missing[0]) == '"−"'
    assert run(browser, sign, added[0]) == '"+"'
    choose(browser, "base", "none")
    assert browser.find_elements("css selector", "#table .mark") == []
    assert not find(browser, "#legend").is_displayed()


def test_the_words_of_a_text_come_back_in_order(browser: Any, report_file: Path) -> None:
    show(browser, report_file)
    for before, after in [
        ("a b c d", "a x c d e"), ("", "new words"), ("old words", ""), ("", ""), ("a a a", "a"),
        ("x y z", "p q r s"), ("Das ist gut.", "Das, ist nicht gut!"), ("这是句子", "这不是句子"),
    ]:  # fmt: skip
        runs = run(
            browser,
            "return compareWords(splitWords(arguments[0]), splitWords(arguments[1]), 1e6)"
            ".map((run) => [run.kind, run.old.map((w) => w.text), run.new.map((w) => w.text)])",
            before,
            after,
        )
        split = "return splitWords(arguments[0]).map((word) => word.text)"
        assert [word for _, old, _ in runs for word in old] == run(browser, split, before)
        assert [word for _, _, new in runs for word in new] == run(browser, split, after)
        assert all(old == new for kind, old, new in runs if kind == "same")
        assert all(len(old) == len(new) for kind, old, new in runs if kind == "swap")


def test_the_number_of_changes_is_the_edit_distance(browser: Any, report_file: Path) -> None:
    import random

    from rapidfuzz.distance import Levenshtein

    show(browser, report_file)
    draw = random.Random(1)
    pairs = [
        [[draw.choice("abcd") for _ in range(draw.randrange(12))] for _ in range(2)]
        for _ in range(300)
    ]
    counts = run(
        browser,
        "return arguments[0].map(([a, b]) => countChanges("
        "compareWords(splitWords(a.join(' ')), splitWords(b.join(' ')), 1e6)))",
        pairs,
    )
    assert counts == [Levenshtein.distance(before, after) for before, after in pairs]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_theme_follows_the_system_until_it_is_chosen(
    browser: Any, report_file: Path, scheme: str
) -> None:
    def brightness() -> float:
        color: str = run(browser, "return getComputedStyle(document.body).backgroundColor")
        return sum(map(int, color.removeprefix("rgb(").removesuffix(")").split(","))) / 3

    show(browser, report_file, scheme=scheme)
    run(browser, "localStorage.clear()")
    show(browser, report_file, scheme=scheme)
    assert (brightness() > 128) == (scheme == "light")
    button = find(browser, "#theme")
    button.click()
    assert (button.text, brightness() > 128) == ("Theme: light", True)
    button.click()
    assert (button.text, brightness() > 128) == ("Theme: dark", False)
    show(browser, report_file, scheme=scheme)
    assert (find(browser, "#theme").text, brightness() > 128) == ("Theme: dark", False)
    find(browser, "#theme").click()
    assert (brightness() > 128) == (scheme == "light")


def test_curves_are_read_with_the_arrow_keys(browser: Any, report_file: Path) -> None:
    from selenium.webdriver.common.keys import Keys

    show(browser, report_file)
    drawing = find(browser, "[data-curve]:nth-of-type(2) svg")
    readout = find(browser, "[data-curve]:nth-of-type(2) output")
    assert readout.text == "best 9.00 at step 20"
    drawing.send_keys(Keys.HOME)
    assert readout.text == "3.00 at step 10"
    drawing.send_keys(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
    assert readout.text == "8.00 at step 30"
    drawing.send_keys(Keys.ESCAPE)
    assert readout.text == "best 9.00 at step 20"


def test_heat_maps_have_every_weight_and_tell_it(browser: Any, report_file: Path) -> None:
    from selenium.webdriver.common.action_chains import ActionChains

    show(browser, report_file)
    cells = browser.find_elements("css selector", "#attention-3 .weight")
    assert len(cells) == 16
    assert [cell.get_attribute("fill-opacity") for cell in cells[:4]] == [
        "0.100", "0.200", "0.300", "0.400",
    ]  # fmt: skip
    ActionChains(browser).move_to_element(cells[6]).perform()
    assert find(browser, "#tooltip").text == f"<b> ← {'x' * 40}: 0.30"


def test_copy_buttons_copy(browser: Any, report_file: Path) -> None:
    show(browser, report_file)
    run(
        browser,
        "window.copied = []; document.execCommand = () => true;"
        "Object.defineProperty(navigator, 'clipboard', { value: {"
        " writeText: async (text) => window.copied.push(text) } })",
    )
    find(browser, ".scores .copy").click()
    find(browser, ".card .copy").click()
    signature, remedy = run(browser, "return window.copied")
    assert signature.startswith("BLEU ")
    assert "|tok:13a|" in signature
    assert remedy == "decoding.max_new_tokens=160"


def test_systems_side_by_side(browser: Any, comparison_file: Path) -> None:
    show(browser, comparison_file)
    headers = [cell.text for cell in browser.find_elements("css selector", "#table th")]
    assert [text.split("\n")[0].rstrip("↕▲▼ ") for text in headers] == [
        "#", "Source", "Reference", "first", HOSTILE_TEXTS[2], "third",
    ]  # fmt: skip
    find(browser, "[data-sort='score-1']").click()
    scores = [
        float(cell.text.split()[0])
        for cell in browser.find_elements("css selector", ".example td:nth-child(5) .cell-score")
    ]
    assert scores == sorted(scores)
    assert scores[0] < scores[-1]
    choose(browser, "sort", "difference-1 down")
    top = column(browser, 4)[0]
    assert " better" in top
    choose(browser, "sort", "difference-2 up")
    assert " worse" in column(browser, 5)[0]
    # Against the baseline, which has no marks itself, the others have marks at their one word.
    search(browser, "source number 21")
    choose(browser, "base", "0")
    assert browser.find_elements("css selector", "#example-21 td:nth-child(4) .mark") == []
    marks = browser.find_elements("css selector", "#example-21 td:nth-child(5) .mark")
    assert [mark.text for mark in marks] == ["cat", "dog"]
    assert len(browser.find_elements("css selector", "[data-histogram]")) == 2


@pytest.mark.parametrize("kind", ["report", "comparison"])
def test_it_prints_without_its_controls(
    browser: Any, kind: str, request: pytest.FixtureRequest
) -> None:
    show(browser, request.getfixturevalue(f"{kind}_file"), scheme="dark")
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        assert not find(browser, "#controls").is_displayed()
        assert not find(browser, "#pages").is_displayed()
        color = run(browser, "return getComputedStyle(document.body).backgroundColor")
        assert color == "rgb(255, 255, 255)"
        assert len(column(browser, 0)) == 50
    finally:
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1300])
def test_the_page_about_data_fits_can_be_read_and_loads_nothing(
    browser: Any, data_file: Path, width: int, scheme: str
) -> None:
    show(browser, data_file, width=width, scheme=scheme)
    run(browser, "document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    page, window = run(
        browser,
        "const root = document.documentElement; return [root.scrollWidth, root.clientWidth]",
    )
    assert window in (width, width - 15)  # with a scroll bar
    assert page <= window
    looked, found = run(browser, FIND_LOW_CONTRAST)
    assert looked > 300
    assert found == []
    assert browser.get_log("browser") == []
    assert browser.title != "run"
    count = "return document.querySelectorAll(arguments[0]).length"
    assert run(browser, count, "img, b, iframe, main script") == 0
    # Sources and targets of three splits, and of each of the two entries for training.
    assert run(browser, count, "#beside-lengths .chart") == 10
    # Bars and labels inside their charts.
    outside = run(
        browser,
        "return [...document.querySelectorAll('.chart svg :is(rect, text, line)')]"
        ".filter((one) => {"
        "  const [box, all] = [one, one.ownerSVGElement].map((it) => it.getBoundingClientRect());"
        "  return box.left < all.left - 1 || box.right > all.right + 1 || box.top < all.top - 1"
        "    || box.bottom > all.bottom + 1;"
        "}).map((one) => one.outerHTML)",
    )
    assert outside == []


def test_bars_of_lengths_tell_their_numbers(browser: Any, data_file: Path) -> None:
    from selenium.webdriver.common.action_chains import ActionChains

    show(browser, data_file)
    chart = find(browser, "#beside-lengths .chart")
    readout = chart.find_element("css selector", "output")
    assert readout.text == "median 28, longest 43, 99 over the limit of 40"
    assert len(chart.find_elements("css selector", ".limit")) == 1
    bar = chart.find_elements("css selector", ".catcher")[-1]
    ActionChains(browser).move_to_element(bar).perform()
    assert readout.text.endswith(" of 43 to 44 tokens")
    marked = [one.text for one in browser.find_elements("css selector", ".piece.unknown")]
    assert marked == ["<unk>", "<unk>"]
