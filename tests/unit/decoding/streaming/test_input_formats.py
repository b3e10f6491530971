"""Test that lines of tables and JSON stay the same except for the translation."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t5tune.decoding.streaming.input_format import LineFormat
from t5tune.decoding.streaming.input_formats.json_fields import JsonLinesFormat
from t5tune.decoding.streaming.input_formats.plain_text import TextFormat
from t5tune.decoding.streaming.lines import Line
from t5tune.decoding.translator import Hypothesis
from t5tune.errors import T5TuneError

N_BEST = [Hypothesis("ein\tTag", 3, False, -0.25), Hypothesis("Tage", 2, False, -1.0)]


def convert(format_: LineFormat, *lines: str) -> str:
    """Convert lines; the translations are the sources in capitals."""
    output = ""
    for number, text in enumerate(lines, start=1):
        entry = format_.parse(Line(number, text))
        found = [Hypothesis(entry.source.upper(), 1, False)] if entry.source.strip() else []
        output += format_.render(entry, found)
    return output


def test_text() -> None:
    assert convert(TextFormat(), "\ufeffone", "", " ", "two\r") == "ONE\n\n\nTWO\n"
    assert convert(TextFormat(as_json=True), "é", "") == (
        '{"source": "é", "translation": "É"}\n{"source": "", "translation": ""}\n'
    )


def test_n_best() -> None:
    entry = TextFormat().parse(Line(7, "a day"))
    rows = TextFormat(with_n_best=True).render(entry, N_BEST)
    assert rows == "7\t-0.2500\tein Tag\n7\t-1.0000\tTage\n"
    assert TextFormat(with_n_best=True).render(entry, []) == "7\t\t\n"
    found = json.loads(TextFormat(as_json=True, with_n_best=True).render(entry, N_BEST))
    assert found == {
        "source": "a day",
        "translation": "ein\tTag",
        "n_best": [{"text": "ein\tTag", "score": -0.25}, {"text": "Tage", "score": -1.0}],
    }


def test_json_lines() -> None:
    lines = [
        '{"en": "one", "n": 1.50, "x": "\\u00e9"}',
        ' { "x":{"en":"no"} , "en":"t\\"wo" } \r',
        "",
        '{"en": "a", "translation": null, "z": [1, 2]}',
        '{"en": ""}',
    ]
    assert convert(JsonLinesFormat("en", "translation"), *lines) == (
        '{"en": "one", "n": 1.50, "x": "\\u00e9", "translation": "ONE"}\n'
        ' { "x":{"en":"no"} , "en":"t\\"wo", "translation": "T\\"WO" } \r\n'
        "\n"
        '{"en": "a", "translation": "A", "z": [1, 2]}\n'
        '{"en": "", "translation": ""}\n'
    )


def test_json_lines_with_n_best() -> None:
    format_ = JsonLinesFormat("en", "de", with_n_best=True)
    entry = format_.parse(Line(1, '{"en": "a day"}'))
    assert json.loads(format_.render(entry, N_BEST)) == {
        "en": "a day",
        "de": "ein\tTag",
        "n_best": [{"text": "ein\tTag", "score": -0.25}, {"text": "Tage", "score": -1.0}],
    }


JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children),
    max_leaves=8,
)


@given(st.dictionaries(st.text(), JSON), st.text(), st.booleans(), st.sampled_from([None, 1]))
def test_any_object_keeps_its_fields(
    fields: dict[str, object], text: str, is_ascii: bool, indent: int | None
) -> None:
    fields = {**fields, "en": text}
    line = json.dumps(fields, ensure_ascii=is_ascii, indent=indent).replace("\n", " ")
    output = convert(JsonLinesFormat("en", "de"), line)
    assert output.count("\n") == 1
    found = json.loads(output)
    translation = found.pop("de")
    assert found == {key: value for key, value in fields.items() if key != "de"}
    assert "\n" not in translation


@pytest.mark.parametrize(
    "line",
    ["[]", "{", '{"en": "a"} x', '{"en" "a"}', "en", '{"en": "a",}', "[" * 100_000, '{"a": 01}',
     '{"en": "a" "b": 1}', '{"en": ' + "[" * 100_000, '{"en": "a", "en": "b"}',
     '{"en": "a", "translation": 1, "translation": 2}', '{"en": true}', '{"en": NaN}'],
)  # fmt: skip
def test_what_is_not_an_object(line: str) -> None:
    with pytest.raises(T5TuneError, match=r"Line 1 of in\.jsonl ") as caught:
        convert(JsonLinesFormat("en", "translation", name="in.jsonl"), line)
    assert caught.value.next_command in ("sed -n 1p in.jsonl", "--column NAME")


def test_what_is_not_translated_is_never_in_the_way() -> None:
    line = '{"n": ' + "9" * 5000 + ', "x": "\\ud800", "y": 1e400, "z": 1, "z": 2, "en": "a"}'
    output = convert(JsonLinesFormat("en", "translation"), line)
    assert output == line[:-1] + ', "translation": "A"}\n'


def test_fields_that_are_not_text() -> None:
    with pytest.raises(T5TuneError, match=r"no field 'en'.*did you mean eng"):
        convert(JsonLinesFormat("en", "translation"), '{"eng": "a"}')
    with pytest.raises(T5TuneError, match="'en' that is not a text"):
        convert(JsonLinesFormat("en", "translation"), '{"en": 1}')


def test_half_a_character_is_replaced() -> None:
    entry = JsonLinesFormat("en", "translation").parse(Line(1, '{"en": "a\\ud800b\\nc"}'))
    assert entry.source == "a\ufffdb c"
