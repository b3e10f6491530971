"""Test that cleaning is the same however the data is read, and what its report says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from t5tune.data.cleaning.cleaner import Cleaner, build_cleaner
from t5tune.data.cleaning.cleaning_report import NUM_EXAMPLES, CleaningReport
from t5tune.data.cleaning.kept_rows import KeptRows, SeenKeys, find_kept_rows
from t5tune.data.pairs import Cleaning, Pairs
from t5tune.data.store.data_identity import identify_data
from t5tune.errors import T5TuneError
from t5tune.recipe.sections.cleaning_section import CleaningSection
from t5tune.recipe.sections.data_section import DataSection

TEXTS = [f"line {i % 37} of {i % 5}" for i in range(200)]
PAIRS = [
    (" " if i % 41 == 7 else text, f"<b>{text}" if i % 29 == 3 else text.replace("of", "OF,"))
    for i, text in enumerate(TEXTS)
]


def cleaner_of(**rules: object) -> Cleaner:
    cleaner = build_cleaner(CleaningSection.model_validate(rules), (None, None))
    assert cleaner is not None
    return cleaner


def chunks(size: int) -> Iterator[Pairs]:
    for start in range(0, len(PAIRS), size):
        yield Pairs(*map(list, zip(*PAIRS[start : start + size], strict=True)))


def clean(size: int, **rules: object) -> KeptRows:
    return find_kept_rows(cleaner_of(**rules), chunks(size))


def test_neither_chunks_nor_processes_change_what_is_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rules = {"html": True, "duplicates": {"sides": "source"}}
    expected = []
    seen: set[str] = set()
    for source, target in PAIRS:
        is_good = bool(source.strip()) and "<b>" not in target
        expected.append(is_good and source not in seen)
        seen |= {source} if is_good else set()
    monkeypatch.setattr("t5tune.data.parallel_map.count_cores", lambda: 1)
    whole = clean(1000, **rules)
    assert whole.is_kept.tolist() == expected
    assert list(whole.report.counts) == ["blank", "html", "duplicates"]
    assert whole.report.num_dropped == expected.count(False)
    monkeypatch.setattr("t5tune.data.parallel_map.count_cores", lambda: 2)
    shared = clean(7, **rules)
    assert shared.is_kept.tolist() == expected
    assert shared.report == whole.report
    assert CleaningReport.from_json(whole.report.to_json()).to_json() == whole.report.to_json()
    for name, examples in whole.report.examples.items():
        assert len(examples) == min(NUM_EXAMPLES, whole.report.counts[name])
        assert all(PAIRS[one.row - 1] == (one.source, one.target) for one in examples)
    # The rows are those of every later pass, however it is read.
    kept = [
        pair for pairs in Cleaning(whole).clean(chunks(11)) for pair in zip(*pairs, strict=True)
    ]
    assert kept == [pair for pair, stays in zip(PAIRS, expected, strict=True) if stays]


def test_normalized_duplicates_ignore_case_and_punctuation() -> None:
    cleaner = cleaner_of(normalized_duplicates=True)
    texts = ["Ein Haus!", "ein  haus", "ein Hauß", "की", "का", "!", "?"]
    kept = find_kept_rows(cleaner, [Pairs(texts, ["a"] * len(texts))])
    assert kept.is_kept.tolist() == [True, False, True, True, True, True, True]


def test_keys_that_occurred_before_are_known() -> None:
    draw = np.random.default_rng(1)
    seen, known = SeenKeys(), set[int]()
    for size in (5, 0, 900, 3, 40, 2000, 1):
        keys = draw.integers(0, 1500, size).astype(np.uint64)
        expected = []
        for key in keys.tolist():
            expected.append(key in known)
            known.add(key)
        assert seen.add(keys).tolist() == expected


def test_a_rule_that_leaves_nothing_is_named() -> None:
    with pytest.raises(T5TuneError, match=r"data\.cleaning\.too_long leaves out 1\d\d of 200"):
        clean(50, too_long={"characters": 1})
    with pytest.raises(T5TuneError, match="every example has a blank source"):
        find_kept_rows(cleaner_of(html=True), [Pairs([" "], ["a"])])
    report = clean(50, html=True, too_long={"characters": 12}).report
    said = list(report.describe())
    assert said[0].startswith("cleaning left out ")
    assert "html 7" in said[0]
    assert any("the rule too_long alone leaves out" in sentence for sentence in said[1:])
    json.dumps(report.to_json())


def test_rules_and_normalizations_make_other_stores_and_their_absence_none(tmp_path: Path) -> None:
    file = tmp_path / "a.tsv"
    file.write_text("en\tde\na\tb\n", encoding="utf-8")

    def values_of(**keys: object) -> dict[str, object]:
        entry = {"file": str(file)}
        section = DataSection.model_validate({"train": entry, "validation": entry, **keys})
        return identify_data(section, "train", "en", "de").values

    none = values_of()
    assert not {"cleaning", "normalization"} & none.keys()
    assert values_of(cleaning=[]) == none == values_of(cleaning={"html": False})
    others: list[dict[str, object]] = [
        {"cleaning": ["html"]},
        {"cleaning": ["html", "blank"]},
        {"cleaning": {"too_long": {"characters": 9}}},
        {"cleaning": "too_long"},
        {"normalization": ["nfc"]},
    ]
    assert len({json.dumps(values_of(**keys)) for keys in others} | {json.dumps(none)}) == 6
