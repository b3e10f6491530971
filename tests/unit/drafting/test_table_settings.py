"""Test how a table is recognized that somebody has saved somewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from t5tune.drafting.table_settings import find_settings
from t5tune.errors import T5TuneError

PAIRS = [(f"The {n} houses, they are old.", f"Die {n} Häuser sind alt; sehr.") for n in range(30)]


def write(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


def rows(delimiter: str, *, quote: str = "") -> str:
    return "".join(f"{quote}{a}{quote}{delimiter}{quote}{b}{quote}\n" for a, b in PAIRS)


@pytest.mark.parametrize(
    ("name", "text", "encoding", "keys"),
    [
        ("plain.tsv", "en\tde\n" + rows("\t"), "utf-8", {}),
        ("sheet.csv", "en;de\n" + rows(";", quote='"'), "cp1252",
         {"encoding": "cp1252", "delimiter": ";"}),
        ("bom.csv", "en,de\n" + rows(",", quote='"'), "utf-8-sig", {}),
        ("wide.csv", "en,de\n" + rows(",", quote='"'), "utf-16", {"encoding": "utf-16"}),
        ("tabs.csv", "en\tde\n" + rows("\t"), "utf-8", {"delimiter": "\t"}),
        ("quoted.tsv", '"en"\t"de"\n' + rows("\t", quote='"'), "utf-8",
         {"format": "csv", "delimiter": "\t"}),
        ("bare.tsv", rows("\t"), "utf-8", {"columns": ["column1", "column2"]}),
        ("pairs.dat", "Deutsch|English\n" + rows("|"), "utf-8",
         {"format": "csv", "delimiter": "|"}),
        ("lines.csv", "en,de\n" + rows(",", quote='"') + '"two\nlines","zwei\nZeilen"\n', "utf-8",
         {}),
        ("woorden.tsv", "woord\tuitspraak\nfiets\tf i ts\nschip\ts x I p\nei\tEI\n", "utf-8", {}),
        ("commas.csv", "source;target\n" + 7 * rows(";").replace("; sehr", ""), "utf-8",
         {"delimiter": ";"}),
        ("blank.csv", "English,German,,\n" + rows(",", quote='"').replace("\n", ",,\n"), "utf-8",
         {}),
        ("title.csv", "Captions;\n;\nEnglish;German\n" + rows(";", quote='"'), "utf-8",
         {"delimiter": ";", "skip_rows": 1}),
        ("excel.csv", "sep=;\nEnglisch;Deutsch\n" + rows(";", quote='"'), "utf-8",
         {"delimiter": ";", "skip_rows": 1}),
        ("report.tsv", "Captions\n\nby Anna\n\nEnglish\tGerman\n" + rows("\t"), "utf-8",
         {"skip_rows": 2}),
        ("alike.tsv", "Text\tText\n" + rows("\t"), "utf-8",
         {"columns": ["column1", "column2"], "skip_rows": 1}),
        ("gaps.tsv", "en\tde\n" + rows("\t").replace("\n", "\n\n\n"), "utf-8", {}),
        ("mac.tsv", "en\tde\r" + rows("\t").replace("\n", "\r"), "utf-8",
         {"format": "csv", "delimiter": "\t"}),
        ("open.csv", "en,de\n" + rows(",", quote='"') + '"never closed,x\n', "utf-8", {}),
    ],
)  # fmt: skip
def test_a_table_is_read_as_it_was_written(
    tmp_path: Path, name: str, text: str, encoding: str, keys: dict[str, object]
) -> None:
    assert find_settings(write(tmp_path / name, text, encoding)).keys == keys


RUSSIAN = "Старый дом у реки продали прошлой весной"
JAPANESE = "川のそばの古い家はこの春に売られました"
GREEK = "Το παλιό σπίτι δίπλα στο ποτάμι πουλήθηκε την άνοιξη"
FINNISH = "Vanha talo joen äärellä myytiin tänä keväänä työmiehille"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (RUSSIAN, "cp1251"), (RUSSIAN, "koi8_r"), (JAPANESE, "cp932"), (JAPANESE, "euc_jp"),
        (GREEK, "cp1253"), ("הבית הישן ליד הנהר נמכר באביב", "cp1255"),
        ("بيع البيت القديم بجانب النهر في الربيع", "cp1256"),
        ("河边的老房子去年春天卖掉了", "gb18030"),
        ("河邊的老房子去年春天賣掉了", "big5"),
        ("강가의 오래된 집은 지난 봄에 팔렸습니다", "cp949"),
        ("บ้านเก่าริมแม่น้ำถูกขายไปในฤดูใบไม้ผลิ", "cp874"), (FINNISH, "cp1252"),
        ("Das alte Häuschen über der Straße wurde verkauft", "cp1252"),
    ],
)  # fmt: skip
def test_the_letters_tell_the_encoding(tmp_path: Path, text: str, encoding: str) -> None:
    lines = "".join(f"The old house {n};{text} {n}\n" for n in range(20))
    settings = find_settings(write(tmp_path / "a.csv", f"source;target\n{lines}", encoding))
    assert settings.keys == {"encoding": encoding, "delimiter": ";"}


def test_an_encoding_that_nothing_tells_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"a,b\n" + bytes(range(128, 256)) + b",x\n")
    with pytest.raises(T5TuneError, match="is not recognized") as caught:
        find_settings(tmp_path / "a.csv")
    assert "--encoding" in str(caught.value.next_command)


def test_the_user_decides_about_the_header(tmp_path: Path) -> None:
    file = write(tmp_path / "words.tsv", "no\tn oʊ\nyes\tj ɛ s\n")
    assert find_settings(file).keys == {"columns": ["column1", "column2"]}
    assert find_settings(file, has_header=True).keys == {}


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("empty.csv", "", "is empty"),
        ("blank.tsv", "\n\n", "is empty"),
        ("one.csv", "text\na\nb\n", "has one column"),
        ("noise.tsv", "a\tb\n-\nx\ty\n-\na\tb\tc\n-\n", "of the first 6 .* 3 have one, 2 have 2"),
        ("book.numbers", "PK", "is a spreadsheet of a kind"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path: Path, name: str, text: str, said: str) -> None:
    with pytest.raises(T5TuneError, match=said) as caught:
        find_settings(write(tmp_path / name, text))
    assert caught.value.next_command
