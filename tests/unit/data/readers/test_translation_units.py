"""Test TMX and XLIFF: which texts are taken of a unit, and what is left out and said."""

from __future__ import annotations

import gzip
from pathlib import Path

import psutil
import pytest

from t5tune.data.examples import load_examples
from t5tune.data.readers.sources import load_split, open_split
from t5tune.errors import T5TuneError
from t5tune.recipe.sections.data_entry import DataEntry
from tests.tiny_sections import as_data


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def load(
    text: str, name: str = "a.tmx", languages: tuple[str | None, str | None] = ("en", "de"),
    **fields: object,
) -> list[tuple[str, list[str]]]:  # fmt: skip
    Path(name).write_text(text, encoding="utf-8")
    entry = as_data(DataEntry.model_validate({"file": name, **fields}))
    return [(source, texts) for source, texts in load_split(entry, "train", *languages)]


def refuse(text: str, name: str = "a.tmx", **fields: object) -> T5TuneError:
    with pytest.raises(T5TuneError) as caught:
        load(text, name, **fields)  # type: ignore[arg-type]
    assert caught.value.next_command
    return caught.value


def tmx(*units: dict[str, str], head: str = "") -> str:
    body = "".join(
        "<tu><note>n</note>"
        + "".join(f'<tuv xml:lang="{tag}"><seg>{text}</seg></tuv>' for tag, text in unit.items())
        + "</tu>\n"
        for unit in units
    )
    doctype = head or '<!DOCTYPE tmx SYSTEM "tmx14.dtd">'
    header = '<header srclang="en"><prop type="x">y</prop></header>'
    return f'<?xml version="1.0"?>\n{doctype}<tmx version="1.4">{header}<body>{body}</body></tmx>'


def test_a_language_is_found_with_its_region_and_in_any_order() -> None:
    both = tmx({"DE-AT": "eins", "fr": "un", "en-US": "one"}, {"en-us": "two", "de-AT": "zwei"})
    assert load(both.replace("DE-AT", "de-AT").replace("en-us", "en-US")) == [
        ("one", ["eins"]), ("two", ["zwei"]),
    ]  # fmt: skip
    for languages in (("eng_Latn", "deu_Latn"), ("en_XX", "de_DE"), ("EN", "DE")):
        assert load(tmx({"en": "one", "de": "eins"}), languages=languages) == [("one", ["eins"])]
    regions = tmx({"en-US": "one", "de-DE": "eins"})
    assert load(regions, languages=("en_XX", "de_DE")) == [("one", ["eins"])]
    assert load(tmx({"en": "one", "de": "eins"}), languages=("de", "en")) == [("eins", ["one"])]
    # A recipe without languages names them as columns.
    named = load(tmx({"en": "a", "de": "b"}), languages=(None, None), source="en", target="de")
    assert named == [("a", ["b"])]
    assert "several languages" in refuse(tmx(), languages=(None, None)).message


def test_a_region_that_is_not_unique_is_named() -> None:
    units = {"en-US": "color", "de": "Farbe"}, {"en-GB": "colour", "de": "Farbe"}
    error = refuse(tmx(*units))
    assert error.message == "a.tmx, unit 2: en is en-US or en-GB."
    assert error.next_command == "add `source: en-US` to data.train   # or the other one"
    assert load(tmx(*units), source="en-GB") == [("colour", ["Farbe"])]
    # A tag that is exactly the one that is wanted leaves no choice.
    assert load(tmx({"en-US": "color", "en": "hue", "de": "Farbe"})) == [("hue", ["Farbe"])]
    both = tmx({"en": "hue", "en-US": "color", "de": "Farbe"})
    assert load(both, source="en-US") == [("color", ["Farbe"])]


def test_units_without_a_language_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    text = tmx({"en": "1", "de": "2"}, {"en": "3"}, {"en": "4", "fr": "5"}, {"fr": "6"})
    assert load(text) == [("1", ["2"])]
    said = "2 of 4 units of a.tmx have no text in de and were left out"
    assert f"data.train: {said}" in capsys.readouterr().err
    remarks = load_examples(as_data(DataEntry(file="a.tmx")), "test", "en", "de").remarks
    assert remarks == (said, "1 of 4 units of a.tmx have no text in en or de and were left out")
    error = refuse(tmx({"en": "1"}, {"fr": "2"}))
    assert "none of 2 units has texts in both en and de (languages: en, fr)" in error.message


