"""Test the reading of contrastive sets, and the one that ships."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from t5tune.data.contrastive_sets import load_contrastive_set
from t5tune.errors import T5TuneError
from t5tune.scoring.contrastive_accuracy import ANTI, PRO, ContrastiveItem


def test_a_set_is_read_from_json_lines_and_from_a_table(tmp_path: Path) -> None:
    rows = [
        {"source": "a", "right": "r", "wrong": ["w", "v"], "category": "number"},
        {"source": "b", "right": "r", "wrong": "w", "category": ["x", "y"], "group": 3},
    ]
    path = tmp_path / "mine.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    expected = (
        ContrastiveItem("a", "r", ("w", "v"), ("number",)),
        ContrastiveItem("b", "r", ("w",), ("x", "y"), "3"),
    )
    read = load_contrastive_set(str(path))
    assert (read.name, read.items) == ("mine", expected)
    table = tmp_path / "mine.tsv"
    table.write_text(
        "source\tright\twrong\twrong2\tcategory\tgroup\na\tr\tw\tv\tnumber\t\nb\tr\tw\t\tx; y\t3\n"
    )
    assert load_contrastive_set(str(table)).items == expected


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ({"source": "a", "wrong": "w"}, "`right` is missing"),
        ({"source": "a", "right": "r"}, "`wrong` is neither"),
        ({"source": "a", "right": "r", "wrong": ["w", "r"]}, "among the wrong ones"),
    ],
)
def test_a_row_that_is_no_item_is_named(tmp_path: Path, row: object, problem: str) -> None:
    path = tmp_path / "mine.jsonl"
    path.write_text(json.dumps(row) + "\n")
    with pytest.raises(T5TuneError, match=problem) as error:
        load_contrastive_set(str(path))
    assert "mine.jsonl, line 1" in error.value.message


def test_the_set_that_ships_is_balanced_and_differs_in_the_noun_phrase_alone() -> None:
    items = load_contrastive_set("occupations-en-de").items
    assert len(items) == len(set(items)) == 960
    counts = Counter(name for item in items for name in item.categories)
    assert counts == {PRO: 480, ANTI: 480, "feminine": 480, "masculine": 480}
    assert set(Counter(item.group for item in items).values()) == {24}
    articles = {"der", "die", "den", "dem", "das"}
    for item in items:
        right, wrong = item.right.split(), item.wrong[0].split()
        differing = [i for i, (a, b) in enumerate(zip(right, wrong, strict=True)) if a != b]
        first, last = differing
        assert last == first + 1
        assert right[first].lower() in articles
        assert not any(mark in item.source + item.right for mark in "{}[]|")
    by_source = {item.source: item for item in items}
    one = by_source["I thanked the nurse because he had helped me."]
    assert one.right == "Ich dankte dem Krankenpfleger, weil er mir geholfen hatte."
    assert one.wrong == ("Ich dankte der Krankenschwester, weil er mir geholfen hatte.",)
    assert one.categories == (ANTI, "masculine")
