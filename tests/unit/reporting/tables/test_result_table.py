"""Test the forms of a table of results."""

from __future__ import annotations

import csv

import pytest

from t5tune.reporting.tables.latex_table import escape_latex
from t5tune.reporting.tables.result_table import Column, ResultTable, format_plain, format_table

TABLE = ResultTable(
    (Column("score"), Column("shown", is_number=True, forms="text"), Column("exact", forms="csv")),
    (("BLEU", "27.36", "27.3591"), ("BLEU", "+0.10", "0.1"), ("a_b & c", "[1, 2]", '1,"2"')),
    ("BLEU: nrefs:1|case:mixed",),
    num_grouped=1,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r"50% of a_b & {c} #1 $", r"50\% of a\_b \& \{c\} \#1 \$"),
        ("~/x^2\\y", r"\textasciitilde{}/x\textasciicircum{}2\textbackslash{}y"),
        ("-0.5 and +1, but 1e-4, pre-2 and a-b", "$-$0.5 and $+$1, but 1e-4, pre-2 and a-b"),
        ("[1, 2]", "{[}1, 2]"),
        ("a\nb\x1bc", "a b c"),
        ("1 ± 2", r"1 $\pm$ 2"),
    ],
)
def test_latex_sets_texts_as_they_are(text: str, expected: str) -> None:
    assert escape_latex(text) == expected


def test_latex_is_a_table_of_booktabs() -> None:
    lines = format_table(TABLE, "latex").split("\n")
    assert lines[0] == r"% needs \usepackage{booktabs,graphicx}"
    assert lines[3].startswith(r"\resizebox{")  # no wider than the text
    assert lines[4] == r"\begin{tabular}{@{}lr@{}}"
    assert lines[6:12] == [
        r"score & shown \\",
        r"\midrule",
        r"BLEU & 27.36 \\",
        r"BLEU & $+$0.10 \\",
        r"\addlinespace",
        r"a\_b \& c & {[}1, 2] \\",
    ]
    assert r"BLEU: nrefs:1\textbar\allowbreak{}case:mixed\par" in lines
    beyond = ResultTable((Column("модель"),), ())
    assert "LuaLaTeX" in format_table(beyond, "latex").split("\n")[0]


def test_each_form_has_its_columns() -> None:
    assert list(csv.reader(format_table(TABLE, "csv").split("\n"))) == [
        ["score", "exact"],
        ["BLEU", "27.3591"],
        ["BLEU", "0.1"],
        ["a_b & c", '1,"2"'],
    ]
    formula = ResultTable((Column("run"),), (("=1+1",), ("-1",)))
    assert format_table(formula, "csv").split("\n")[1:] == ["'=1+1", "-1"]
    markdown = format_table(TABLE, "markdown").split("\n")
    assert markdown[:2] == ["| score | shown |", "| --- | ---: |"]
    assert markdown[4] == r"| a\_b \& c | \[1, 2\] |"
    assert format_plain(TABLE).split("\n")[:3] == [
        "score     shown",
        "BLEU      27.36",
        "BLEU      +0.10",
    ]