def test_codes_are_left_out_and_marked_text_is_kept() -> None:
    seg = 'a <bpt i="1">&lt;b&gt;<sub>s</sub></bpt>b<ept i="1">x</ept> '
    seg += "<hi>c <ph>y</ph>d</hi><!-- --> &amp;"
    assert load(tmx({"en": seg, "de": "<ut>z</ut>e\n f "})) == [("a b c d &", ["e\n f "])]
    one = '<trans-unit id="1"><source>a <g id="1">b</g><x id="2"/> <ph id="3">&lt;br&gt;</ph>'
    one += "<mrk>c</mrk></source><seg-source>no</seg-source><target>d</target>"
    one += "<alt-trans><source>no</source><target>no</target></alt-trans></trans-unit>"
    file = '<file source-language="en-US" target-language="de"><header/><body>{}</body></file>'
    text = f"<xliff>{file.format(f'<group>{one}</group>')}{file.format(one)}</xliff>"
    assert load(text, "a.xliff") == [("a b c", ["d"])] * 2
    two = '<segment state="final"><source>a <pc id="1">b</pc><ph id="2"/><cp hex="0001"/></source>'
    two += "<target>c</target></segment><ignorable><source> </source></ignorable>"
    text = f'<xliff srcLang="en" trgLang="de"><file><unit><notes/>{two}{two}</unit></file></xliff>'
    assert load(text, "a.xlf") == [("a b\x01", ["c"])] * 2


def test_several_translations_are_references() -> None:
    variants = '<tuv lang="de"><seg>B</seg></tuv><tuv lang="de"><seg>C</seg></tuv>'
    text = f'<tmx><body><tu><tuv lang="en"><seg>a</seg></tuv>{variants}</tu></body></tmx>'
    assert load(text) == [("a", ["B", "C"])]


def test_units_that_are_not_translated_and_files_of_other_languages(
    capsys: pytest.CaptureFixture[str],
) -> None:
    unit = "<trans-unit><source>{}</source>{}</trans-unit>"
    file = '<file source-language="{}" {}><body>{}</body></file>'
    text = "<xliff>" + "".join(
        [
            file.format("de", 'target-language="en"', unit.format("D", "<target>E</target>")),
            file.format("en", "", unit.format("a", "<target>b</target>")),
            file.format("en", 'target-language="de"', unit.format("a", "<target/>")),
        ]
    )
    assert load(text + "</xliff>", "a.xlf") == [("E", ["D"])]
    assert "2 of 3 units of a.xlf have no text in de" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("head", "text", "message"),
    [
        (
            '<!DOCTYPE tmx [<!ENTITY x SYSTEM "secret">]>',
            "&x;",
            "uses the entity &x;, which is not",
        ),
        ('<!DOCTYPE tmx [<!ENTITY x "y"><!ENTITY z "&x;&x;">]>', "&z;", "uses the entity &z;"),
        ("", "&none;", "uses the entity &none;"),
        ("", "<b>", "is not readable as TMX"),
        ("", "\x01", "is not readable as TMX"),
    ],
)
def test_what_a_document_asks_for_is_not_done(head: str, text: str, message: str) -> None:
    Path("secret").write_text("password")
    error = refuse(tmx({"en": text, "de": "a"}, head=head))
    assert message in error.message
    assert "password" not in error.message


def test_what_is_not_the_format() -> None:
    assert "a.tmx is not TMX: its root is not <tmx>" in refuse("<html><tu/></html>").message
    assert "a.xlf is not XLIFF" in refuse(tmx(), "a.xlf").message
    assert "is not readable as TMX" in refuse("en\tde\n").message
    assert "which has no encoding" in refuse(tmx(), encoding="cp1252").message
    Path("b.tmx.gz").write_bytes(gzip.compress(tmx({"en": "a", "de": "b"}).encode()))
    data = as_data(DataEntry(file="b.tmx.gz"))
    assert load_split(data, "train", "en", "de") == [("a", ["b"])]


@pytest.mark.parametrize("name", ["a.tmx", "a.xlf"])
def test_what_is_held_is_not_the_document(name: str) -> None:
    units = [{"en": f"{i} " * 100, "de": "x" * 500} for i in range(10_000)]
    text = tmx(*units)
    if name == "a.xlf":
        rows = "".join(
            f"<group><trans-unit><source>{unit['en']}</source><target>{unit['de']}</target>"
            "</trans-unit></group>"
            for unit in units
        )
        file = f'<file source-language="en" target-language="de"><body>{rows}</body></file>'
        text = f"<xliff>{file}</xliff>"
    Path(name).write_text(text)
    assert len(text) > 9_000_000
    del text, units
    process = psutil.Process()
    split = open_split(as_data(DataEntry(file=name)), "train", "en", "de")
    next(split.read())
    before, peak = process.memory_info().rss, 0
    for number, _ in enumerate(split.read()):
        if number % 1000 == 0:
            peak = max(peak, process.memory_info().rss)
    assert number == 9_999
    assert peak - before < 4_000_000
