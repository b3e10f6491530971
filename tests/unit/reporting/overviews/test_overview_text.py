"""Test what people read about the data of a recipe."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO

from rich.console import Console

from t5tune.reporting.overviews.overview_notes import NOTHING, format_share, list_notes
from t5tune.reporting.overviews.overview_text import format_overview, print_overview
from tests.data_overviews import build_overview, build_side


def test_what_stands_out_is_said_first_with_the_key_that_helps() -> None:
    overview = build_overview()
    notes = list_notes(overview)
    assert notes[0].startswith(
        "50.0 % of the test set is in the training data: 1 as the same pair."
    )
    assert (
        "33.0 % of the sources of data.train[1] are over data.max_source_length=40; 43 tokens "
        "hold 99 % of them." in notes
    )
    unknown = [note for note in notes if "unknown" in note]
    assert "unknown to the tokenizer: { " in unknown[0]
    assert any("loses the 300 line breaks" in note for note in notes)
    assert "data.train[1]: 2 blank pairs are left out." in notes
    assert not any(note.startswith("data.train[0]: 2 blank") for note in notes)  # cleaning has them
    assert list(format_overview(overview))[1 : len(notes) + 1] == notes

    clean = replace(build_side([5], 40), num_unknown=0, changed=[])
    (split, *_) = overview.splits
    quiet = replace(
        overview,
        splits=[replace(split, num_blank=0, source=clean, target=clean)],
        mixture=[],
        cleaning={},
        sets=[],
        overlaps=[],
    )
    assert list_notes(quiet) == []
    assert list(format_overview(quiet))[1] == NOTHING


def test_a_terminal_shows_every_section() -> None:
    stream = StringIO()
    print_overview(build_overview(), Console(file=stream, width=100))
    text = stream.getvalue()
    for title in ("Splits", "training mixture", "Lengths", "Characters", "Encoded examples",
                  "Cleaning", "Leaks", "Augmentation"):  # fmt: skip
        assert text.count(f"{title}\n") == 1
    assert "pair 2: " in text
    assert "\x1b" not in text
    assert "train.tsv, line 14" in text


def test_a_few_are_not_nothing() -> None:
    assert [format_share(*one) for one in ((0, 9), (1, 2), (1, 30_000), (1, 10**9))] == [
        "0.0 %", "50.0 %", "0.003 %", "0.001 %",
    ]  # fmt: skip
